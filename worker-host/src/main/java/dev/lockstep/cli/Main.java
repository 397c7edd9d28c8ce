package dev.lockstep.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import picocli.CommandLine;

/** Where {@code java -jar lockstep.jar} begins. */
public final class Main {
  private Main() {}

  /** Runs one command and ends the process with its exit code. */
  public static void main(String[] args) {
    System.exit(execute(args));
  }

  private static int execute(String[] args) {
    try {
      return commandLine().execute(args);
    } catch (LinkageError e) {
      System.err.println(
          "lockstep: the native part of JNA cannot be loaded: "
              + e.getMessage()
              + "; name a folder that may hold programs, with room, by"
              + " JAVA_TOOL_OPTIONS=-Djna.tmpdir=FOLDER");
      return ExitCode.WRONG_USE;
    }
  }

  static CommandLine commandLine() {
    Failures failures = new Failures();
    CommandLine line = new CommandLine(new LockstepCommand());
    // JSON is UTF-8 whatever the locale: in the C locale System.out would print "?" for what is not
    // ASCII.
    FileOutputStream stdout = new FileOutputStream(FileDescriptor.out);
    line.setOut(new PrintWriter(new OutputStreamWriter(stdout, StandardCharsets.UTF_8)));
    line.setCaseInsensitiveEnumValuesAllowed(true)
        .setExecutionExceptionHandler(failures)
        .setParameterExceptionHandler(failures);
    // A negative number is an argument of the function, and a script has options of its own;
    // CommandArguments refuses what is neither.
    for (String name : List.of("call", "run")) {
      Objects.requireNonNull(line.getSubcommands().get(name))
          .setUnmatchedOptionsArePositionalParams(true);
    }
    return line;
  }
}
