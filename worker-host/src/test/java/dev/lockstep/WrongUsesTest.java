package dev.lockstep;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.assertj.core.api.SoftAssertions;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Each wrong use that docs/errors.md lists fails with the error and the words that stand there. */
@ExtendWith(NothingLeftBehind.class)
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class WrongUsesTest {
  /** One row of the page: what is thrown, and what its message says. */
  private record Row(String error, String says) {}

  @TempDir Path folder = Path.of("");

  private static Map<String, Row> page() throws IOException {
    String page = Files.readString(Path.of("../docs/errors.md"));
    Map<String, Row> rows = new LinkedHashMap<>();
    Pattern.compile("(?m)^\\| ([^|]+) \\| `(\\w+)` \\| `([^|]+)` \\|$")
        .matcher(page)
        .results()
        .forEach((MatchResult row) -> rows.put(row.group(1), new Row(row.group(2), row.group(3))));
    return rows;
  }

  private static void start(PyWorker.Builder builder) {
    try (PyWorker worker = builder.start()) {
      worker.ready().join();
    }
  }

  private static void config(String json) {
    start(PyWorker.source("").config(json));
  }

  private static void run(PyWorker.Builder builder, String text) {
    try (PyWorker worker = builder.start()) {
      worker.run(text, Map.of(), Object.class);
    }
  }

  private static void twoOfOneName(String second) {
    try (Workers workers = Workers.open()) {
      workers.start(PyWorker.source("").name("calculator"));
      workers.start(PyWorker.source("").name(second));
      workers.get("calc").join();
    }
  }

  private static void call(String name, Object... arguments) {
    try (PyWorker worker =
        PyWorker.source("def add(a, b): return a + b\n__export__ = ['add']")
            .name("calculator")
            .start()) {
      worker.sync().call(name, Object.class, arguments);
    }
  }

  private Map<String, ThrowingCallable> uses() {
    Map<String, ThrowingCallable> uses = new LinkedHashMap<>();
    uses.put("a name that no worker has", () -> twoOfOneName("other"));
    uses.put("a name that another worker has", () -> twoOfOneName("calculator"));
    uses.put("a type of worker that there is none of", () -> WorkerType.parse("ruby"));
    uses.put("a type that is not supported yet", () -> config("{\"type\": \"mpy\"}"));
    uses.put("a script that is not there", () -> start(PyWorker.script("nowhere.py")));
    uses.put("a script that raises", () -> start(PyWorker.source("1 / 0")));
    uses.put(
        "a script that never ends",
        () -> start(PyWorker.source("while True: pass").startTimeout(Duration.ofSeconds(1))));
    uses.put(
        "a name in `__export__` that is not defined",
        () -> start(PyWorker.source("__export__ = ['nope']")));
    uses.put("an interpreter that is not there", () -> config("{\"interpreter\": \"./nope\"}"));
    uses.put("a version that is not installed", () -> config("{\"interpreter\": \"3.98\"}"));
    uses.put("a version that is too old", () -> config("{\"interpreter\": \"3.6\"}"));
    uses.put("a configuration that is not there", () -> config("./none.json"));
    uses.put("a slip in a key", () -> config("{\"pacakges\": []}"));
    uses.put("a wrong value", () -> config("{\"threads\": 0}"));
    uses.put("a file that is not there", () -> config("{\"files\": {\"./none.csv\": \"\"}}"));
    uses.put(
        "two files to one target",
        () -> config("{\"files\": {\"a.csv\": \"x.csv\", \"b.csv\": \"x.csv\"}}"));
    uses.put(
        "a package that nobody has",
        () ->
            config(
                "{\"packages\": [\"no-such-package\"], \"offline\": true, \"find_links\": \""
                    + folder
                    + "\"}"));
    uses.put(
        "packages without an index",
        () -> config("{\"packages\": [\"no-such-package\"], \"offline\": true}"));
    uses.put(
        "an import that cannot be installed",
        () -> {
          try (PyWorker worker = PyWorker.source("").config("{\"offline\": true}").start()) {
            worker.installMissingImports("import no_such_module");
          }
        });
    uses.put("a function that is not exported", () -> call("subtract", 1, 2));
    uses.put("arguments that do not fit", () -> call("add", 1));
    uses.put("a value that cannot cross", () -> call("add", 1, new Thread()));
    uses.put(
        "a function of Java that is not exposed",
        () -> run(PyWorker.source(""), "from lockstep import sync\nsync.hello('you')"));
    uses.put(
        "a handler that throws",
        () ->
            run(
                PyWorker.source("")
                    .expose(
                        "hello",
                        String.class,
                        name -> {
                          throw new IllegalStateException("nobody is here: name=" + name);
                        }),
                "from lockstep import sync\nsync.hello('you')"));
    uses.put("input when nobody listens", () -> run(PyWorker.source(""), "input('name? ')"));
    uses.put(
        "a call to Java in a `sync_main_only` worker",
        () ->
            run(
                PyWorker.source("").syncMainOnly(true),
                "from lockstep import sync\nsync.hello('you')"));
    uses.put(
        "a name of `js` that the context does not have",
        () -> run(PyWorker.source(""), "from js import A_rank"));
    uses.put(
        "a name of the page's main thread",
        () -> run(PyWorker.source(""), "from pyscript import workers\nworkers['calculator']"));
    return uses;
  }

  @Test
  void eachFailsWithTheErrorAndTheWordsOfThePage() throws IOException {
    Map<String, Row> page = page();
    Map<String, ThrowingCallable> uses = uses();
    SoftAssertions softly = new SoftAssertions();
    softly.assertThat(page.keySet()).isEqualTo(uses.keySet());
    uses.forEach(
        (use, action) -> {
          Throwable failure = Failing.with(RuntimeException.class, action);
          Row row = page.getOrDefault(use, new Row("", "not on the page"));
          softly.assertThat(failure.getClass().getSimpleName()).as(use).isEqualTo(row.error);
          softly.assertThat(failure.getMessage()).as(use).contains(row.says);
        });
    softly.assertAll();
  }
}
