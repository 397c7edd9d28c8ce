package dev.lockstep.env;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Makes a virtual environment and installs packages into it: with uv where it is on the PATH, else
 * with the interpreter's own venv and pip. What those are configured to (mirrors, proxies,
 * credentials) holds.
 */
final class Installer {
  private static final int STEPS = 3;
  private static final int LINES_KEPT = 30;
  private static final int LINES_IN_MESSAGE = 8;
  private static final Pattern NO_NETWORK =
      Pattern.compile(
          "NewConnectionError|Failed to establish a new connection|Name or service not known|name"
              + " resolution|Network is unreachable|error sending request|dns error|Connection"
              + " refused|ConnectTimeoutError|tcp connect error",
          Pattern.CASE_INSENSITIVE);
  private static final Pattern NO_SUCH_PACKAGE =
      Pattern.compile(
          "No matching distribution found for (.+)|Because (\\S+) was not found in the.*"
              + "|(?:we can conclude that|Because) .*?(\\S+) (?:cannot be used|was not found).*");

  private final Packages packages;
  private final Path interpreter;
  private final InterpreterFacts facts;
  private final Tool tool;
  private final Packages.Listener listener;
  private final Deque<String> lastLines = new ArrayDeque<>();

  Installer(
      Packages packages,
      Path interpreter,
      InterpreterFacts facts,
      Tool tool,
      Packages.Listener listener) {
    this.packages = packages;
    this.interpreter = interpreter;
    this.facts = facts;
    this.tool = tool;
    this.listener = listener;
  }

  /**
   * Makes it in a folder that is not there yet.
   *
   * @param path the PATH to look for uv on
   */
  void makeIn(Path folder, @Nullable String path) throws InterruptedException {
    requireSource();
    Path uv = onPath("uv", path);
    String python = folder.resolve("bin").resolve("python").toString();
    listener.at(0, STEPS, "making an environment");
    List<String> install = new ArrayList<>();
    if (uv != null) {
      run(List.of(uv.toString(), "venv", "--python", interpreter.toString(), folder.toString()));
      install.addAll(List.of(uv.toString(), "pip", "install", "--python", python));
    } else {
      install.addAll(withVenv(folder, python));
    }
    install.addAll(sources());
    install.addAll(packages.requirements());
    listener.at(1, STEPS, "installing " + String.join(", ", packages.requirements()));
    run(install);
    listener.at(2, STEPS, "installed");
  }

  private List<String> withVenv(Path folder, String python) throws InterruptedException {
    if (!facts.hasVenv()) {
      throw new EnvironmentException(
          "packages cannot be installed: neither uv is on the PATH nor has the interpreter the"
              + " modules venv and ensurepip: interpreter="
              + interpreter
              + ", packages="
              + facts.missing()
              + "; install uv, or (Debian) apt install python3-venv");
    }
    boolean lends = facts.hasPipForOthers();
    List<String> make = new ArrayList<>(List.of(interpreter.toString(), "-m", "venv"));
    if (lends) {
      make.add("--without-pip"); // A pip of its own takes seconds, and nobody needs it.
    }
    make.add(folder.toString());
    run(make);
    List<String> install =
        new ArrayList<>(
            lends
                ? List.of(interpreter.toString(), "-m", "pip", "--python", python)
                : List.of(python, "-m", "pip"));
    install.addAll(
        List.of("install", "--no-input", "--disable-pip-version-check", "--progress-bar", "off"));
    return install;
  }

  private List<String> sources() {
    List<String> options = new ArrayList<>();
    if (packages.isOffline()) {
      options.add("--no-index");
    }
    if (packages.index() != null) {
      options.addAll(List.of("--index-url", packages.index()));
    }
    for (String link : packages.findLinks()) {
      options.addAll(List.of("--find-links", link));
    }
    return options;
  }

  private void requireSource() {
    boolean onlyFiles = facts.missing().stream().allMatch(each -> each.contains("/"));
    if (packages.isOffline() && packages.findLinks().isEmpty() && !onlyFiles) {
      throw new EnvironmentException(
          "packages cannot be installed without an index: packages="
              + facts.missing()
              + ", offline=true, find_links=[]; name a folder with their wheels in find_links, or"
              + " leave offline out");
    }
    for (String link : packages.findLinks()) {
      if (!link.contains("://") && !Files.isDirectory(Path.of(link))) {
        throw new EnvironmentException(
            "there is no such folder of wheels: find_links=" + link + "; correct the path");
      }
    }
  }

  static @Nullable Path onPath(String program, @Nullable String path) {
    for (String folder : (path == null ? "" : path).split(File.pathSeparator, -1)) {
      Path candidate = Path.of(folder.isEmpty() ? "." : folder, program).toAbsolutePath();
      if (Files.isExecutable(candidate) && !Files.isDirectory(candidate)) {
        return candidate;
      }
    }
    return null;
  }

  private void run(List<String> command) throws InterruptedException {
    lastLines.clear();
    Integer status = tool.run(command, this::line);
    if (status == null) {
      throw new EnvironmentException(
          "packages were not installed in time: packages="
              + facts.missing()
              + ", limits.install_seconds="
              + packages.timeout().toSeconds()
              + said());
    }
    if (status != 0) {
      // A password before the host of a URL has no place in a log.
      throw new EnvironmentException(failed(command, status).replaceAll("://[^/@\\s]+@", "://…@"));
    }
  }

  /** On the thread that reads; what runs the program looks only after that has ended. */
  private void line(String line) {
    if (lastLines.size() == LINES_KEPT) {
      lastLines.removeFirst();
    }
    lastLines.add(line);
    if (line.startsWith("Collecting ") || line.startsWith("Installing ")) {
      listener.at(1, STEPS, line);
    }
  }

  private String failed(List<String> command, int status) {
    String all = String.join("\n", lastLines);
    if (NO_NETWORK.matcher(all).find()) {
      return "no package index can be reached: packages="
          + facts.missing()
          + ", packages_index="
          + (packages.index() == null ? "the installer's own" : packages.index())
          + "; look at the network, name an index that is reachable in packages_index, or a folder"
          + " with wheels in find_links with offline=true"
          + said();
    }
    Matcher nobody = NO_SUCH_PACKAGE.matcher(all);
    if (nobody.find()) {
      String name = "";
      for (int i = 1; i <= nobody.groupCount() && name.isEmpty(); i++) {
        name = nobody.group(i) == null ? "" : nobody.group(i).strip();
      }
      return "there is no such package, or none that fits this interpreter: package="
          + name
          + ", interpreter="
          + interpreter
          + ", find_links="
          + packages.findLinks()
          + ", offline="
          + packages.isOffline()
          + "; correct its name or version, or say where it is"
          + said();
    }
    return "packages cannot be installed: packages="
        + facts.missing()
        + ", command="
        + String.join(" ", command)
        + ", exit status="
        + status
        + said();
  }

  private String said() {
    List<String> lines = new ArrayList<>(lastLines);
    List<String> last = lines.subList(Math.max(0, lines.size() - LINES_IN_MESSAGE), lines.size());
    return last.isEmpty() ? "" : ", the installer said: " + String.join(" | ", last);
  }
}
