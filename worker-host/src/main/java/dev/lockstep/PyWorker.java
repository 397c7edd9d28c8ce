package dev.lockstep;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lockstep.wire.Limits;
import java.lang.reflect.Type;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A Python process that runs a script and exchanges calls with this JVM.
 *
 * <p>Thread-safe. Its Python code runs as {@code __main__}; what the script exports is called
 * through {@link #sync()}, what is exposed here is called by the script as {@code sync.name(...)}.
 */
public interface PyWorker extends ExposesFunctions<PyWorker>, AutoCloseable {
  /** A builder for a worker that runs a script file; a relative path is one of this JVM's. */
  static Builder script(Path file) {
    return new Builder(ScriptSource.file(file));
  }

  /** A builder for a worker that runs a script file; a relative path is one of this JVM's. */
  static Builder script(String file) {
    return script(Path.of(file));
  }

  /** A builder for a worker that runs Python text. */
  static Builder source(String text) {
    return new Builder(ScriptSource.text(text));
  }

  /** A builder for a worker that runs a module, as {@code python -m} does. */
  static Builder module(String name) {
    return new Builder(ScriptSource.module(name));
  }

  /** The name that the builder gave, or one made for it. */
  String name();

  /** Where it is in its life. */
  WorkerState state();

  /** The process; 0 before there is one. */
  long pid();

  /**
   * Completes with this worker when the script has run to its end and its exports are known.
   *
   * <p>Fails with {@link WorkerStartException}, which says why, if it never gets there; no process
   * is left then. Joining it on the thread that serves a call of the booting script fails at once:
   * the script waits for that call.
   */
  CompletableFuture<PyWorker> ready();

  /** The way to call what the script exports. */
  Sync sync();

  /**
   * Runs a script in the worker and blocks for the value of its last expression; {@code null} if
   * its last statement is none.
   *
   * <p>The script has globals of its own, which begin with its context; the worker's own script is
   * {@code import __main__} to it. {@code await} may stand at its top level. A last expression that
   * is awaitable is awaited. Runs without {@code await} run one after the other, as plain functions
   * do; those with it take turns, any number at once, each with its own answer. Made before the
   * worker is ready a run waits until it is. {@code sys.exit} ends the run, not the worker.
   *
   * <p>Throws what {@link Sync} throws; a syntax error is a {@link PythonException} with file, line
   * and caret in its traceback. {@code Thread.interrupt} gives the run up.
   *
   * @param type what the value is converted to; {@code Object.class} for as it comes, {@code
   *     void.class} for none
   */
  <T extends @Nullable Object> T run(Script script, Class<T> type);

  /** The same for a generic type. */
  @SuppressWarnings("TypeParameterUnusedInFormals") // The type is the caller's word, as in Jackson.
  <T extends @Nullable Object> T run(Script script, Type type);

  /** The same for a text and the values that it sees. */
  default <T extends @Nullable Object> T run(
      String script, Map<String, ? extends @Nullable Object> context, Class<T> type) {
    return run(Script.of(script).context(context), type);
  }

  /** Runs a script and returns at once; {@code cancel(true)} interrupts what runs. */
  <T extends @Nullable Object> CompletableFuture<T> runAsync(Script script, Class<T> type);

  /** The same for a generic type. */
  <T extends @Nullable Object> CompletableFuture<T> runAsync(Script script, Type type);

  /** The same for a text and the values that it sees. */
  default <T extends @Nullable Object> CompletableFuture<T> runAsync(
      String script, Map<String, ? extends @Nullable Object> context, Class<T> type) {
    return runAsync(Script.of(script).context(context), type);
  }

  /**
   * Sends a message, for the function that the script gave to {@code on_message}. Does not wait for
   * it.
   *
   * <p>Messages are handled one after the other in the order in which they were posted, while the
   * worker's main thread runs nothing else; those posted before the worker is ready, when it is.
   * What the function raises goes to {@link Builder#onError}, and so does a message that nobody
   * takes. Waits for room in the shared memory only.
   *
   * @throws UnserializableException if it cannot cross; nothing was sent
   * @throws QueueFullException if as many messages are not handled yet as half of {@code maxQueued}
   *     (2,048)
   * @throws WorkerDiedException if the worker has ended
   */
  void post(@Nullable Object message);

  /**
   * Sets the level of one of the worker's loggers, as {@code getLogger(logger).setLevel} does; ""
   * is the root logger, which decides for all that have none of their own (WARNING at first). A
   * worker that is busy in Python code of its main thread heeds it after that.
   *
   * @throws WorkerDiedException if the worker has ended
   */
  void logLevel(String logger, System.Logger.Level level);

  /**
   * The modules that a script imports, wherever in it, and that the worker's Python does not have:
   * top-level names in the order of the script. Looks at {@code import} statements only, and
   * imports nothing. Blocks; a syntax error is a {@link PythonException}.
   */
  List<String> missingImports(String script);

  /**
   * Installs what {@link #missingImports} names, and makes it importable in this worker until it
   * ends; gives the packages that were asked for, or nothing if nothing was missing.
   *
   * <p>A module's package has the same name, but for those in docs/running-scripts.md; Python's own
   * modules are left alone. From where, and within which time, says the worker's configuration:
   * {@code packages_index}, {@code find_links}, {@code offline}, {@code limits.install_seconds}.
   * Blocks, perhaps for minutes; {@code onProgress} is told how far it is.
   *
   * <p>Whoever writes the script chooses what is installed and run: only for scripts that are
   * trusted.
   *
   * @throws PackagesException naming what cannot be had
   * @throws PythonException for a syntax error
   */
  List<String> installMissingImports(String script);

  /**
   * Raises {@code KeyboardInterrupt} in what the worker runs now on Python's main thread; nothing
   * happens when it runs nothing.
   */
  void interrupt();

  /**
   * Kills the process and everything in its process group at once. Every pending future fails;
   * returns when that is done, before the process is reaped ({@link #onExit()} tells).
   */
  void terminate();

  /**
   * Ends the worker in good order: takes no new calls, lets those in flight finish within the grace
   * (2 s unless the builder says otherwise), lets the script's exit handlers run, then kills what
   * is left. Returns when no process, mapping or file is left. Harmless when repeated.
   */
  @Override
  void close();

  /** Completes, never with an error, when the process is gone and its output has been read. */
  CompletableFuture<ExitStatus> onExit();

  /** What it has done so far. */
  WorkerStatistics statistics();

  /**
   * What it is made of.
   *
   * @throws IllegalStateException if it is not ready yet
   */
  WorkerDescription describe();

  /**
   * The stacks of its Python threads, as text. Asks the worker first; if that is busy in a call, in
   * its script, or in C with the interpreter's lock, after half a second without it. Changes
   * nothing in what the worker does.
   *
   * @throws CallTimeoutException after 5 s, of a process that is stopped
   */
  String dumpStacks();

  /**
   * How a worker is to be; reusable, and not thread-safe. What is not set has its default.
   *
   * <p>What the script needs while it boots is exposed here: exposed after the start it may come
   * too late.
   */
  final class Builder implements ExposesFunctions<Builder> {
    private final WorkerSettings settings;

    Builder(ScriptSource source) {
      settings = new WorkerSettings(source);
    }

    /** A name, unique among the live workers; default: the script's name and a number. */
    public Builder name(String name) {
      settings.name = name;
      return this;
    }

    /** Which kind of Python; default {@link WorkerType#PY}. */
    public Builder type(WorkerType type) {
      settings.type = type.requireSupported();
      return this;
    }

    /**
     * The configuration, which the script sees as {@code config}; default: empty. What a method of
     * this builder says wins over it.
     */
    public Builder config(WorkerConfig config) {
      settings.config = config;
      return this;
    }

    /** The same from inline JSON or a file's path; see {@link WorkerConfig#parse}. */
    public Builder config(String jsonOrPath) {
      return config(WorkerConfig.parse(jsonOrPath));
    }

    /** The same from a JSON or TOML file; see {@link WorkerConfig#read}. */
    public Builder config(Path file) {
      return config(WorkerConfig.read(file));
    }

    /** The same from a map; see {@link WorkerConfig#of}. */
    public Builder config(Map<String, ? extends @Nullable Object> config) {
      return config(WorkerConfig.of(config));
    }

    /**
     * Whether the worker cannot call Java, and is lighter and faster for it; default: what the
     * configuration says, else no.
     */
    public Builder syncMainOnly(boolean syncMainOnly) {
      settings.syncMainOnly = syncMainOnly;
      return this;
    }

    /**
     * The Python to run: a path, a name that is looked for on PATH, or a version such as {@code
     * 3.12} that is looked for among those installed. Default: what the configuration says, system
     * property {@code lockstep.python}, environment variable {@code LOCKSTEP_PYTHON}, {@code
     * python3}.
     */
    public Builder interpreter(String interpreter) {
      settings.ownInterpreter = interpreter;
      return this;
    }

    /** The same. */
    public Builder interpreter(Path interpreter) {
      return interpreter(interpreter.toString());
    }

    /** What the script finds in {@code sys.argv} behind its own name; default: nothing. */
    public Builder arguments(String... arguments) {
      settings.arguments = List.of(arguments);
      return this;
    }

    /** Adds to the process's environment, which is this JVM's otherwise. */
    public Builder environment(String name, String value) {
      settings.ownEnvironment.put(name, value);
      return this;
    }

    /** Adds to the process's environment, which is this JVM's otherwise. */
    public Builder environment(Map<String, String> variables) {
      settings.ownEnvironment.putAll(variables);
      return this;
    }

    /** The process's working directory; default: this JVM's. */
    public Builder workingDirectory(Path directory) {
      settings.workingDirectory = directory;
      return this;
    }

    /**
     * What either side accepts at most; default: what the configuration says, else {@link
     * Limits#DEFAULT}.
     */
    public Builder limits(Limits limits) {
      settings.ownLimits = limits;
      return this;
    }

    /**
     * Bytes of shared memory for each direction: a power of two from 64 KiB to 256 MiB; default 256
     * KiB. Longer messages go through in pieces.
     */
    public Builder laneCapacity(int bytes) {
      settings.ownLaneCapacityBytes = bytes;
      return this;
    }

    /** Where the shared memory comes from; default {@link SegmentKind#MEMFD}. */
    public Builder segmentKind(SegmentKind kind) {
      settings.segmentKind = kind;
      return this;
    }

    /** The folder on tmpfs for {@link SegmentKind#TMPFS}; default {@code /dev/shm}. */
    public Builder segmentFolder(Path folder) {
      settings.segmentFolder = folder;
      return segmentKind(SegmentKind.TMPFS);
    }

    /**
     * Which twin serves in the worker; default: environment variable {@code LOCKSTEP_ACCELERATOR},
     * else {@link Accelerator#AUTO}.
     */
    public Builder accelerator(Accelerator accelerator) {
      settings.accelerator = accelerator;
      return this;
    }

    /**
     * How long the script may take to its end, from the start of its process; default: what the
     * configuration says, else 30 s. Past it the process is killed.
     */
    public Builder startTimeout(Duration timeout) {
      settings.ownStartTimeout = requirePositive("startTimeout", timeout);
      return this;
    }

    /**
     * How long {@link PyWorker#close} waits for calls in flight, and then as long again for the
     * process to end, before it kills; default 2 s.
     */
    public Builder grace(Duration grace) {
      settings.grace = requirePositive("grace", grace);
      return this;
    }

    /**
     * Where exposed functions run; default: on the worker's reading thread, which reads nothing
     * else meanwhile. Calls nested in a call of a waiting thread run on that thread always.
     */
    public Builder executor(Executor executor) {
      settings.executor = executor;
      return this;
    }

    /** Binds records and classes; default: a mapper with Java's time and Optional. */
    public Builder objectMapper(ObjectMapper mapper) {
      settings.objectMapper = mapper;
      return this;
    }

    /**
     * Whether a time with fractions of microseconds is refused instead of cut to microseconds;
     * default: no.
     */
    public Builder strictNanos(boolean strictNanos) {
      settings.strictNanos = strictNanos;
      return this;
    }

    /**
     * Gets every line that the worker writes to stdout and stderr, in order for each stream, on one
     * thread that reads for all workers: it must not block. Default: logger {@code
     * dev.lockstep.worker.NAME}, INFO for stdout and WARNING for stderr.
     */
    public Builder onOutput(Consumer<? super OutputLine> consumer) {
      settings.outputConsumer = consumer;
      return this;
    }

    /**
     * Answers {@code input()} and {@code sys.stdin}; default: none, and {@code input()} raises
     * EOFError. May block: it has a thread of its own while it is asked, for one line at a time,
     * which is interrupted when Python no longer waits for the line.
     */
    public Builder onInput(InputHandler handler) {
      settings.inputHandler = handler;
      return this;
    }

    /** Is told once when the process is gone. */
    public Builder onExit(Consumer<? super ExitStatus> consumer) {
      settings.exitConsumer = consumer;
      return this;
    }

    /** Is told what the script says with {@code sync.progress}; must not block. */
    public Builder onProgress(Consumer<? super Progress> consumer) {
      settings.progressConsumer = consumer;
      return this;
    }

    /**
     * Gets what the script sends with {@code post}, in order and one after the other, where exposed
     * functions run (see {@link #executor}). What it throws goes to {@link #onError}. A worker that
     * is 1,024 messages ahead waits for it.
     *
     * @param type what each message is converted to; a message that does not fit goes to {@link
     *     #onError}
     */
    @SuppressWarnings({"unchecked", "NullAway"})
    public <T extends @Nullable Object> Builder onMessage(
        Class<T> type, Consumer<? super T> consumer) {
      settings.messageListener =
          new Messages.Listener(type, message -> consumer.accept((T) message));
      return this;
    }

    /** The same for messages as they come; {@code None} is {@code null}. */
    public Builder onMessage(Consumer<? super @Nullable Object> consumer) {
      settings.messageListener = new Messages.Listener(Object.class, consumer);
      return this;
    }

    /**
     * Whether what the script logs with {@code logging} comes to this JVM's loggers {@code
     * dev.lockstep.worker.NAME} and, for a logger {@code a.b}, {@code
     * dev.lockstep.worker.NAME.a.b}; default: yes. Else it goes to stderr, as Python does it.
     */
    public Builder hostLogging(boolean hostLogging) {
      settings.hostLogging = hostLogging;
      return this;
    }

    /** As {@link PyWorker#logLevel}, from the script's first line on. */
    public Builder logLevel(String logger, System.Logger.Level level) {
      settings.logLevels.put(logger, WorkerLogs.number(level));
      return this;
    }

    /**
     * Gets the errors that no call carries: of the worker's threads, of its event loop's callbacks,
     * of notifications and messages on either side. In order, on a thread of its own while there is
     * something to tell, so that it may block. Default: logger {@code dev.lockstep.worker.NAME},
     * WARNING.
     */
    public Builder onError(Consumer<? super WorkerError> consumer) {
      settings.errorConsumer = consumer;
      return this;
    }

    @Override
    public Builder exposeAll(String name, List<? extends Type> parameters, FnAll function) {
      settings.add(ExposedFunction.of(name, parameters, function));
      return this;
    }

    @Override
    public Builder expose(Object handlers) {
      ExposedMethods.of(handlers).forEach(settings::add);
      return this;
    }

    /** Starts a worker that has a {@link Workers} of its own, closed with it. */
    public PyWorker start() {
      return LocalWorkers.startAlone(this);
    }

    /** What is set now; later changes to this builder do not reach it. */
    WorkerSettings snapshot() {
      return settings.copy();
    }

    private static final Duration LONGEST_WAIT = Duration.ofDays(365);

    static Duration requirePositive(String name, Duration value) {
      if (value.isNegative() || value.isZero()) {
        throw new IllegalArgumentException(name + " must be positive: " + name + "=" + value);
      }
      // Arithmetic in nanoseconds must not overflow, and nobody waits longer.
      return value.compareTo(LONGEST_WAIT) > 0 ? LONGEST_WAIT : value;
    }
  }
}
