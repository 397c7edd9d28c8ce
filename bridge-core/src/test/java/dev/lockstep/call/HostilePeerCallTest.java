package dev.lockstep.call;

import static dev.lockstep.call.CallTest.inThread;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.call.TestFailures.Failure;
import dev.lockstep.wire.FrameFlags;
import dev.lockstep.wire.FrameKind;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Frames that are well-formed, and that no peer of ours sends. */
@Timeout(value = 90, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class HostilePeerCallTest {

  @ParameterizedTest
  @CsvSource({
    "a reply to a call that was never made, 2, 0, 0, 1000, 0, call id of REPLY",
    "a reply to a call of its own, 2, 0, 0, 3, 0, call id of REPLY",
    "an error for a call that was never made, 3, 0, 0, 1000, 0, call id of ERROR",
    "a call with an id of ours, 1, 0, 1, 2, 0, call id of INVOKE",
    "a notification with an id of ours, 5, 0, 1, 2, 0, call id of NOTIFY",
    "a cancel with an id of ours, 4, 0, 0, 2, 0, call id of CANCEL",
    "a call nested in one that was never made, 1, 0, 2, 3, 1000, parent call id",
    "a call nested in one of its own, 1, 0, 2, 3, 5, parent call id",
    "a call whose name is no text, 1, 0, 1, 3, 0, position in the payload of INVOKE",
    "a second READY, 6, 0, 0, 0, 0, kind=6"
  })
  void endTheWorkersCallsAndNameTheWord(
      String what, int kind, int flags, int depth, long callId, long parentId, String word)
      throws Exception {
    try (EnginePair pair = EnginePair.make().open()) {
      pair.onWorker("slow", a -> new CompletableFuture<>());
      AtomicReference<@Nullable Throwable> thrown = new AtomicReference<>();
      Thread caller = inThread(() -> pair.call("slow"), thrown);
      pair.await("it waits", () -> pair.worker.statistics().serving() == 1);
      byte[] payload = {(byte) (kind == FrameKind.READY ? 0xa0 : 0xff)};
      pair.workerChannel.send(
          kind, flags, depth, callId, parentId, payload, 0, payload.length, Long.MAX_VALUE);
      caller.join();
      assertThat(((Failure) thrown.get()).sort).as(what).isEqualTo("died");
      assertThat(pair.hostHeard.fault.get(20, TimeUnit.SECONDS)).hasMessageContaining(word);
    }
  }

  @Test
  void aSecondFatalEndsThem() throws Exception {
    try (EnginePair pair = EnginePair.make().notReady().open()) {
      byte[] error = {(byte) 0xa0};
      for (int i = 0; i < 2; i++) {
        pair.workerChannel.send(FrameKind.FATAL, 0, 0, 0, 0, error, 0, 1, Long.MAX_VALUE);
      }
      assertThat(pair.hostHeard.fault.get(20, TimeUnit.SECONDS)).hasMessageContaining("FATAL once");
    }
  }

  @ParameterizedTest
  @CsvSource({"0, position in a payload", "1, position in a payload"})
  void aMalformedValueEndsThemToo(int isError, String word) throws Exception {
    try (EnginePair pair = EnginePair.make().open()) {
      pair.onWorker("slow", a -> new CompletableFuture<>());
      AtomicReference<@Nullable Throwable> thrown = new AtomicReference<>();
      Thread caller = inThread(() -> pair.call("slow"), thrown);
      pair.await("it waits", () -> pair.worker.statistics().serving() == 1);
      int kind = isError == 0 ? FrameKind.REPLY : FrameKind.ERROR;
      byte[] payload = {0x62, 'x'};
      pair.workerChannel.send(kind, 0, 0, 2, 0, payload, 0, payload.length, Long.MAX_VALUE);
      caller.join();
      assertThat(((Failure) thrown.get()).sort).isEqualTo("died");
      assertThat(pair.hostHeard.fault.get(20, TimeUnit.SECONDS)).hasMessageContaining(word);
    }
  }

  @ParameterizedTest
  @CsvSource({"progress, 4", "nope, 4"})
  void aBuiltinNotificationIsOnlyHeardOf(String name, int flags) {
    try (EnginePair pair = EnginePair.make().open()) {
      assertThat(flags).isEqualTo(FrameFlags.BUILTIN);
      pair.worker.notifyBuiltin(name, 1);
      pair.worker.builtin("flush", pair.untyped, 0);
      assertThat(pair.hostHeard.builtins).containsExactly(name + "[1]");
    }
  }
}
