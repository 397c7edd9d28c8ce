package dev.lockstep.cli;

import dev.lockstep.PyWorker;
import dev.lockstep.WorkerDescription;
import dev.lockstep.Workers;
import dev.lockstep.env.EnvironmentException;
import dev.lockstep.env.InstalledPythons;
import dev.lockstep.env.Interpreters;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.StringTokenizer;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code lockstep doctor}: what this machine has, found out by trying it. */
@Command(
    name = "doctor",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Says what is here: Java, the system's limits, and every Python that it finds, each with a"
          + " worker started on it to see whether and how it works."
    },
    footer = {
      "",
      "With --build it makes the C accelerator for one interpreter instead, into your cache; its"
          + " headers (apt-get install python3-dev) and a C compiler must be there. Without an"
          + " accelerator the pure-Python twin serves, which does the same, slower."
    })
final class DoctorCommand implements Callable<Integer> {
  private static final Duration START_TIMEOUT = Duration.ofSeconds(20);
  private static final long MEBIBYTE = 1 << 20;

  @SuppressWarnings("NullAway.Init") // picocli sets it before call().
  @Spec
  CommandSpec spec;

  @Option(
      names = "--build",
      paramLabel = "PYTHON",
      description = "build the C accelerator for this interpreter: a path or a name on the PATH")
  @Nullable String build;

  @Override
  public Integer call() throws IOException {
    PrintWriter out = spec.commandLine().getOut();
    if (build != null) {
      return new AcceleratorBuild(build).run(out);
    }
    printMachine(out);
    out.println();
    boolean works = printInterpreters(out);
    out.flush();
    return works ? ExitCode.OK : ExitCode.WRONG_USE;
  }

  private static void printMachine(PrintWriter out) throws IOException {
    line(
        out,
        "Java",
        Runtime.version() + ", " + System.getProperty("java.vendor"),
        System.getProperty("java.home"));
    line(
        out,
        "system",
        System.getProperty("os.name") + " " + System.getProperty("os.version"),
        System.getProperty("os.arch"),
        Runtime.getRuntime().availableProcessors() + " processors");
    Path shm = Path.of("/dev/shm");
    if (Files.isDirectory(shm)) {
      FileStore store = Files.getFileStore(shm);
      line(
          out,
          "/dev/shm",
          store.getUsableSpace() / MEBIBYTE
              + " of "
              + store.getTotalSpace() / MEBIBYTE
              + " MiB free");
    } else {
      line(out, "/dev/shm", "is not there");
    }
    for (String limit : List.of("Max open files", "Max processes", "Max address space")) {
      line(out, "limit", limit.toLowerCase(Locale.ROOT) + " " + softLimit(limit));
    }
    Path maps = Path.of("/proc/sys/vm/max_map_count");
    if (Files.isReadable(maps)) {
      line(out, "limit", "mappings of a process " + Files.readAllLines(maps).get(0));
    }
  }

  private static String softLimit(String name) throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/limits"))) {
      if (line.startsWith(name)) {
        return new StringTokenizer(line.substring(name.length())).nextToken();
      }
    }
    return "unknown";
  }

  private static boolean printInterpreters(PrintWriter out) {
    boolean works = false;
    try {
      line(out, "default", new Interpreters().find(null).toString());
    } catch (EnvironmentException e) {
      line(out, "default", sentence(e));
    }
    List<Path> interpreters = InstalledPythons.find();
    if (interpreters.isEmpty()) {
      line(out, "Python", "none found on the PATH or in ~/.pyenv: apt-get install python3");
    }
    for (Path interpreter : interpreters) {
      works |= printInterpreter(interpreter, out);
      out.flush();
    }
    return works;
  }

  private static boolean printInterpreter(Path interpreter, PrintWriter out) {
    long startNanos = System.nanoTime();
    try (Workers workers = Workers.open()) {
      PyWorker worker =
          workers.start(
              PyWorker.source("__export__ = []")
                  .name("doctor")
                  .interpreter(interpreter)
                  .onOutput(line -> {})
                  .startTimeout(START_TIMEOUT));
      worker.ready().join();
      long millis = (System.nanoTime() - startNanos) / 1_000_000;
      WorkerDescription made = worker.describe();
      line(
          out,
          "Python",
          interpreter.toString(),
          made.implementation() + " " + made.python(),
          "accelerator " + made.accelerator() + why(made),
          "segment " + made.segmentKind(),
          "ready in " + millis + " ms");
      return true;
    } catch (CompletionException e) {
      line(
          out, "Python", interpreter.toString(), sentence(e.getCause() == null ? e : e.getCause()));
    } catch (RuntimeException e) {
      line(out, "Python", interpreter.toString(), sentence(e));
    }
    return false;
  }

  private static String why(WorkerDescription made) {
    if (made.accelerator().equals("c")) {
      return "";
    }
    return made.implementation().equals("cpython")
        ? " (none fits; lockstep doctor --build " + made.executable() + ")"
        : " (C is for CPython only)";
  }

  private static String sentence(Throwable failure) {
    String message = failure.getMessage();
    return message == null ? failure.toString() : message.lines().findFirst().orElse(message);
  }

  private static void line(PrintWriter out, String title, String... facts) {
    out.printf("%-9s %s%n", title, String.join(", ", facts));
  }
}
