package dev.lockstep;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** What a run writes is told apart, in order, and all there before its value. */
@ParameterizedClass
@MethodSource("dev.lockstep.Twin#twins")
@ExtendWith(NothingLeftBehind.class)
@Timeout(60)
class RunOutputTest {
  private final Twin twin;
  private final List<OutputLine> workers = new CopyOnWriteArrayList<>();

  RunOutputTest(Twin twin) {
    this.twin = twin;
  }

  private PyWorker start(String text) {
    return twin.set(PyWorker.source(text)).onOutput(workers::add).start();
  }

  private static List<String> of(OutputLine.Stream stream, List<OutputLine> lines) {
    return lines.stream().filter(l -> l.stream() == stream).map(OutputLine::text).toList();
  }

  private static List<String> texts(List<OutputLine> lines) {
    synchronized (lines) {
      return lines.stream().map(OutputLine::text).toList();
    }
  }

  @Test
  void aRunsOutputIsItsOwnCompleteAndInOrderBeforeItsValue() {
    List<OutputLine> lines = new CopyOnWriteArrayList<>();
    String text =
        """
        import sys, os, subprocess
        print("first")
        print("h", end="")
        print("e", file=sys.stderr)
        sys.stdout.flush()
        os.write(1, b"\\xf0\\x9f")
        os.write(1, b"\\x98\\x80 split\\n")
        subprocess.run(["sh", "-c", "echo from a child; echo its error >&2"])
        print("number", me)
        print("no end", end="")
        """;
    try (PyWorker worker = start("print('booted')\ndef f(): print('a call')\n__export__ = ['f']")) {
      for (int i = 0; i < 20; i++) {
        lines.clear();
        worker.run(Script.of(text).with("me", i).onOutput(lines::add), void.class);
        assertThat(of(OutputLine.Stream.STDOUT, lines))
            .containsExactly(
                "first", "h\uD83D\uDE00 split", "from a child", "number " + i, "no end");
        assertThat(of(OutputLine.Stream.STDERR, lines)).containsExactly("e", "its error");
        worker.sync().call("f", void.class);
      }
    }
    assertThat(texts(workers)).hasSize(21).startsWith("booted").contains("a call");
  }

  @Test
  void outputOfARunWithoutAConsumerOfItsOwnIsTheWorkersAndThereBeforeItsValue() {
    String text = "import os\nfor i in range(100): os.write(1, b'%d\\n' % i)";
    try (PyWorker worker = start("")) {
      for (int i = 0; i < 20; i++) {
        workers.clear();
        if (i % 2 == 0) {
          worker.run(Script.of(text), void.class);
        } else {
          worker.runAsync(Script.of(text), void.class).join();
        }
        assertThat(texts(workers))
            .isEqualTo(IntStream.range(0, 100).mapToObj(String::valueOf).toList());
      }
    }
  }

  @Test
  void runsThatTakeTurnsWriteEachToItsOwn() {
    String text =
        """
        import asyncio, __main__, sys
        __main__.begun += 1
        while __main__.begun < 4:
            await asyncio.sleep(0.001)
        async def other(i):
            print(me, "task", i)
        for i in range(5):
            print(me, "line", i)
            print(me, "error", i, file=sys.stderr)
            await asyncio.create_task(other(i))
            await asyncio.sleep(0)
        """;
    try (PyWorker worker = start("begun = 0")) {
      List<List<OutputLine>> lines = new ArrayList<>();
      List<CompletableFuture<Object>> runs = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        List<OutputLine> own = new CopyOnWriteArrayList<>();
        lines.add(own);
        runs.add(worker.runAsync(Script.of(text).with("me", i).onOutput(own::add), Object.class));
      }
      for (int i = 0; i < 4; i++) {
        runs.get(i).orTimeout(30, TimeUnit.SECONDS).join();
        int me = i;
        assertThat(of(OutputLine.Stream.STDOUT, lines.get(i)))
            .isEqualTo(
                IntStream.range(0, 10)
                    .mapToObj(n -> me + (n % 2 == 0 ? " line " : " task ") + n / 2)
                    .toList());
        assertThat(of(OutputLine.Stream.STDERR, lines.get(i)))
            .isEqualTo(IntStream.range(0, 5).mapToObj(n -> me + " error " + n).toList());
      }
    }
    assertThat(workers).isEmpty();
  }

  @Test
  void threadsOfARunWriteToItAndThoseOfTheWorkerDoNot() {
    List<OutputLine> lines = new CopyOnWriteArrayList<>();
    try (PyWorker worker =
        start(
            """
            import threading
            speak, spoken = threading.Semaphore(0), threading.Semaphore(0)
            def background():
                while True:
                    speak.acquire()
                    print("background")
                    spoken.release()
            threading.Thread(target=background, daemon=True).start()
            """)) {
      worker.run(
          Script.of(
                  """
                  import threading, __main__
                  def own(): print("own")
                  for target, args in ((own, ()), (print, ("plain",))):
                      thread = threading.Thread(target=target, args=args)
                      thread.start()
                      thread.join()
                  __main__.speak.release()
                  __main__.spoken.acquire()
                  print("end")
                  """)
              .onOutput(lines::add),
          void.class);
      assertThat(texts(lines)).containsExactly("own", "plain", "end");
    }
    assertThat(texts(workers)).containsExactly("background");
  }

  @Test
  void aRunThatFailsOrIsGivenUpHasWrittenWhatItHad() {
    List<OutputLine> lines = new CopyOnWriteArrayList<>();
    try (PyWorker worker = start("")) {
      worker.ready().join();
      Script failing = Script.of("print('before')\n1 / 0").onOutput(lines::add);
      Failing.with(PythonException.class, () -> worker.run(failing, void.class));
      assertThat(texts(lines)).containsExactly("before");

      lines.clear();
      Script endless =
          Script.of(
                  "import time\nprint('begun')\ntry:\n  while True: time.sleep(.01)\nfinally:\n  print('late')")
              .onOutput(lines::add)
              .within(Duration.ofSeconds(1));
      Failing.with(CallTimeoutException.class, () -> worker.run(endless, void.class));
      worker.interrupt();
      assertThat(worker.run(Script.of("1"), Integer.class)).isEqualTo(1);
      assertThat(texts(lines)).containsExactly("begun");
    }
    assertThat(texts(workers)).containsExactly("late");
  }

  @Test
  void tenMegabytesOfARunBlockNothing() {
    long[] characters = new long[1];
    try (PyWorker worker = start("")) {
      worker.run(
          Script.of("for i in range(100_000): print('x' * 99)")
              .onOutput(line -> characters[0] += line.text().length()),
          void.class);
    }
    assertThat(characters[0]).isEqualTo(9_900_000);
  }

  @Test
  void aWorkerThatOnlyAnswersHasNoOutputForEachRun() {
    try (PyWorker worker =
        twin.set(PyWorker.source("")).syncMainOnly(true).onOutput(workers::add).start()) {
      assertThatThrownBy(() -> worker.run(Script.of("1").onOutput(workers::add), void.class))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("sync_main_only");
      worker.run("print(x)", Map.of("x", 5), void.class);
      assertThat(texts(workers)).containsExactly("5");
    }
  }
}
