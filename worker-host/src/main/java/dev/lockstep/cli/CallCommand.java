package dev.lockstep.cli;

import picocli.CommandLine.Command;

/** Being written. */
@Command(name = "call", mixinStandardHelpOptions = true)
final class CallCommand implements Runnable {
  @Override
  public void run() {}
}
