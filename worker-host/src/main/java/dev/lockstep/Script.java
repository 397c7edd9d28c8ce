package dev.lockstep;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Python text to run in a worker that is there already, with what it is to see; see {@link
 * PyWorker#run(Script, Class)}. Immutable and reusable; each method gives a changed copy.
 */
public final class Script {
  private static final String BUILTINS = "__builtins__";

  private final String text;
  private final String file;
  private final Map<String, @Nullable Object> context;
  private final long timeoutNanos;
  private final @Nullable Consumer<? super OutputLine> outputConsumer;
  private final boolean installsMissingImports;

  private Script(
      String text,
      String file,
      Map<String, @Nullable Object> context,
      long timeoutNanos,
      @Nullable Consumer<? super OutputLine> outputConsumer,
      boolean installsMissingImports) {
    this.text = text;
    this.file = file;
    this.context = context;
    this.timeoutNanos = timeoutNanos;
    this.outputConsumer = outputConsumer;
    this.installsMissingImports = installsMissingImports;
  }

  /** A script. One that is indented as a whole, as in a text block, runs as if it were not. */
  public static Script of(String text) {
    return new Script(text, "", Map.of(), 0, null, false);
  }

  /** The text of a file, in UTF-8, with its path as its name. */
  public static Script read(Path file) throws IOException {
    return of(Files.readString(file)).file(file.toString());
  }

  /**
   * The name in tracebacks and syntax errors, and {@code __file__}; it need not exist. Default:
   * {@code <run 1>}, {@code <run 2>}, …, and no {@code __file__}.
   */
  public Script file(String name) {
    return new Script(text, name, context, timeoutNanos, outputConsumer, installsMissingImports);
  }

  /**
   * The values that this run sees, and no other: globals by their names, which {@code from js
   * import name} finds, too. Replaces what was set before.
   *
   * @throws IllegalArgumentException if a name is {@code __builtins__}, which is Python's own
   */
  public Script context(Map<String, ? extends @Nullable Object> values) {
    if (values.containsKey(BUILTINS)) {
      throw new IllegalArgumentException(
          "a script's context cannot hold Python's own functions: name=" + BUILTINS);
    }
    return new Script(
        text,
        file,
        Collections.unmodifiableMap(new LinkedHashMap<>(values)),
        timeoutNanos,
        outputConsumer,
        installsMissingImports);
  }

  /** One value more for its context, or another one for the name; see {@link #context}. */
  public Script with(String name, @Nullable Object value) {
    Map<String, @Nullable Object> more = new LinkedHashMap<>(context);
    more.put(name, value);
    return context(more);
  }

  /**
   * A deadline from the call to the value; default: none. Past it the run ends with {@link
   * CallTimeoutException} and its late value is dropped; {@link PyWorker#interrupt} stops what
   * still runs.
   *
   * @throws IllegalArgumentException if it is not positive
   */
  public Script within(Duration deadline) {
    return new Script(
        text, file, context, EngineSync.nanosOf(deadline), outputConsumer, installsMissingImports);
  }

  /**
   * Gets every line that the run writes to stdout and stderr, in order for each stream and all of
   * them before the run's value, as {@link PyWorker.Builder#onOutput} gets the worker's; default:
   * they are among the worker's.
   *
   * <p>What Python code prints is told apart whatever else runs, in tasks and in threads that run
   * the script's functions, too. What C code and child processes write belongs to the run that
   * wrote or began last; with one run at a time that is always the right one. A run that was given
   * up gets nothing more. Not in {@code sync_main_only} workers.
   */
  public Script onOutput(Consumer<? super OutputLine> consumer) {
    return new Script(text, file, context, timeoutNanos, consumer, installsMissingImports);
  }

  /**
   * Installs what the script imports and the worker does not have before it runs, as {@link
   * PyWorker#installMissingImports} does; default: a module that is not there is an {@code
   * ImportError}. The deadline begins after that.
   */
  public Script installMissingImports() {
    return new Script(text, file, context, timeoutNanos, outputConsumer, true);
  }

  String text() {
    return text;
  }

  String file() {
    return file;
  }

  Map<String, @Nullable Object> context() {
    return context;
  }

  long timeoutNanos() {
    return timeoutNanos;
  }

  @Nullable Consumer<? super OutputLine> outputConsumer() {
    return outputConsumer;
  }

  boolean installsMissingImports() {
    return installsMissingImports;
  }

  @Override
  public String toString() {
    return "script " + (file.isEmpty() ? "of " + text.length() + " characters" : file);
  }
}
