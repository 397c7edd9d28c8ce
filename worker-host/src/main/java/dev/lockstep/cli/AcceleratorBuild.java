package dev.lockstep.cli;

import dev.lockstep.Accelerator;
import dev.lockstep.PyWorker;
import dev.lockstep.Workers;
import dev.lockstep.env.Interpreters;
import dev.lockstep.env.ShimFolder;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * {@code doctor --build}: compiles the C accelerator for one interpreter beside the Python files in
 * the user's cache, where the workers of this version look for it, and starts a worker on it.
 */
final class AcceleratorBuild {
  private final String python;

  AcceleratorBuild(String python) {
    this.python = python;
  }

  int run(PrintWriter out) throws IOException {
    Path interpreter = new Interpreters().find(python);
    try (ShimFolder shim = ShimFolder.open()) {
      Path script = shim.path().resolve("lockstep").resolve("_c").resolve("build_accelerator.py");
      // The script names what is missing by a sentence of its own: compiler, headers, version.
      int exitCode =
          show(
              out,
              interpreter.toString(),
              "-I",
              script.toString(),
              "--require",
              "--interpreter",
              interpreter.toString());
      if (exitCode != 0) {
        throw new WrongUseException("no accelerator was built: python=" + interpreter);
      }
    }
    prove(interpreter);
    out.println("A worker on " + interpreter + " started with it.");
    out.flush();
    return ExitCode.OK;
  }

  private static void prove(Path interpreter) {
    try (Workers workers = Workers.open()) {
      workers
          .start(
              PyWorker.source("__export__ = []")
                  .name("doctor")
                  .interpreter(interpreter)
                  .accelerator(Accelerator.C))
          .ready()
          .join();
    }
  }

  private static int show(PrintWriter out, String... command) throws IOException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getOutputStream().close();
    out.print(new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
    out.flush();
    try {
      return process.waitFor();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      process.destroyForcibly();
      throw new IOException("interrupted", e);
    }
  }
}
