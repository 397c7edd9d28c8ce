package dev.lockstep.cli;

import dev.lockstep.LockstepException;
import java.io.PrintWriter;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/** What the user is told when a command fails, and with which exit code. */
final class Failures implements IExecutionExceptionHandler, IParameterExceptionHandler {
  @Override
  public int handleParseException(ParameterException failure, String[] args) {
    CommandLine line = failure.getCommandLine();
    PrintWriter err = line.getErr();
    err.println("lockstep: " + failure.getMessage());
    err.println(
        "Try '" + line.getCommandSpec().qualifiedName() + " --help' for what it understands.");
    err.flush();
    return ExitCode.WRONG_USE;
  }

  @Override
  public int handleExecutionException(Exception failure, CommandLine line, ParseResult parsed) {
    PrintWriter err = line.getErr();
    int exitCode = ExitCode.WRONG_USE;
    if (failure instanceof WrongUseException || failure instanceof LockstepException) {
      err.println("lockstep: " + failure.getMessage());
    } else {
      err.println("lockstep: " + failure);
    }
    if (isDebug(line)) {
      failure.printStackTrace(err);
    }
    err.flush();
    return exitCode;
  }

  private static boolean isDebug(CommandLine line) {
    CommandLine top = line;
    while (top.getParent() != null) {
      top = top.getParent();
    }
    return ((LockstepCommand) top.getCommand()).debug;
  }
}
