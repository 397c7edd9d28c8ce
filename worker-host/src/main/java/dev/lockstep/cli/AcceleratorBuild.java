package dev.lockstep.cli;

import java.io.PrintWriter;

/** {@code doctor --build}: compiles the C accelerator for one interpreter into the user's cache. */
final class AcceleratorBuild {
  private final String python;

  AcceleratorBuild(String python) {
    this.python = python;
  }

  int run(PrintWriter out) {
    out.println("not built: python=" + python);
    return ExitCode.WRONG_USE;
  }
}
