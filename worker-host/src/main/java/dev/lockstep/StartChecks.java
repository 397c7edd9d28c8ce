package dev.lockstep;

import java.nio.file.Files;
import java.nio.file.Path;

/** What is looked at before anything is started, so that it is refused with a sentence. */
final class StartChecks {
  private StartChecks() {}

  /** Refuses a system on which a worker could not reach what it is told of. */
  static void requireProc() {
    if (!Files.isDirectory(Path.of("/proc/self/fd"))) {
      throw new WorkerStartException(
          "/proc is not mounted, and workers are reached through it: mount it (mount -t proc proc"
              + " /proc), or start the container with it",
          null);
    }
  }

  /** Refuses a script file that cannot be run. */
  static void requireScript(ScriptSource source) {
    if (!source.mode().equals("script")) {
      return;
    }
    Path script = Path.of(source.target());
    String problem =
        !Files.exists(script)
            ? "there is no such script"
            : Files.isDirectory(script)
                ? "the script is a folder"
                : !Files.isReadable(script) ? "the script is not readable" : "";
    if (!problem.isEmpty()) {
      throw new WorkerStartException(
          problem
              + ": path="
              + script
              + "; correct the path (a relative one begins at "
              + Path.of("").toAbsolutePath()
              + ")",
          null);
    }
  }
}
