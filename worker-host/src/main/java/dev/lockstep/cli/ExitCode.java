package dev.lockstep.cli;

/** The exit codes of every command. */
final class ExitCode {
  static final int OK = 0;

  /** The user's Python failed; its traceback is on stderr. */
  static final int PYTHON_ERROR = 1;

  /** The command line, or the machine, does not fit what is asked. */
  static final int WRONG_USE = 2;

  /** Ended by Ctrl-C; also what a shell shows for a process that SIGINT ended. */
  static final int INTERRUPTED = 130;

  private ExitCode() {}
}
