package dev.lockstep.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.lockstep.OutputLine;
import dev.lockstep.PyWorker;
import dev.lockstep.PythonException;
import dev.lockstep.Script;
import dev.lockstep.Workers;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lockstep run}: one script in a worker of its own, with this terminal. */
@Command(
    name = "run",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Runs a Python script in a worker: what it prints comes out here, what is typed here is its"
          + " input, and the value of its last expression is printed at the end as JSON, unless it"
          + " is None."
    },
    footer = {
      "",
      "await may stand at the script's top level. sys.exit(n) ends the command with n. Ctrl-C raises"
          + " KeyboardInterrupt in the Python code.",
      "",
      "Examples:",
      "  lockstep run examples/statistics/stdev.py --context examples/statistics/context.json",
      "  echo '{\"A_rank\": [1, 2, 4]}' | lockstep run examples/statistics/stdev.py --context -"
    })
final class RunCommand implements Callable<Integer> {
  private static final Duration GRACE = Duration.ofSeconds(2);
  private static final String STDIN = "-";

  /** The script's folder and its words, as {@code python script.py} sets them. */
  private static final String AS_PYTHON_DOES =
      "import sys\nsys.path[0], sys.argv[:] = sys.argv[1], sys.argv[2:]";

  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  @SuppressWarnings("NullAway.Init") // picocli sets it before call().
  @Spec
  CommandSpec spec;

  @Mixin final WorkerOptions workerOptions = new WorkerOptions();

  @Option(
      names = "--context",
      paramLabel = "FILE|-",
      description = {
        "a JSON object with the script's first globals; - reads it from stdin, and the script's"
            + " input has ended then"
      })
  @Nullable String context;

  @Option(
      names = "--install-imports",
      description = "install what the script imports and the interpreter does not have, before")
  boolean installImports;

  @Parameters(index = "0", paramLabel = "SCRIPT", description = "a Python file")
  String file = "";

  @Parameters(index = "1..*", paramLabel = "ARG", description = "what it finds in sys.argv")
  List<String> words = new ArrayList<>();

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    // Closed last: until then a Ctrl-C waits for what is printed here.
    try (CtrlC ctrlC = new CtrlC(GRACE)) {
      try {
        Script script = script().context(context());
        Object value = run(script, ctrlC, out);
        if (value != null) {
          out.println(Json.write(value));
        }
        if (out.checkError()) {
          throw new WrongUseException(
              "the output cannot be written: stdout is closed, or its disk is full");
        }
        return ExitCode.OK;
      } catch (PythonException e) {
        return e.type().equals("SystemExit") ? exitOf(e) : Failures.report(e, spec.commandLine());
      } catch (Exception e) {
        return Failures.report(e, spec.commandLine());
      }
    }
  }

  private Script script() {
    try {
      Script script = Script.read(Path.of(file));
      return installImports ? script.installMissingImports() : script;
    } catch (NoSuchFileException e) {
      throw new WrongUseException("no such script: script=" + file);
    } catch (IOException e) {
      throw new WrongUseException("the script cannot be read: script=" + file + ", error=" + e);
    }
  }

  private Map<String, @Nullable Object> context() {
    if (context == null) {
      return Map.of();
    }
    try {
      byte[] json =
          context.equals(STDIN) ? System.in.readAllBytes() : Files.readAllBytes(Path.of(context));
      Map<String, @Nullable Object> values =
          JSON.readValue(json, new TypeReference<Map<String, @Nullable Object>>() {});
      if (values == null) {
        throw new WrongUseException("a context must be a JSON object: context=" + context);
      }
      return values;
    } catch (JsonProcessingException e) {
      throw new WrongUseException(
          "a context must be a JSON object: context="
              + context
              + ", error="
              + e.getOriginalMessage());
    } catch (NoSuchFileException e) {
      throw new WrongUseException("no such file: context=" + context);
    } catch (IOException e) {
      throw new WrongUseException(
          "the context cannot be read: context=" + context + ", error=" + e);
    }
  }

  private @Nullable Object run(Script script, CtrlC ctrlC, PrintWriter out) {
    Path folder = Path.of(file).toAbsolutePath().normalize().getParent();
    List<String> arguments = new ArrayList<>(List.of(String.valueOf(folder), file));
    arguments.addAll(words);
    BufferedReader typed =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    ProgressBar bar = new ProgressBar(System.err, Terminal.isStderr());
    PyWorker.Builder builder =
        workerOptions
            .apply(PyWorker.source(AS_PYTHON_DOES))
            .arguments(arguments.toArray(new String[0]))
            .grace(GRACE)
            .hostLogging(false)
            .onOutput(line -> print(line, out, bar))
            .onProgress(at -> bar.update(at.done(), at.total(), at.text()))
            .onError(error -> printError(Failures.textOf(error), bar))
            .onInput(
                prompt -> {
                  out.print(prompt);
                  out.flush();
                  return typed.readLine();
                });
    try (Workers workers = Workers.open()) {
      PyWorker worker = workers.start(builder);
      ctrlC.guard(worker);
      try {
        return worker.run(script, Object.class);
      } finally {
        // What the script still had to print comes before the value, and no process stays.
        worker.close();
        worker.onExit().join();
        bar.clear();
      }
    }
  }

  private static void print(OutputLine line, PrintWriter out, ProgressBar bar) {
    if (line.stream() == OutputLine.Stream.STDERR) {
      printError(line.isComplete() ? line.text() + "\n" : line.text(), bar);
    } else {
      bar.clear();
      out.print(line.isComplete() ? line.text() + "\n" : line.text());
      out.flush();
    }
  }

  private static void printError(String text, ProgressBar bar) {
    bar.clear();
    System.err.print(text);
    System.err.flush();
  }

  /** What Python's own command does with {@code sys.exit(code)}. */
  private int exitOf(PythonException exit) {
    Object code = exit.attributes().get("code");
    if (code instanceof Number number) {
      return number.intValue() & 0xFF;
    }
    if (code == null) {
      return ExitCode.OK;
    }
    PrintWriter err = spec.commandLine().getErr();
    err.println(code);
    err.flush();
    return ExitCode.PYTHON_ERROR;
  }
}
