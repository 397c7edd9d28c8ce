package dev.lockstep.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * One run of the packed command line as a process of its own. Everything that it starts inherits a
 * mark in its environment, by which what is left behind can be found.
 */
final class Cli implements AutoCloseable {
  static final Path REPOSITORY = Path.of("..").toAbsolutePath().normalize();
  static final Path JAR = REPOSITORY.resolve("worker-host/target/lockstep.jar");
  private static final Duration DEADLINE = Duration.ofSeconds(60);
  private static final String MARK = "LOCKSTEP_TEST_MARK";

  private final String mark = UUID.randomUUID().toString();
  private final Process process;
  private final Collected out;
  private final Collected err;

  private Cli(List<String> command, Path folder) throws IOException {
    this(command, folder, new File("/dev/null"));
  }

  private Cli(List<String> command, Path folder, File stdin) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
    builder.environment().put(MARK, mark);
    builder.redirectInput(ProcessBuilder.Redirect.from(stdin));
    process = builder.start();
    out = new Collected(process.getInputStream());
    err = new Collected(process.getErrorStream());
  }

  /**
   * Becomes the command behind it, with SIGINT as a terminal gives it: a build in the background of
   * a shell ignores it, what it starts inherits that, and a JVM that ignores it cannot be
   * interrupted.
   */
  private static final List<String> HEEDING_INTERRUPTS =
      List.of(
          "python3",
          "-c",
          "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL);"
              + " os.execvp(sys.argv[1], sys.argv[1:])");

  /** Starts {@code java -jar lockstep.jar} with these words. */
  static Cli start(String... words) throws IOException {
    List<String> command = new ArrayList<>(HEEDING_INTERRUPTS);
    command.addAll(java());
    command.addAll(List.of("-jar", JAR.toString()));
    command.addAll(List.of(words));
    return new Cli(command, REPOSITORY);
  }

  /** Starts any command. */
  static Cli startCommand(Path folder, String... command) throws IOException {
    return new Cli(List.of(command), folder);
  }

  /** Runs {@code java -jar lockstep.jar} to its end and checks that it left no process. */
  static Result run(String... words) throws IOException {
    try (Cli cli = start(words)) {
      return cli.await();
    }
  }

  /** The same with a file as its stdin. */
  static Result runTyping(Path stdin, String... words) throws IOException {
    List<String> command = new ArrayList<>(java());
    command.addAll(List.of("-jar", JAR.toString()));
    command.addAll(List.of(words));
    try (Cli cli = new Cli(command, REPOSITORY, stdin.toFile())) {
      return cli.await();
    }
  }

  /** Runs a Java source file beside the packed jar, with a file as its stdin. */
  static Result runJava(Path stdin, String... words) throws IOException {
    List<String> command = new ArrayList<>(java());
    command.addAll(List.of("-cp", JAR.toString()));
    command.addAll(List.of(words));
    try (Cli cli = new Cli(command, REPOSITORY, stdin.toFile())) {
      return cli.await();
    }
  }

  /** The words that start a JVM as the launcher does. */
  static List<String> java() {
    return List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-XX:TieredStopAtLevel=1",
        "-XX:+UseSerialGC");
  }

  /**
   * How a run ended.
   *
   * @param out its stdout
   * @param err its stderr
   */
  record Result(int exitCode, String out, String err) {}

  Result await() {
    try {
      assertThat(process.waitFor(DEADLINE.toSeconds(), TimeUnit.SECONDS))
          .as("ends in time; stderr so far: %s", err.text())
          .isTrue();
      String stdout = out.await();
      String stderr = err.await();
      assertNothingIsLeft();
      assertThat(stderr).doesNotContain("late wake-ups");
      return new Result(process.exitValue(), stdout, stderr);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  /** Waits until stderr has the text. */
  void awaitErr(String text) {
    awaitCondition("stderr has " + text, () -> err.text().contains(text));
  }

  /** As Ctrl-C does to the JVM. */
  void interrupt() throws IOException, InterruptedException {
    assertThat(new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start().waitFor())
        .isZero();
  }

  /** As {@code kill -9} does to the JVM alone. */
  void kill() {
    process.destroyForcibly();
  }

  long pid() {
    return process.pid();
  }

  /** The pids of what it started and what that started. */
  List<Long> descendants() {
    return process.descendants().map(ProcessHandle::pid).toList();
  }

  private void assertNothingIsLeft() {
    awaitCondition("no process is left: " + marked(), () -> marked().isEmpty());
  }

  private void awaitCondition(String what, BooleanSupplier condition) {
    long deadlineNanos = System.nanoTime() + DEADLINE.toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(deadlineNanos - System.nanoTime())
          .as("%s; stdout: %s; stderr: %s", what, out.text(), err.text())
          .isPositive();
      Thread.onSpinWait();
    }
  }

  private List<String> marked() {
    List<String> found = new ArrayList<>();
    try (DirectoryStream<Path> processes = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
      for (Path each : processes) {
        try {
          String environment =
              new String(Files.readAllBytes(each.resolve("environ")), StandardCharsets.ISO_8859_1);
          if (environment.contains(MARK + "=" + mark)) {
            found.add(Files.readString(each.resolve("cmdline")).replace('\0', ' '));
          }
        } catch (IOException gone) {
          // It ended while we looked, or is not ours.
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return found;
  }

  @Override
  public void close() {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
  }

  /** What a stream brings, gathered by a thread of its own. */
  private static final class Collected {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final Thread thread;

    Collected(InputStream stream) {
      thread =
          new Thread(
              () -> {
                try (stream) {
                  stream.transferTo(bytes);
                } catch (IOException e) {
                  bytes.writeBytes(e.toString().getBytes(StandardCharsets.UTF_8));
                }
              });
      thread.setDaemon(true);
      thread.start();
    }

    String text() {
      return bytes.toString(StandardCharsets.UTF_8);
    }

    String await() throws InterruptedException {
      thread.join(DEADLINE.toMillis());
      return text();
    }
  }
}
