package dev.lockstep;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** Values that cross and values that do not, through real workers. */
@ParameterizedClass
@MethodSource("dev.lockstep.Twin#twins")
@ExtendWith(NothingLeftBehind.class)
@Timeout(120)
class ValuesTest {
  private static final String TEXT =
      """
      from lockstep import sync
      def echo(x): return x
      def cyclic():
          a = []
          a.append(a)
          return a
      def shared():
          d = {"k": 1}
          return [d, d]
      def deep(n):
          value = 0
          for _ in range(n): value = [value]
          return value
      def bad(kind):
          import socket
          return {"lambda": {"cb": lambda: 1}, "file": [open("/dev/null")], "gen": (i for i in ()),
                  "object": object(), "error": ValueError("x"), "text": ["ok", "\\udcff"],
                  "complex": 1j, "socket": {"deep": [socket.socket()]}}[kind]
      def send(kind):
          try:
              sync.take(bad(kind))
          except Exception as e:
              return type(e).__name__ + ": " + str(e)
      def ask(name):
          try:
              return sync[name]()
          except Exception as e:
              return type(e).__name__ + ": " + str(e)
      __export__ = ["echo", "cyclic", "shared", "deep", "bad", "send", "ask"]
      """;

  private final Twin twin;

  ValuesTest(Twin twin) {
    this.twin = twin;
  }

  private PyWorker ready() {
    PyWorker worker =
        twin.set(PyWorker.source(TEXT))
            .expose("take", Object.class, x -> x)
            .expose("thread", Thread::currentThread)
            .expose("surrogate", () -> "a\uD800b")
            .start();
    worker.ready().join();
    return worker;
  }

  private static UnserializableException refused(
      PyWorker worker, String name, Object... arguments) {
    UnserializableException failure =
        Failing.with(
            UnserializableException.class, () -> worker.sync().call(name, Object.class, arguments));
    assertThat(worker.sync().call("echo", Integer.class, 7)).isEqualTo(7);
    return failure;
  }

  @Test
  void aCycleIsRefusedWithItsPathAndASharedValueArrivesTwice() {
    try (PyWorker worker = ready()) {
      assertThat(refused(worker, "cyclic"))
          .hasMessageContaining("cycl")
          .hasMessageContaining("result[0]");
      assertThat(worker.sync().call("shared", Object.class))
          .isEqualTo(List.of(Map.of("k", 1), Map.of("k", 1)));
      List<Object> own = new ArrayList<>();
      own.add(own);
      assertThat(refused(worker, "echo", own)).hasMessageContaining("args[0][0]");
      Map<String, Integer> twice = Map.of("k", 1);
      assertThat(worker.sync().call("echo", Object.class, List.of(twice, twice)))
          .isEqualTo(List.of(twice, twice));
    }
  }

  @Test
  void nestingWorksToTheLimitAndBeyondItIsRefused() {
    try (PyWorker worker = ready()) {
      Object value = worker.sync().call("deep", Object.class, 64);
      assertThat(worker.sync().call("echo", Object.class, value)).isEqualTo(value);
      for (int depth : new int[] {65, 100, 5_000, 100_000}) {
        assertThat(refused(worker, "deep", depth)).hasMessageContaining("64");
        Object nested = 0;
        for (int i = 0; i < depth; i++) {
          nested = new Object[] {nested};
        }
        assertThat(refused(worker, "echo", nested)).hasMessageContaining("64");
      }
    }
  }

  @Test
  void whatCannotCrossIsRefusedBeforeItIsSentWithItsPath() {
    try (PyWorker worker = ready()) {
      Map<String, String> paths =
          Map.of(
              "lambda",
              "[\"cb\"]",
              "file",
              "[0]",
              "gen",
              "",
              "object",
              "",
              "error",
              "",
              "text",
              "[1]",
              "complex",
              "",
              "socket",
              "[\"deep\"][0]");
      paths.forEach(
          (kind, path) -> {
            UnserializableException failure = refused(worker, "bad", kind);
            assertThat(failure.path()).as(kind).isEqualTo("result" + path);
            assertThat(worker.sync().call("send", String.class, kind))
                .as(kind)
                .contains("UnserializableError")
                .contains("args[0]" + path);
          });
      assertThat(refused(worker, "bad", "object")).hasMessageContaining("object");
      assertThat(refused(worker, "echo", Map.of("cb", (Runnable) () -> {})))
          .hasMessageContaining("args[0][\"cb\"]");
      assertThat(refused(worker, "echo", Thread.currentThread())).hasMessageContaining("Thread");
      assertThat(refused(worker, "echo", List.of("a\uD800b"))).hasMessageContaining("args[0][0]");
    }
  }

