package dev.lockstep.env;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Finds the Python to run: what the builder or the configuration named, system property {@code
 * lockstep.python}, environment variable {@code LOCKSTEP_PYTHON}, {@code python3} on PATH.
 */
public final class Interpreters {
  private static final String PROPERTY = "lockstep.python";
  private static final String VARIABLE = "LOCKSTEP_PYTHON";
  private static final String DEFAULT = "python3";

  private final UnaryOperator<@Nullable String> properties;
  private final UnaryOperator<@Nullable String> environment;
  private final VersionSearch versions = new VersionSearch();

  /** With this process's properties and environment. */
  public Interpreters() {
    this(System::getProperty, System::getenv);
  }

  Interpreters(
      UnaryOperator<@Nullable String> properties, UnaryOperator<@Nullable String> environment) {
    this.properties = properties;
    this.environment = environment;
  }

  /**
   * The same without variables of the worker's own, for those who are not interrupted.
   *
   * @throws EnvironmentException with a sentence that says what to do
   */
  public Path find(@Nullable String named) {
    try {
      return find(named, Map.of());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new EnvironmentException("the search for an interpreter was interrupted: " + named);
    }
  }

  /**
   * The absolute path of the interpreter; symbolic links are kept, for a virtual environment is
   * one.
   *
   * @param named what was named: a path, a version such as {@code 3.12} to look for among those
   *     installed, or a name without a slash to look for on PATH
   * @param variables of the worker's own, before those of this process
   * @throws EnvironmentException with a sentence that says what to do
   * @throws InterruptedException only for a version, which is asked of the interpreters
   */
  public Path find(@Nullable String named, Map<String, String> variables)
      throws InterruptedException {
    if (named != null) {
      return isVersion(named)
          ? versions.find(named)
          : resolve(named, "named by the builder or the configuration", variables);
    }
    String property = properties.apply(PROPERTY);
    if (property != null && !property.isBlank()) {
      return resolve(property, "named by system property " + PROPERTY, variables);
    }
    String variable = environment.apply(VARIABLE);
    if (variable != null && !variable.isBlank()) {
      return resolve(variable, "named by environment variable " + VARIABLE, variables);
    }
    return resolve(DEFAULT, "the default", variables);
  }

  /** Whether it is a version, which takes time to find: the interpreters must be asked. */
  public static boolean isVersion(@Nullable String named) {
    return named != null && named.matches("\\d+(\\.\\d+){0,2}");
  }

  private Path resolve(String name, String origin, Map<String, String> variables) {
    return name.contains("/")
        ? byPath(Path.of(name), origin)
        : onPath(name, origin, variables.getOrDefault("PATH", environment.apply("PATH")));
  }

  private static Path byPath(Path path, String origin) {
    Path absolute = path.toAbsolutePath();
    String what = "interpreter=" + absolute + " (" + origin + ")";
    if (!Files.exists(absolute)) {
      throw new EnvironmentException(
          "there is no such Python interpreter: " + what + "; correct the path");
    }
    if (Files.isDirectory(absolute)) {
      throw new EnvironmentException(
          "the Python interpreter is a folder: "
              + what
              + "; name the executable in it, as bin/python3");
    }
    if (!Files.isExecutable(absolute)) {
      throw new EnvironmentException(
          "the Python interpreter is not executable: " + what + "; make it so with chmod +x");
    }
    return absolute;
  }

  private static Path onPath(String name, String origin, @Nullable String path) {
    for (String folder : (path == null ? "" : path).split(Pattern.quote(File.pathSeparator), -1)) {
      Path candidate = Path.of(folder.isEmpty() ? "." : folder, name).toAbsolutePath();
      if (Files.isExecutable(candidate) && !Files.isDirectory(candidate)) {
        return candidate;
      }
    }
    throw new EnvironmentException(
        "there is no such Python interpreter on PATH: interpreter="
            + name
            + " ("
            + origin
            + "), PATH="
            + path
            + "; install Python 3.9 or newer (Debian: apt install python3), or name one with "
            + VARIABLE);
  }
}
