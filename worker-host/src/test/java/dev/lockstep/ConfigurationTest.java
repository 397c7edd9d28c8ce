package dev.lockstep;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a configuration says reaches the worker; what it cannot mean is refused with a sentence. */
@ExtendWith(NothingLeftBehind.class)
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ConfigurationTest {
  private static final String SEEN =
      """
      import os, sys
      from lockstep import config
      def seen(): return config
      def variable(name): return os.environ.get(name)
      def path(): return sys.path
      def dev_mode(): return sys.flags.dev_mode
      def python(): return "%d.%d" % sys.version_info[:2]
      def load(name): return __import__(name).value
      __export__ = ["seen", "variable", "path", "dev_mode", "python", "load"]
      """;

  @TempDir Path folder = Path.of("");

  private static PyWorker worker(WorkerConfig config) {
    return PyWorker.source(SEEN).config(config).start();
  }

  private static void assertRefused(ThrowingCallable action, String... parts) {
    assertThat(Failing.with(ConfigurationException.class, action)).hasMessageContainingAll(parts);
  }

  private static void assertRefused(String json, String... parts) {
    assertRefused(() -> WorkerConfig.parse(json), parts);
  }

  private static String startFailure(PyWorker.Builder builder) {
    try (PyWorker worker = builder.start()) {
      WorkerStartException failure = Failing.with(WorkerStartException.class, worker.ready());
      worker.onExit().join();
      return String.valueOf(failure.getMessage());
    }
  }

  @Test
  void inlineJsonAJsonFileATomlFileAndABuilderMeanTheSame() throws IOException {
    String json =
        """
        {"env": {"STAGE": "tëst"}, "path": ["lib (1)"], "rooms": [1, {"a": null}], "debug": true,
         "limits": {"max_queued": 7, "start_seconds": 50}}
        """;
    String toml =
        """
        path = ["lib (1)"]
        debug = true
        rooms = [1, {a = "x"}]
        [env]
        STAGE = "tëst"
        [limits]
        max_queued = 7
        start_seconds = 50
        """;
    Path lib = Files.createDirectory(folder.resolve("lib (1)"));
    Files.writeString(lib.resolve("room.py"), "value = 'of the lib'");
    Path jsonFile = Files.writeString(folder.resolve("worker-config.json"), json);
    Path tomlFile = Files.writeString(folder.resolve("worker.toml"), toml);
    WorkerConfig built =
        WorkerConfig.builder()
            .env("STAGE", "tëst")
            .path(lib)
            .put("rooms", List.of(1))
            .debug(true)
            .limit("max_queued", 7)
            .limit("start_seconds", 50)
            .build();
    for (WorkerConfig config :
        List.of(
            WorkerConfig.parse(json.replace("lib (1)", lib.toString())),
            WorkerConfig.parse(jsonFile.toString()),
            WorkerConfig.read(tomlFile),
            built)) {
      assertThat(config.startTimeout()).isEqualTo(Duration.ofSeconds(50));
      try (PyWorker worker = worker(config)) {
        Map<?, ?> seen = worker.sync().call("seen", Map.class);
        assertThat(seen.get("rooms")).asString().startsWith("[1");
        assertThat(seen.get("limits")).isEqualTo(Map.of("max_queued", 7, "start_seconds", 50));
        assertThat(worker.sync().call("variable", String.class, "STAGE")).isEqualTo("tëst");
        assertThat(worker.sync().call("load", String.class, "room")).isEqualTo("of the lib");
        assertThat(worker.sync().call("dev_mode", boolean.class)).isTrue();
      }
    }
  }

  @Test
  void theBuildersWordWinsOverTheConfigurationAndThatOverTheEnvironment() {
    WorkerConfig config =
        WorkerConfig.parse(
            "{\"env\": {\"BOTH\": \"config\", \"ONE\": \"config\", \"HOME\": \"/changed\"},"
                + " \"sync_main_only\": true, \"interpreter\": \"no-such-python\","
                + " \"limits\": {\"lane_capacity_bytes\": 65536, \"start_seconds\": 1}}");
    try (PyWorker worker =
        PyWorker.source(SEEN + "\nimport time; time.sleep(2)")
            .environment("BOTH", "builder")
            .syncMainOnly(false)
            .interpreter("python3")
            .startTimeout(Duration.ofSeconds(50))
            .config(config)
            .start()) {
      assertThat(worker.sync().call("variable", String.class, "BOTH")).isEqualTo("builder");
      assertThat(worker.sync().call("variable", String.class, "ONE")).isEqualTo("config");
      assertThat(worker.sync().call("variable", String.class, "HOME")).isEqualTo("/changed");
      assertThat(worker.describe().isSyncMainOnly()).isFalse();
      assertThat(worker.describe().laneCapacityBytes()).isEqualTo(65536);
    }
  }

  @Test
  void aStartUpDeadlineOfTheConfigurationIsKept() {
    assertThat(
            startFailure(
                PyWorker.source("import time\nwhile True: time.sleep(1)")
                    .config("{\"limits\": {\"start_seconds\": 1}}")))
        .contains("start-up deadline: startTimeout=1000 ms");
  }

  @Test
  void aVersionIsFoundAmongTheInstalledOnesAndAMissingOneListsThem() {
    String mine;
    try (PyWorker worker = worker(WorkerConfig.empty())) {
      mine = worker.sync().call("python", String.class);
    }
    try (PyWorker worker = worker(WorkerConfig.builder().interpreter(mine).build())) {
      // Made while the interpreters are still asked; in order all the same.
      var first = worker.sync().callAsync("python", String.class);
      var second = worker.sync().within(Duration.ofSeconds(50)).callAsync("seen", Object.class);
      worker.sync().notify("seen");
      assertThat(worker.sync().call("python", String.class)).isEqualTo(mine);
      assertThat(first.join()).isEqualTo(mine);
      assertThat(second.join()).hasToString("{interpreter=" + mine + "}");
      assertThat(worker.describe().implementation()).isEqualTo("cpython");
    }
    assertThat(startFailure(PyWorker.source("").config("{\"interpreter\": \"3.99\"}")))
        .contains("no Python of this version is installed: interpreter=3.99, found={cpython 3.");
    assertThat(startFailure(PyWorker.source("").config("{\"interpreter\": \"3.8\"}")))
        .contains("too old: interpreter=3.8, needed is 3.9 or newer");
    assertThat(startFailure(PyWorker.source("").config("{\"interpreter\": \"no-such-python\"}")))
        .contains("there is no such Python interpreter on PATH: interpreter=no-such-python");
  }

  @Test
  void callsToAWorkerThatCannotBePreparedSayWhy() {
    try (PyWorker worker = PyWorker.source(SEEN).config("{\"interpreter\": \"3.98\"}").start()) {
      var called = worker.sync().callAsync("seen", Object.class);
      var withDeadline = worker.sync().within(Duration.ofHours(1)).callAsync("seen", Object.class);
      worker.sync().notify("seen");
      worker.expose("late", () -> 1);
      for (CompletableFuture<?> future : List.of(called, withDeadline)) {
        assertThat(Failing.with(WorkerStartException.class, future)).hasMessageContaining("3.98");
      }
      assertThat(
              Failing.with(WorkerStartException.class, () -> worker.sync().call("seen", Map.class)))
          .hasMessageContaining("3.98");
    }
  }

  @Test
  void closingAWorkerThatIsBeingPreparedEndsThePreparation() {
    PyWorker worker = PyWorker.source(SEEN).config("{\"interpreter\": \"3.97\"}").start();
    worker.terminate();
    assertThat(Failing.with(WorkerStartException.class, worker.ready()))
        .hasMessageMatching("(?s).*(it was terminated|no Python of this version).*");
    worker.close();
    assertThat(worker.state()).isEqualTo(WorkerState.ENDED);
  }

  @Test
  void aMissingEntryOfThePathIsNamed() {
    assertThat(
            startFailure(
                PyWorker.source("")
                    .config(WorkerConfig.builder().path(folder.resolve("none")).build())))
        .contains("there is no such folder or archive for sys.path: key=path[0], path=")
        .contains(folder.resolve("none").toString());
  }

  @ParameterizedTest
  @CsvSource({
    "thread, threads",
    "pacakges, packages",
    "package, packages",
    "interpeter, interpreter",
    "syncMainOnly, sync_main_only",
    "sync-main-only, sync_main_only",
    "findLinks, find_links",
    "paths, path",
    "file, files",
    "envs, env",
    "package_index, packages_index",
    "limit, limits",
    "Debug, debug",
  })
  void aNearMissOfAKeyIsAnErrorThatSuggestsIt(String slip, String meant) {
    assertRefused("{\"" + slip + "\": 1}", "key=" + slip, "meant: " + meant);
  }

  @Test
  void otherKeysAreTheUsersOwn() {
    Map<String, Object> own = new LinkedHashMap<>();
    for (String key :
        List.of("end", "name", "title", "pattern", "tiles", "environment", "model", "x", "")) {
      own.put(key, List.of(key));
    }
    assertThat(WorkerConfig.of(own).asMap()).isEqualTo(own);
  }

  @Test
  void aConfigurationDoesNotChangeWithWhatItWasMadeOf() {
    List<Object> packages = new ArrayList<>(List.of("a"));
    Map<String, Object> inner = new LinkedHashMap<>(Map.of("X", "1"));
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("packages", packages);
    map.put("env", inner);
    WorkerConfig config = WorkerConfig.of(map);
    packages.add("b");
    inner.clear();
    map.clear();
    assertThat(config.asMap()).hasToString("{packages=[a], env={X=1}}");
  }

  @Test
  void wrongValuesNameTheKeyTheValueAndWhatIsAllowed() {
    assertRefused("{\"threads\": 0}", "key=threads, value=0", "from 1 to 256");
    assertRefused("{\"threads\": 2.5}", "key=threads, value=2.5");
    assertRefused("{\"threads\": true}", "key=threads, value=true");
    assertRefused("{\"debug\": \"yes\"}", "key=debug, value=\"yes\", allowed: true or false");
    assertRefused("{\"packages\": \"numpy\"}", "key=packages, value=\"numpy\"", "a list of texts");
    assertRefused("{\"packages\": [\"a\", 5]}", "key=packages[1], value=5");
    assertRefused("{\"packages\": [\"--index-url=x\"]}", "key=packages[0]", "packages_index");
    assertRefused("{\"packages\": [\" \"]}", "key=packages[0]", "not empty");
    assertRefused("{\"packages_index\": \"pypi\"}", "key=packages_index, value=\"pypi\"", "a URL");
    assertRefused("{\"env\": {\"A\": 5}}", "key=env[\"A\"], value=5, allowed: a text");
    assertRefused("{\"env\": {\"A=B\": \"5\"}}", "value=\"A=B\"", "names of variables");
    assertRefused("{\"env\": [\"A\"]}", "key=env, value=[A], allowed: a table of texts");
    assertRefused("{\"path\": 1}", "key=path, value=1");
    assertRefused("{\"interpreter\": \"https://x/pyodide.mjs\"}", "key=interpreter", "a version");
    assertRefused("{\"interpreter\": 3.12}", "key=interpreter, value=3.12, allowed: a text");
    assertRefused("{\"limits\": {\"max_queue\": 1}}", "key=limits.max_queue", "max_queued");
    assertRefused("{\"limits\": {\"max_depth\": 0}}", "key=limits.max_depth, value=0");
    assertRefused(
        "{\"limits\": {\"lane_capacity_bytes\": 70000}}", "value=70000", "a power of two");
    assertRefused("{\"type\": \"mpy\"}", "MicroPython");
    assertRefused("{\"fetch\": []}", "only pages have: key=fetch; use files");
    assertRefused("{\"js_modules\": {}}", "only pages have: key=js_modules");
    assertRefused(
        "{\"offline\": true, \"packages_index\": \"https://x/simple\"}",
        "offline=true, packages_index=https://x/simple");
    assertRefused("{\"packages_index\": \"ftp://me:secret@host/x\"}", "value=\"ftp://…@host/x\"");
  }

  @Test
  void textThatIsNoConfigurationIsRefusedWithThePlace() throws IOException {
    assertRefused("{\"debug\": true, \"debug\": false}", "Duplicate", "line 1");
    assertRefused("{\"debug\": true} x", "not a JSON object", "line 1");
    assertRefused("[1]", "not a JSON object");
    assertRefused("", "not a JSON object");
    Path json = Files.writeString(folder.resolve("a.json"), "{\n \"debug\": tru\n}");
    assertRefused(() -> WorkerConfig.read(json), json.toString(), "line 2");
    Path nothing = Files.writeString(folder.resolve("null.json"), "null");
    assertRefused(() -> WorkerConfig.read(nothing), nothing.toString());
    Path toml = Files.writeString(folder.resolve("a.toml"), "debug = true\ndebug = false\n");
    assertRefused(
        () -> WorkerConfig.read(toml), "not TOML", toml.toString(), "Duplicate key (line");
    Path wrong = Files.writeString(folder.resolve("b.toml"), "threads = 'two'\n");
    assertRefused(() -> WorkerConfig.read(wrong), "key=threads", "b.toml");
    Path yaml = folder.resolve("worker.yaml");
    assertRefused(() -> WorkerConfig.read(yaml), ".json, .toml", "worker.yaml");
    assertRefused(() -> WorkerConfig.parse("./none.json"), "no such configuration", "none.json");
    Path latin = Files.write(folder.resolve("l.json"), new byte[] {'{', '"', (byte) 0xe4, '"'});
    assertRefused(() -> WorkerConfig.read(latin), "not UTF-8", "l.json");
  }

  @Test
  void theDocumentNamesEveryKeyAndEveryLimit() throws IOException {
    String page = Files.readString(Path.of("../docs/configuration.md"));
    Stream<String> limits =
        Arrays.stream(
            "max_message_bytes max_depth max_queued lane_capacity_bytes start_seconds install_seconds"
                .split(" ", -1));
    assertThat(Stream.concat(ConfigKey.keys(), limits))
        .allSatisfy(key -> assertThat(page).contains("`" + key + "`"));
  }

  @Test
  void aBuilderAddsToWhatWasPutIntoIt() {
    WorkerConfig config =
        WorkerConfig.builder()
            .put("path", List.of("/one"))
            .path(Path.of("/two"))
            .put("env", Map.of("A", "1"))
            .env("B", "2")
            .build();
    assertThat(config.asMap())
        .isEqualTo(Map.of("path", List.of("/one", "/two"), "env", Map.of("A", "1", "B", "2")));
    assertRefused(
        () -> WorkerConfig.builder().put("path", 5).path(Path.of("/two")).build(), "path[0]", "5");
    assertRefused(() -> WorkerConfig.builder().put("env", "A=1").env("B", "2"), "env", "A=1");
  }
}
