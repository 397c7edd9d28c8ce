package dev.lockstep.cli;

import picocli.CommandLine.Command;

/** Being written. */
@Command(name = "bench", mixinStandardHelpOptions = true)
final class BenchCommand implements Runnable {
  @Override
  public void run() {}
}
