package dev.lockstep.cli;

import dev.lockstep.wire.ProtocolVersion;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The command without a subcommand: says what there is. */
@Command(
    name = "lockstep",
    mixinStandardHelpOptions = true,
    versionProvider = LockstepCommand.Version.class,
    description = "Calls Python functions in worker processes over shared memory.",
    subcommands = {
      CallCommand.class,
      RunCommand.class,
      BenchCommand.class,
      DoctorCommand.class,
      DumpCommand.class
    },
    footer = {
      "",
      "Exit status: 0; 1 for an error in the Python code, whose traceback is on stderr; 2 for wrong"
          + " use; 130 when ended by Ctrl-C.",
      "",
      "Example:",
      "  lockstep call examples/primes.py find_primes 1000000 use_numpy=false"
    })
final class LockstepCommand implements Runnable {
  @SuppressWarnings("NullAway.Init") // picocli sets it before call().
  @Spec
  CommandSpec spec;

  @Option(
      names = "--debug",
      scope = ScopeType.INHERIT,
      description = "show the Java stack trace of an error")
  boolean debug;

  @Override
  public void run() {
    throw new CommandLine.ParameterException(spec.commandLine(), "a command is missing");
  }

  /** The line of {@code --version}. */
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      String version = LockstepCommand.class.getPackage().getImplementationVersion();
      return new String[] {
        "lockstep "
            + (version == null ? "(unpacked build)" : version)
            + ", wire format "
            + ProtocolVersion.text(ProtocolVersion.WORD)
            + ", Java "
            + Runtime.version()
      };
    }
  }
}
