package dev.lockstep;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** What workers write reaches its consumer, line by line, whole. */
@ExtendWith(NothingLeftBehind.class)
@Timeout(60)
class OutputTest {
  private final ConcurrentLinkedQueue<OutputLine> lines = new ConcurrentLinkedQueue<>();

  private List<String> of(OutputLine.Stream stream) {
    return lines.stream().filter(l -> l.stream() == stream).map(OutputLine::text).toList();
  }

  private void run(String script) {
    try (PyWorker worker = PyWorker.source(script).onOutput(lines::add).start()) {
      worker.ready().join();
    }
  }

  @Test
  void linesOfBothStreamsArriveCompleteAndInOrder() {
    run(
        """
        import sys, os, subprocess
        print("first")
        print("h", end="")
        print("e", file=sys.stderr)
        sys.stdout.flush()
        os.write(1, b"\\xf0\\x9f")
        os.write(1, b"\\x98\\x80 split\\r\\n")
        subprocess.run(["echo", "from a child"])
        os.write(1, b"not \\xff utf-8\\n")
        os.write(2, b"unfinished")
        """);
    assertThat(of(OutputLine.Stream.STDOUT))
        .containsExactly("first", "h\uD83D\uDE00 split", "from a child", "not \uFFFD utf-8");
    assertThat(of(OutputLine.Stream.STDERR)).containsExactly("e", "unfinished");
    assertThat(lines)
        .filteredOn(line -> !line.isComplete())
        .extracting(OutputLine::text)
        .containsExactly("unfinished");
  }

  @Test
  void tenMegabytesOfOutputBlockNothing() {
    LongAdder characters = new LongAdder();
    try (PyWorker worker =
        PyWorker.source(
                """
                import os
                def flood():
                    for i in range(100_000): print("x" * 99)
                    os.write(1, b"y" * 1_000_000 + b"\\n")
                    return "done"
                __export__ = ["flood"]
                """)
            .onOutput(line -> characters.add(line.text().length()))
            .start()) {
      assertThat(worker.sync().call("flood", String.class)).isEqualTo("done");
    }
    assertThat(characters.sum()).isEqualTo(9_900_000 + 1_000_000);
  }

  @Test
  void binaryJunkOnStdoutHarmsNoCall() {
    try (PyWorker worker =
        PyWorker.source(
                """
                import os
                def junk():
                    for i in range(100): os.write(1, bytes(range(256)))
                    return 1
                __export__ = ["junk"]
                """)
            .onOutput(
                line -> {
                  throw new IllegalStateException("a consumer that fails is only logged");
                })
            .start()) {
      assertThat(worker.sync().call("junk", Integer.class)).isEqualTo(1);
      assertThat(worker.sync().call("junk", Integer.class)).isEqualTo(1);
    }
  }

  @Test
  void progressReachesItsConsumer() {
    ConcurrentLinkedQueue<Progress> told = new ConcurrentLinkedQueue<>();
    try (PyWorker worker =
        PyWorker.source(
                """
                from lockstep import sync
                def go():
                    sync.progress(1, 4)
                    sync.progress(2.5, 4, "half")
                    sync.flush()
                __export__ = ["go"]
                """)
            .onProgress(told::add)
            .start()) {
      worker.sync().call("go", void.class);
      assertThat(told).containsExactly(new Progress(1, 4, ""), new Progress(2.5, 4, "half"));
    }
  }
}
