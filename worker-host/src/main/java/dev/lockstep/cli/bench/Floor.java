package dev.lockstep.cli.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Two C processes that exchange a counter through shared memory: compiled on this machine from the
 * source in the jar, and run between the rounds of a benchmark. Closing removes the program.
 */
public final class Floor implements AutoCloseable {
  private static final String SOURCE = "/META-INF/lockstep/floor/floor.c";

  /** All that the folder has, and first the folder itself: the last named is deleted first. */
  private static final List<String> FILES = List.of("", "floor.c", "floor");

  private static final long COMPILE_SECONDS = 60;
  private static final long GRACE_MILLIS = 5_000;

  private final Path folder;
  private final @Nullable Path program;
  private final String reason;

  private Floor(Path folder, @Nullable Path program, String reason) {
    this.folder = folder;
    this.program = program;
    this.reason = reason;
  }

  /** Compiles the program. Where that cannot be done, {@link #reason} says why. */
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
          : new Floor(folder, null, "the compiler failed: " + compiled.text.strip());
    } catch (IOException e) {
      return new Floor(
          folder, null, "no C compiler: command=" + compiler + " (apt-get install gcc)");
    }
  }

  /** Why there is no floor, or an empty text. */
  public String reason() {
    return reason;
  }

  /**
   * Runs the exchange once.
   *
   * @param mode {@code spin} or {@code futex}
   * @return the median round trip in microseconds, or null where there is no floor
   */
  public @Nullable Double measureMicros(String mode, int exchanges, long maxMillis)
      throws IOException {
    if (program == null) {
      return null;
    }
    Output output =
        run(
            List.of(
                program.toString(), mode, Integer.toString(exchanges), Long.toString(maxMillis)),
            maxMillis + GRACE_MILLIS);
    if (output.exitCode != 0) {
      throw new IOException("the floor failed: exit=" + output.exitCode + ", " + output.text);
    }
    JsonNode answer = new ObjectMapper().readTree(output.text);
    return answer.get("p50_us").asDouble();
  }

  @Override
  public void close() {
    for (int i = FILES.size() - 1; i >= 0; i--) {
      folder.resolve(FILES.get(i)).toFile().delete();
    }
  }

  private record Output(int exitCode, String text) {}

  private static Output run(List<String> command, long maxMillis) throws IOException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    try (InputStream out = process.getInputStream()) {
      process.getOutputStream().close();
      String text = new String(out.readAllBytes(), StandardCharsets.UTF_8);
      if (!process.waitFor(maxMillis, TimeUnit.MILLISECONDS)) {
        throw new IOException("took too long: command=" + command + ", limitMillis=" + maxMillis);
      }
      return new Output(process.exitValue(), text);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted: command=" + command, e);
    } finally {
      process.destroyForcibly();
    }
  }
}
