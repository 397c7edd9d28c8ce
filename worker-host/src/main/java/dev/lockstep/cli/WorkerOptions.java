package dev.lockstep.cli;

import dev.lockstep.Accelerator;
import dev.lockstep.PyWorker;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of every command that starts a worker. */
final class WorkerOptions {
  @Option(
      names = "--python",
      paramLabel = "PATH",
      description = "the interpreter: a path or a name on the PATH (default: python3)")
  @Nullable String python;

  @Option(
      names = "--accelerator",
      paramLabel = "auto|c|py",
      description = "which half of the bridge serves in the worker (default: c if there is one)")
  @Nullable Accelerator accelerator;

  @Option(
      names = "--config",
      paramLabel = "JSON|FILE",
      description = "the worker's configuration: a JSON object, or a JSON or TOML file")
  @Nullable String config;

  PyWorker.Builder apply(PyWorker.Builder builder) {
    if (config != null) {
      builder.config(config);
    }
    if (python != null) {
      builder.interpreter(python);
    }
    if (accelerator != null) {
      builder.accelerator(accelerator);
    }
    return builder;
  }
}
