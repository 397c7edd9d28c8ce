package dev.lockstep.env;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Finds the Python to run: what the builder named, system property {@code lockstep.python},
 * environment variable {@code LOCKSTEP_PYTHON}, {@code python3} on PATH.
 */
public final class Interpreters {
  private static final String PROPERTY = "lockstep.python";
  private static final String VARIABLE = "LOCKSTEP_PYTHON";
  private static final String DEFAULT = "python3";

  private final UnaryOperator<@Nullable String> properties;
  private final UnaryOperator<@Nullable String> environment;

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
   * The absolute path of the interpreter; symbolic links are kept, for a virtual environment is
   * one.
   *
   * @param named what the builder named: a path, or a name without a slash to look for on PATH
   * @throws EnvironmentException with a sentence that says what to do
   */
  public Path find(@Nullable String named) {
    if (named != null) {
      return resolve(named, "named by the builder");
    }
    String property = properties.apply(PROPERTY);
    if (property != null && !property.isBlank()) {
      return resolve(property, "named by system property " + PROPERTY);
    }
    String variable = environment.apply(VARIABLE);
    if (variable != null && !variable.isBlank()) {
      return resolve(variable, "named by environment variable " + VARIABLE);
    }
    return resolve(DEFAULT, "the default");
  }

  private Path resolve(String name, String origin) {
    return name.contains("/") ? byPath(Path.of(name), origin) : onPath(name, origin);
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

  private Path onPath(String name, String origin) {
    String path = environment.apply("PATH");
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
