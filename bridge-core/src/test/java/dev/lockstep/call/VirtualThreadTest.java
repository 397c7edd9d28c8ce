package dev.lockstep.call;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Virtual threads as callers; by reflection, because the library is built for 17. */
@Timeout(value = 90, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@EnabledForJreRange(min = JRE.JAVA_21)
class VirtualThreadTest {
  private static final int THREADS = 200;
  private static final int CALLS = 50;

  private static Thread start(Runnable body) {
    try {
      Method starts = Thread.class.getMethod("startVirtualThread", Runnable.class);
      return (Thread) java.util.Objects.requireNonNull(starts.invoke(null, body));
    } catch (ReflectiveOperationException e) {
      throw new LinkageError("Thread.startVirtualThread", e);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void anyNumberOfVirtualThreadsMayCall(boolean syncMainOnly) throws Exception {
    EnginePair.Maker maker = EnginePair.make();
    try (EnginePair pair = (syncMainOnly ? maker.syncMainOnly() : maker).open()) {
      pair.onWorker("same", a -> a[0]);
      AtomicReference<@Nullable Throwable> thrown = new AtomicReference<>();
      List<Thread> threads = new ArrayList<>();
      for (int i = 0; i < THREADS; i++) {
        int base = i * CALLS;
        threads.add(
            start(
                () -> {
                  try {
                    for (int k = base; k < base + CALLS; k++) {
                      assertThat(pair.call("same", k)).isEqualTo(k);
                    }
                  } catch (Throwable failed) {
                    thrown.set(failed);
                  }
                }));
      }
      for (int k = 1; k <= 500; k++) {
        assertThat(pair.call("same", -k)).isEqualTo(-k);
      }
      for (Thread thread : threads) {
        thread.join();
      }
      assertThat(thrown.get()).isNull();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 50})
  void whatIsNestedRunsOnTheVirtualThreadThatWaits(int count) throws Exception {
    try (EnginePair pair = EnginePair.make().open()) {
      pair.onHost("thread", a -> Thread.currentThread().toString());
      pair.onWorker("ask", a -> pair.callBack("thread"));
      AtomicReference<@Nullable Throwable> thrown = new AtomicReference<>();
      List<Thread> threads = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        threads.add(
            start(
                () -> {
                  try {
                    assertThat((String) pair.call("ask"))
                        .startsWith("VirtualThread[#" + Thread.currentThread().getId() + "]");
                  } catch (Throwable failed) {
                    thrown.set(failed);
                  }
                }));
      }
      for (Thread thread : threads) {
        thread.join();
      }
      assertThat(thrown.get()).isNull();
    }
  }
}
