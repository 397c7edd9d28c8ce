package dev.lockstep.call;

import java.util.List;

/**
 * Makes the exceptions that callers get; the layer above has the public classes.
 *
 * <p>Each method is called on the thread that will throw (for a future: on the thread that
 * completes it), so that the stack trace is the caller's. No method may block or throw. {@code
 * name} is the function that was called.
 */
public interface Failures {
  /** The peer answered with an error; {@link ErrorDescription#kind()} says of which sort. */
  RuntimeException remote(String name, ErrorDescription error);

  /** No reply within the deadline; the late reply will be dropped. */
  RuntimeException timeout(String name, long timeoutNanos);

  /** The waiting thread was interrupted (its flag is set) or the future was cancelled. */
  RuntimeException cancelled(String name);

  /** The peer is gone, or broke the protocol; {@code cause} is what {@code fail} was given. */
  RuntimeException died(String name, Throwable cause);

  /** This end is closing or closed: no new calls. */
  RuntimeException closed(String name);

  /** {@code limit} calls are in flight or waiting already. */
  RuntimeException queueFull(String name, int limit);

  /**
   * The chain of nested calls is longer than {@code limit}.
   *
   * @param chain the functions of the chain, outermost first, this call last; a long chain is cut
   *     in the middle
   */
  RuntimeException depthExceeded(String name, int limit, List<String> chain);

  /** The encoded call is longer than a message may be; {@code reason} has limit and length. */
  RuntimeException tooLarge(String name, int limitBytes, String reason);

  /** An argument of this Java type cannot cross; nothing was sent. */
  RuntimeException unserializable(String name, String path, String type, String reason);

  /**
   * The result arrived but does not fit the asked type; {@code path} starts with {@code result}.
   */
  RuntimeException unfit(String name, String path, String reason);
}
