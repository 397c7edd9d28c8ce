package dev.lockstep;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a worker's process is started with, once all that its configuration asks for is there.
 *
 * @param options of the interpreter itself
 * @param environment added to this process's own
 * @param directory the working directory; null: this process's
 * @param path entries of {@code sys.path} behind the script's own folder
 * @param release gives back what was made for this worker alone
 */
record Launch(
    Path interpreter,
    List<String> options,
    Map<String, String> environment,
    @Nullable Path directory,
    List<String> path,
    Runnable release) {

  List<String> command(Path shim) {
    List<String> command = new ArrayList<>();
    command.add(interpreter.toString());
    command.addAll(options);
    command.add(shim.resolve("__main__.py").toString());
    return command;
  }
}
