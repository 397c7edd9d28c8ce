package dev.lockstep.cli;

/** The command line asks for something that cannot be: one sentence for the user, exit code 2. */
final class WrongUseException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  WrongUseException(String sentence) {
    super(sentence);
  }
}
