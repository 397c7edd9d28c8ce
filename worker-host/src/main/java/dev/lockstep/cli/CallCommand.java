package dev.lockstep.cli;

import dev.lockstep.Kwargs;
import dev.lockstep.PyWorker;
import dev.lockstep.Sync;
import dev.lockstep.Workers;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lockstep call}: one call of one function in a worker of its own. */
@Command(
    name = "call",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Starts a worker with a Python script, calls a function that the script exports, and prints"
          + " its result as JSON on stdout."
    },
    footer = {
      "",
      "stdout carries the result and nothing else: what the script prints goes to stderr, together"
          + " with what it writes there itself. On a terminal, sync.progress(done, total) draws a"
          + " bar.",
      "Ctrl-C raises KeyboardInterrupt in the Python code.",
      "",
      "Examples:",
      "  lockstep call examples/primes.py find_primes 1000000 use_numpy=false",
      "  lockstep call script.py greet '\"42\"' 'options={\"loud\": true}'"
    })
final class CallCommand implements Callable<Integer> {
  private static final Duration GRACE = Duration.ofSeconds(2);

  @SuppressWarnings("NullAway.Init") // picocli sets it before call().
  @Spec
  CommandSpec spec;

  @Mixin final WorkerOptions workerOptions = new WorkerOptions();

  @Option(
      names = "--sync-main-only",
      description = "a lighter and faster worker, whose code cannot call back")
  boolean syncMainOnly;

  @Option(
      names = "--timeout",
      paramLabel = "SECONDS",
      converter = Seconds.class,
      description = "give the call up after this time (default: none)")
  @Nullable Duration timeout;

  @Option(
      names = "--name",
      paramLabel = "NAME",
      description = "the worker's name in messages (default: made from the script's)")
  @Nullable String name;

  @Parameters(index = "0", paramLabel = "SCRIPT", description = "a Python file")
  String script = "";

  @Parameters(index = "1", paramLabel = "FUNCTION", description = "a function that it exports")
  String function = "";

  @Parameters(
      index = "2..*",
      paramLabel = "ARG",
      description = {
        "an argument, or name=value for a keyword argument: JSON where it parses as JSON, else text",
        "(True, False and None are understood too)"
      })
  List<String> words = new ArrayList<>();

  @Override
  public Integer call() {
    CommandArguments arguments = CommandArguments.parse(words);
    PrintWriter out = spec.commandLine().getOut();
    // Closed last: until then a Ctrl-C waits for what is printed here.
    try (CtrlC ctrlC = new CtrlC(GRACE)) {
      try {
        String json = Json.write(run(arguments, ctrlC));
        out.println(json);
        if (out.checkError()) {
          throw new WrongUseException(
              "the result cannot be written: stdout is closed, or its disk is full");
        }
        return ExitCode.OK;
      } catch (Exception e) {
        return Failures.report(e, spec.commandLine());
      }
    }
  }

  private @Nullable Object run(CommandArguments arguments, CtrlC ctrlC) {
    ProgressBar bar = new ProgressBar(System.err, Terminal.isStderr());
    PyWorker.Builder builder = workerOptions.apply(PyWorker.script(script));
    if (syncMainOnly) {
      builder.syncMainOnly(true);
    }
    builder
        .grace(GRACE)
        .hostLogging(false)
        .onOutput(line -> bar.printLine(line.text()))
        .onError(error -> bar.printLine(Failures.textOf(error).stripTrailing()))
        .onProgress(at -> bar.update(at.done(), at.total(), at.text()));
    if (name != null) {
      builder.name(name);
    }
    try (Workers workers = Workers.open()) {
      PyWorker worker = workers.start(builder);
      ctrlC.guard(worker);
      try {
        worker.ready().join();
        Sync sync = timeout == null ? worker.sync() : worker.sync().within(timeout);
        return sync.call(function, Object.class, withKeywords(arguments));
      } finally {
        // What the script still had to print comes before the result, and no process stays.
        worker.close();
        worker.onExit().join();
        bar.clear();
      }
    }
  }

  private static @Nullable Object[] withKeywords(CommandArguments arguments) {
    List<@Nullable Object> all = new ArrayList<>(arguments.positional());
    if (!arguments.keywords().isEmpty()) {
      all.add(Kwargs.of(arguments.keywords()));
    }
    return all.toArray();
  }
}
