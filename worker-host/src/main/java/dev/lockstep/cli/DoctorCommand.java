package dev.lockstep.cli;

import picocli.CommandLine.Command;

/** Being written. */
@Command(name = "doctor", mixinStandardHelpOptions = true)
final class DoctorCommand implements Runnable {
  @Override
  public void run() {}
}
