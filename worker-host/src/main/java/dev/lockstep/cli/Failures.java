package dev.lockstep.cli;

import dev.lockstep.CallTimeoutException;
import dev.lockstep.LockstepException;
import dev.lockstep.PythonException;
import dev.lockstep.UnserializableException;
import dev.lockstep.WorkerDiedException;
import dev.lockstep.WorkerError;
import dev.lockstep.WorkerMisbehavedException;
import dev.lockstep.WorkerStartException;
import dev.lockstep.env.EnvironmentException;
import java.io.PrintWriter;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/** What the user is told when a command fails, and with which exit code. */
final class Failures implements IExecutionExceptionHandler, IParameterExceptionHandler {
  /** With this code the worker's boot file refuses an interpreter that it cannot run on. */
  private static final int REFUSED_INTERPRETER = 3;

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
    return report(failure, line);
  }

  /** Prints the failure to the command's stderr and gives the exit code that goes with it. */
  static int report(Throwable failure, CommandLine line) {
    Throwable cause = failure;
    while (cause instanceof CompletionException && cause.getCause() != null) {
      cause = cause.getCause();
    }
    PrintWriter err = line.getErr();
    err.println(text(cause));
    if (isDebug(line)) {
      cause.printStackTrace(err);
    }
    err.flush();
    return exitCode(cause);
  }

  /** As Python prints an error that nobody waits for; with the end of its line. */
  static String textOf(WorkerError error) {
    String thread =
        error.source() == WorkerError.Source.THREAD
            ? "Exception in thread " + error.name() + ":\n"
            : "";
    return thread + text(error.error()) + "\n";
  }

  private static String text(Throwable failure) {
    PythonException python = pythonException(failure);
    if (python != null && !python.traceback().isBlank()) {
      return python.traceback().stripTrailing();
    }
    boolean isSentence =
        failure instanceof WrongUseException
            || failure instanceof LockstepException
            || failure instanceof EnvironmentException
            || failure instanceof IllegalArgumentException;
    String sentence = isSentence ? failure.getMessage() : null;
    return "lockstep: " + (sentence == null ? failure.toString() : sentence);
  }

  /** The user's own exception: what was called raised it, or the script while it booted. */
  private static @Nullable PythonException pythonException(Throwable failure) {
    if (failure instanceof PythonException python) {
      return python;
    }
    return failure instanceof WorkerStartException
            && failure.getCause() instanceof PythonException python
        ? python
        : null;
  }

  private static int exitCode(Throwable failure) {
    if (failure instanceof WorkerStartException start) {
      boolean scriptEndedIt =
          start.status() != null && start.status().exitCode().orElse(0) != REFUSED_INTERPRETER;
      return pythonException(start) != null || scriptEndedIt
          ? ExitCode.PYTHON_ERROR
          : ExitCode.WRONG_USE;
    }
    return failure instanceof PythonException
            || failure instanceof UnserializableException
            || failure instanceof CallTimeoutException
            || failure instanceof WorkerDiedException
            || failure instanceof WorkerMisbehavedException
        ? ExitCode.PYTHON_ERROR
        : ExitCode.WRONG_USE;
  }

  private static boolean isDebug(CommandLine line) {
    CommandLine top = line;
    while (top.getParent() != null) {
      top = top.getParent();
    }
    return ((LockstepCommand) top.getCommand()).debug;
  }
}
