package dev.lockstep;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** Workers that only answer. */
@ParameterizedClass
@MethodSource("dev.lockstep.Twin#all")
@ExtendWith(NothingLeftBehind.class)
@Timeout(60)
class SyncMainOnlyTest {
  private static final String TEXT =
      """
      from lockstep import sync, config
      def get_value(): return 123
      def flag(): return config.get("sync_main_only")
      def try_it():
          try:
              sync.x()
          except Exception as e:
              return type(e).__name__ + ": " + str(e)
      def die():
          import os
          os._exit(5)
      __export__ = ["get_value", "try_it", "flag", "die"]
      """;

  private final Twin twin;

  SyncMainOnlyTest(Twin twin) {
    this.twin = twin;
  }

  private PyWorker ready() {
    PyWorker worker =
        twin.set(PyWorker.source(TEXT)).config(Map.of("sync_main_only", true)).start();
    worker.ready().join();
    return worker;
  }

  private static boolean isPumpThere() {
    return Thread.getAllStackTraces().keySet().stream()
        .anyMatch(thread -> thread.getName().startsWith("lockstep-pump"));
  }

  @Test
  void itAnswersAndCannotCallBack() {
    try (PyWorker worker = ready()) {
      assertThat(worker.sync().call("get_value", Integer.class)).isEqualTo(123);
      assertThat(worker.sync().call("try_it", String.class)).contains("sync_main_only");
      assertThat(worker.sync().call("flag", Boolean.class)).isTrue();
      assertThat(worker.describe().isSyncMainOnly()).isTrue();
      assertThat(isPumpThere()).isFalse();
    }
  }

  @Test
  void futuresAndManyThreadsGetTheirAnswers() {
    try (PyWorker worker = ready()) {
      List<CompletableFuture<Integer>> all = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        all.add(worker.sync().callAsync("get_value", Integer.class));
        all.add(
            CompletableFuture.supplyAsync(() -> worker.sync().call("get_value", Integer.class)));
      }
      all.forEach(one -> assertThat(one.join()).isEqualTo(123));
    }
  }

  @Test
  void itsDeathEndsTheCallThatWaits() {
    try (PyWorker worker = ready()) {
      assertThat(
              Failing.with(WorkerDiedException.class, () -> worker.sync().call("die", void.class)))
          .hasMessageContaining("exit code 5");
    }
  }

  @Test
  void nothingCanBeExposedToIt() {
    assertThatThrownBy(
            () -> twin.set(PyWorker.source(TEXT)).syncMainOnly(true).expose("x", () -> 1).start())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("sync_main_only");
    try (PyWorker worker = ready()) {
      assertThatThrownBy(() -> worker.expose("x", () -> 1))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("sync_main_only");
    }
  }
}
