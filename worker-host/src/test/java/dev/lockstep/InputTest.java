package dev.lockstep;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** A worker's Python code is typed to. */
@SuppressWarnings("FutureReturnValueIgnored")
@ParameterizedClass
@MethodSource("dev.lockstep.Twin#twins")
@ExtendWith(NothingLeftBehind.class)
@Timeout(60)
class InputTest {
  private final Twin twin;
  private final List<String> printed = new CopyOnWriteArrayList<>();

  InputTest(Twin twin) {
    this.twin = twin;
  }

  private PyWorker.Builder source(String text) {
    return twin.set(PyWorker.source(text)).onOutput(line -> printed.add(line.text()));
  }

  private static InputHandler typing(List<String> prompts, String... lines) {
    Iterator<String> rest = List.of(lines).iterator();
    return prompt -> {
      prompts.add(prompt);
      return rest.hasNext() ? rest.next() : null;
    };
  }

  @Test
  void inputIsAnsweredWithItsPromptWhileTheWorkerWaits() {
    List<String> prompts = new CopyOnWriteArrayList<>();
    try (PyWorker worker =
        source("print(int(input('hi')))").onInput(typing(prompts, "456", "a", "b\n")).start()) {
      worker.ready().join();
      assertThat(worker.run("input('x') + input()", Map.of(), String.class)).isEqualTo("ab");
      assertThat(prompts).containsExactly("hi", "x", "");
      PythonException end =
          Failing.with(
              PythonException.class, () -> worker.run("input('more? ')", Map.of(), Object.class));
      assertThat(end.type()).isEqualTo("EOFError");
      assertThat(end).hasMessageContaining("no more lines");
    }
    assertThat(printed).containsExactly("456", "more? ");
  }

  @Test
  void whatWasPrintedBeforeThePromptIsThereBeforeIt() {
    try (PyWorker worker =
        source("").onInput(prompt -> String.valueOf(printed.contains("line " + prompt))).start()) {
      for (int i = 0; i < 50; i++) {
        assertThat(worker.run("print('line', i)\ninput(i)", Map.of("i", i), String.class))
            .isEqualTo("true");
      }
    }
  }

  @Test
  void stdinIsReadByLines() {
    List<String> prompts = new CopyOnWriteArrayList<>();
    try (PyWorker worker =
        source("").onInput(typing(prompts, "one", "two\nthree", "", "four")).start()) {
      assertThat(
              worker.run(
                  "import sys\n[sys.stdin.readline(), sys.stdin.readline(2), sys.stdin.read()]",
                  Map.of(),
                  Object.class))
          .isEqualTo(List.of("one\n", "tw", "o\nthree\n\nfour\n"));
      assertThat(worker.run("import sys\nlist(sys.stdin)", Map.of(), Object.class))
          .isEqualTo(List.of());
    }
  }

  @Test
  void withoutAHandlerInputHasEnded() {
    try (PyWorker worker = source("").start()) {
      PythonException end =
          Failing.with(PythonException.class, () -> worker.run("input()", Map.of(), Object.class));
      assertThat(end.type()).isEqualTo("EOFError");
      assertThat(end).hasMessageContaining("started without an input handler");
    }
  }

  @Test
  void aHandlerThatThrowsIsAnErrorThatPythonCatches() {
    try (PyWorker worker =
        source("")
            .onInput(
                prompt -> {
                  throw new IOException("the terminal is gone");
                })
            .start()) {
      assertThat(
              worker.run(
                  """
                  try:
                      input()
                  except OSError as error:
                      caught = str(error)
                  caught
                  """,
                  Map.of(),
                  String.class))
          .contains("java.io.IOException", "the terminal is gone");
    }
  }

  @Test
  void whoeverWaitsForAnotherThreadsLineGetsTheNextAndInterruptTakesAPromptBack() {
    CountDownLatch asked = new CountDownLatch(1);
    AtomicBoolean takenBack = new AtomicBoolean();
    try (PyWorker worker =
        source("")
            .onInput(
                prompt -> {
                  if (!prompt.equals("never")) {
                    return "answer to " + prompt;
                  }
                  asked.countDown();
                  try {
                    new CountDownLatch(1).await();
                    return null;
                  } catch (InterruptedException e) {
                    takenBack.set(true);
                    throw e;
                  }
                })
            .start()) {
      CompletableFuture<@Nullable Object> run =
          worker.runAsync("input('never')", Map.of(), Object.class);
      Until.holds("the handler was asked", () -> asked.getCount() == 0);
      worker.interrupt();
      assertThat(Failing.with(PythonException.class, run).type()).isEqualTo("KeyboardInterrupt");
      Until.holds("the prompt was taken back", takenBack::get);
      String both =
          """
          import threading
          got = []
          def ask(n): got.append(input(n))
          threads = [threading.Thread(target=ask, args=(str(n),)) for n in range(10)]
          for thread in threads: thread.start()
          for thread in threads: thread.join()
          sorted(got)
          """;
      assertThat(worker.run(both, Map.of(), Object.class))
          .isEqualTo(IntStream.range(0, 10).mapToObj(n -> "answer to " + n).toList());
    }
  }

  @Test
  void aWorkerThatOnlyAnswersSaysWhyItCannotAsk() {
    assertThatThrownBy(() -> source("").syncMainOnly(true).onInput(prompt -> "x").start())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("sync_main_only");
    try (PyWorker worker = source("").syncMainOnly(true).start()) {
      assertThat(
              Failing.with(
                  PythonException.class, () -> worker.run("input()", Map.of(), Object.class)))
          .hasMessageContaining("input() is not available in sync_main_only");
    }
  }
}
