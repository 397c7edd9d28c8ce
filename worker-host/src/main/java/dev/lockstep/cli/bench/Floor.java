package dev.lockstep.cli.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Two C processes that exchange a counter, with nothing else on the way: compiled on this machine
 * from the source in the jar, and run in the rounds of a benchmark like any other exchange. Closing
 * removes the program.
 */
public final class Floor implements AutoCloseable {
  /** Both sides spin on shared memory. */
  public static final String SPIN = "floor.spin";

  /** Both sides sleep in the futex for every message; the kernel chooses their cores. */
  public static final String FUTEX = "floor.futex";

  /** The same with both on one core. */
  public static final String FUTEX_ONE_CORE = "floor.futex_one_core";

  /** Free cores, and 0.3 ms between two exchanges, in which a core goes to rest. */
  public static final String FUTEX_PAUSED = "floor.futex_paused";

  /** Two pipes, while other processes keep every core busy. */
  public static final String PIPE_LOADED = "floor.pipe_loaded";

  private static final String SOURCE = "/META-INF/lockstep/floor/floor.c";

  /** All that the folder has, and first the folder itself: the last named is deleted first. */
  private static final List<String> FILES = List.of("", "floor.c", "floor");

  private static final int MAX_EXCHANGES = 2_000_000;
  private static final long MAX_MILLIS = 200;

  /** The floor of one round against that of another, on a machine that does nothing else. */
  private static final double RESTLESS = 2;

  private static final long COMPILE_SECONDS = 60;
  private static final long GRACE_MILLIS = 10_000;

  private final Path folder;
  private final @Nullable Path program;
  private final String reason;

  private Floor(Path folder, @Nullable Path program, String reason) {
    this.folder = folder;
    this.program = program;
    this.reason = reason;
  }

  /** Compiles the program. Where that cannot be done, {@link #remarks} say why. */
  public static Floor compile() throws IOException {
    Path folder = Files.createTempDirectory("lockstep-floor");
    for (String name : FILES) {
      folder.resolve(name).toFile().deleteOnExit(); // In case that Ctrl-C comes before close().
    }
    Path source = folder.resolve("floor.c");
    try (InputStream in = Floor.class.getResourceAsStream(SOURCE)) {
      if (in == null) {
        return new Floor(folder, null, "its source is not in this jar: " + SOURCE);
      }
      Files.copy(in, source);
    }
    String compiler = System.getenv().getOrDefault("CC", "cc");
    Path program = folder.resolve("floor");
    List<String> command = List.of(compiler, "-O2", "-o", program.toString(), source.toString());
    try {
      Output compiled = run(command, TimeUnit.SECONDS.toMillis(COMPILE_SECONDS));
      return compiled.exitCode == 0
          ? new Floor(folder, program, "")
          : new Floor(folder, null, "the compiler failed: " + String.join("\n", compiled.lines));
    } catch (IOException e) {
      return new Floor(
          folder, null, "no C compiler: command=" + compiler + " (apt-get install gcc)");
    }
  }

  /**
   * What can be measured; nothing where there is no floor.
   *
   * @param python keeps the cores busy
   */
  public List<Exchange> exchanges(String python) {
    if (program == null) {
      return List.of();
    }
    return List.of(
        new Pair(SPIN, "C to C over shared memory, both spin", List.of(program.toString(), "spin")),
        new Pair(
            FUTEX,
            "C to C over shared memory, both sleep in the futex for every message",
            List.of(program.toString(), "futex")),
        new Pair(
            FUTEX_ONE_CORE,
            "the same, both on one core",
            List.of(program.toString(), "futex", "one-core")),
        new Pair(
            FUTEX_PAUSED,
            "the same on free cores, when the other has slept for a while: its core has, too",
            List.of(program.toString(), "futex", "paused")),
        new Loaded(
            new Pair(PIPE_LOADED, "C to C over two pipes", List.of(program.toString(), "pipe")),
            python));
  }

  /** What a reader should know of how the floors came out. */
  public List<String> remarks(Figures figures) {
    List<String> remarks = new ArrayList<>();
    if (program == null) {
      remarks.add("No floor was measured: " + reason);
    }
    for (String floor : List.of(SPIN, FUTEX)) {
      if (figures.spread(floor) > RESTLESS) {
        remarks.add(
            String.format(
                Locale.ROOT,
                "This machine was not at rest: the medians of the rounds differ %.1f times:"
                    + " figure=%s, limit=%.0f. Measure again before you trust a ratio.",
                figures.spread(floor),
                floor,
                RESTLESS));
      }
    }
    return remarks;
  }

  @Override
  public void close() {
    for (int i = FILES.size() - 1; i >= 0; i--) {
      folder.resolve(FILES.get(i)).toFile().delete();
    }
  }

  /** One way of the two processes. */
  private record Pair(String name, String description, List<String> mode) implements Exchange {
    /** Enough exchanges a turn that a lucky placement of the two for an instant does not show. */
    @Override
    public void measure(Turn turn) throws IOException {
      long maxMillis =
          Math.max(1, Math.min(MAX_MILLIS, TimeUnit.NANOSECONDS.toMillis(turn.maxNanos())));
      List<String> command = new ArrayList<>(mode);
      command.addAll(2, List.of(Integer.toString(MAX_EXCHANGES), Long.toString(maxMillis)));
      Output output = run(command, maxMillis + GRACE_MILLIS);
      if (output.exitCode != 0) {
        throw new IOException(
            "the floor failed: exit=" + output.exitCode + ", command=" + command + output.lines);
      }
      for (String line : output.lines) {
        int space = line.indexOf(' ');
        turn.record(
            name,
            Long.parseLong(line.substring(0, space)),
            Long.parseLong(line.substring(space + 1)));
      }
    }
  }

  private record Output(int exitCode, List<String> lines) {}

  private static Output run(List<String> command, long maxMillis) throws IOException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    try (BufferedReader out =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      process.getOutputStream().close();
      List<String> lines = out.lines().toList();
      if (!process.waitFor(maxMillis, TimeUnit.MILLISECONDS)) {
        throw new IOException("took too long: command=" + command + ", limitMillis=" + maxMillis);
      }
      return new Output(process.exitValue(), lines);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted: command=" + command, e);
    } finally {
      process.destroyForcibly();
    }
  }
}
