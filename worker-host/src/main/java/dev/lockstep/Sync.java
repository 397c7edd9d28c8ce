package dev.lockstep;

import java.lang.reflect.Type;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The way to call the functions that a worker's script exports.
 *
 * <p>Thread-safe: any number of threads may call at once; the worker runs plain functions one after
 * the other. Calls made before the worker is ready wait until it is. Arguments are values as in the
 * documentation's table; a last argument of type {@link Kwargs} holds keyword arguments. Results
 * are converted to the asked type: {@code Object.class} for as they come, {@code void.class} for
 * none.
 *
 * <p>Every method throws, or completes its future with: {@link PythonException} if the function
 * raised, {@link NotExportedException} and {@link WrongArgumentsException} if it does not fit,
 * {@link UnserializableException} if a value cannot cross (nothing was sent) or the result does not
 * fit the asked type, {@link CallTimeoutException} and {@link CallCancelledException}, {@link
 * WorkerDiedException}, {@link WorkerStartException}, {@link WorkerMisbehavedException}, {@link
 * MessageTooLargeException}, {@link QueueFullException}, {@link DepthExceededException}. After each
 * but the death of the worker the worker is usable at once.
 */
public interface Sync {
  /** Calls a function and blocks for its result. {@code Thread.interrupt} cancels the call. */
  <T extends @Nullable Object> T call(String name, Class<T> type, @Nullable Object... arguments);

  /** The same for a generic type, as {@code new TypeReference<List<Row>>() {}.getType()}. */
  @SuppressWarnings("TypeParameterUnusedInFormals") // The type is the caller's word, as in Jackson.
  <T extends @Nullable Object> T call(String name, Type type, @Nullable Object... arguments);

  /**
   * Calls a function and returns at once.
   *
   * <p>What depends on the future runs on the worker's reading thread unless an executor is named,
   * and may call again. {@code cancel} drops the call: its reply is ignored; with {@code true} what
   * runs is interrupted, too.
   */
  <T extends @Nullable Object> CompletableFuture<T> callAsync(
      String name, Class<T> type, @Nullable Object... arguments);

  /** The same for a generic type. */
  <T extends @Nullable Object> CompletableFuture<T> callAsync(
      String name, Type type, @Nullable Object... arguments);

  /**
   * Calls a function and wants no answer, not even its failure. Notifications run in the order in
   * which one thread sent them.
   */
  void notify(String name, @Nullable Object... arguments);

  /**
   * The same calls with a deadline each, counted from the call: a call without an answer by then
   * ends with {@link CallTimeoutException} and its late answer is dropped.
   *
   * @throws IllegalArgumentException if it is not positive
   */
  Sync within(Duration deadline);

  /**
   * A Java interface whose methods call the exports of the same names: {@code find_primes} or
   * {@code findPrimes} for {@code findPrimes}.
   *
   * <p>Waits until the worker is ready. A method that returns a {@link CompletableFuture} or {@link
   * java.util.concurrent.CompletionStage} calls without blocking; default methods run as they are;
   * a last parameter of type {@link Kwargs} passes keyword arguments.
   *
   * @throws NotExportedException naming every method without an export
   * @throws IllegalArgumentException if {@code api} is no interface, or not accessible
   */
  <T> T as(Class<T> api);
}