  @Test
  void aResultOfJavaThatCannotCrossIsAnErrorInPython() {
    try (PyWorker worker = ready()) {
      assertThat(worker.sync().call("ask", String.class, "thread"))
          .contains("Thread")
          .contains("result");
      assertThat(worker.sync().call("ask", String.class, "surrogate")).contains("result");
      assertThat(worker.sync().call("echo", Integer.class, 7)).isEqualTo(7);
    }
  }

  @Test
  void hostileKeysAreData() {
    Map<Object, Object> hostile = new LinkedHashMap<>();
    hostile.put("__proto__", 1);
    hostile.put("__class__", Map.of("__init__", 2));
    hostile.put("", 3);
    hostile.put("a.b", List.of());
    hostile.put("k".repeat(10_000), 5);
    hostile.put(6, "int");
    hostile.put(true, "bool");
    try (PyWorker worker = ready()) {
      assertThat(worker.sync().call("echo", Object.class, hostile)).isEqualTo(hostile);
    }
  }

  @Test
  void twoMegabytesOfFloatsComeBackEqualTwelveTimes() {
    try (PyWorker worker = ready()) {
      Random random = new Random(42);
      float[] floats = new float[1 << 19];
      for (int round = 0; round < 12; round++) {
        for (int i = 0; i < floats.length; i++) {
          floats[i] = random.nextFloat();
        }
        assertThat(worker.sync().call("echo", float[].class, floats)).isEqualTo(floats);
      }
    }
  }

  @Test
  void manySmallValuesComeBackEqual() {
    List<Integer> list = new ArrayList<>();
    for (int i = 0; i < 1_000_000; i++) {
      list.add(i);
    }
    Map<String, Integer> map = new HashMap<>();
    for (int i = 0; i < 100_000; i++) {
      map.put("key" + i, i);
    }
    try (PyWorker worker = ready()) {
      assertThat(worker.sync().call("echo", Object.class, list)).isEqualTo(list);
      assertThat(worker.sync().call("echo", Object.class, map)).isEqualTo(map);
    }
  }

  @Test
  void aResultThatDoesNotFitTheAskedTypeSaysSo() {
    try (PyWorker worker = ready()) {
      UnserializableException failure =
          Failing.with(
              UnserializableException.class,
              () -> worker.sync().call("echo", Integer.class, "seven"));
      assertThat(failure).hasMessageContaining("result").hasMessageContaining("call=echo");
      Failing.with(
          UnserializableException.class,
          () -> worker.sync().call("echo", int.class, (Object) null));
    }
  }

  @Test
  void aMessageBeyondTheLimitIsRefusedOnBothSides() {
    dev.lockstep.wire.Limits d = dev.lockstep.wire.Limits.DEFAULT;
    try (PyWorker worker =
        twin.set(PyWorker.source("def make(n): return b'x' * n\n__export__ = ['make']"))
            .limits(
                new dev.lockstep.wire.Limits(
                    1 << 20,
                    d.maxDepth(),
                    d.maxNesting(),
                    d.maxItems(),
                    d.maxIntegerBytes(),
                    d.maxNameBytes(),
                    d.maxQueued()))
            .start()) {
      assertThat(worker.sync().call("make", byte[].class, 1_000_000)).hasSize(1_000_000);
      assertThat(
              Failing.with(
                  MessageTooLargeException.class,
                  () -> worker.sync().call("make", Object.class, 2_000_000)))
          .hasMessageContaining("1048576");
      assertThat(
              Failing.with(
                  MessageTooLargeException.class,
                  () -> worker.sync().call("make", Object.class, (Object) new byte[2_000_000])))
          .hasMessageContaining("1048576");
      assertThat(worker.sync().call("make", byte[].class, 3)).hasSize(3);
    }
  }
}
