package dev.lockstep.cli;

import java.util.Objects;
import picocli.CommandLine;

/** Where {@code java -jar lockstep.jar} begins. */
public final class Main {
  private Main() {}

  /** Runs one command and ends the process with its exit code. */
  public static void main(String[] args) {
    System.exit(commandLine().execute(args));
  }

  static CommandLine commandLine() {
    Failures failures = new Failures();
    CommandLine line = new CommandLine(new LockstepCommand());
    line.setCaseInsensitiveEnumValuesAllowed(true)
        .setExecutionExceptionHandler(failures)
        .setParameterExceptionHandler(failures);
    // A negative number is an argument of the function; CommandArguments refuses what is neither.
    Objects.requireNonNull(line.getSubcommands().get("call"))
        .setUnmatchedOptionsArePositionalParams(true);
    return line;
  }
}
