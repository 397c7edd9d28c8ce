package dev.lockstep.call;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What an engine tells the layer above. Every method runs on a thread that reads the lane or serves
 * calls and must not block; what it throws is dropped.
 */
public interface Listener {
  /** Before the name of a builtin function in {@link #onHandlerError}. */
  String BUILTIN = "builtin ";

  /** The peer's READY came: its script has run to its end. Calls that waited are sent after. */
  void onReady(Map<String, @Nullable Object> description);

  /** The peer's FATAL came: its script did not boot. The engine goes on reading until closed. */
  void onFatal(ErrorDescription error);

  /**
   * A builtin notification, {@code progress} for a host and {@code close} for a worker, in the
   * order of the notifications around it.
   */
  void onBuiltinNotify(String name, @Nullable Object[] arguments);

  /** Whether the layer above answers calls of this builtin function. */
  default boolean hasBuiltin(String name) {
    return false;
  }

  /**
   * The peer calls a builtin function of the layer above: {@code input} or {@code output}, for a
   * host.
   *
   * @return the answer, or a {@code CompletionStage} of it
   * @throws Exception that answers the call
   */
  default @Nullable Object onBuiltinCall(String name, @Nullable Object[] arguments)
      throws Exception {
    throw new UnsupportedOperationException(name);
  }

  /**
   * The peer wrote what no peer of ours writes. The engine has failed; every call in flight fails.
   *
   * @param fault names the word, the value and what was allowed
   */
  void onPeerFault(RuntimeException fault);

  /**
   * Something failed that no caller hears of: a notification's handler, a reply that could not be
   * sent.
   *
   * @param name the function, or what was done; {@link #BUILTIN} and its name for a builtin one
   */
  void onHandlerError(String name, Throwable error);

  /**
   * A future was cancelled with {@code mayInterrupt}: whoever can, interrupts the peer's call.
   *
   * @param callId as on the wire; it may have ended meanwhile
   */
  default void onInterruptWanted(String name, long callId) {}
}
