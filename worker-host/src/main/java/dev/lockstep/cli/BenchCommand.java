package dev.lockstep.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.lockstep.Accelerator;
import dev.lockstep.LockstepException;
import dev.lockstep.PyWorker;
import dev.lockstep.Workers;
import dev.lockstep.cli.bench.Bench;
import dev.lockstep.cli.bench.Exchange;
import dev.lockstep.cli.bench.Figures;
import dev.lockstep.cli.bench.Floor;
import dev.lockstep.cli.bench.Plan;
import dev.lockstep.cli.bench.Report;
import dev.lockstep.cli.bench.Row;
import dev.lockstep.cli.bench.Table;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionException;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code lockstep bench}: how long a call takes on this machine. */
@Command(
    name = "bench",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Measures calls in both directions, with the C accelerator and with its pure-Python twin:"
          + " one after the other, nested, from many threads, into sleeping and into busy"
          + " processes; beside them, in the same rounds, what two C processes need to exchange a"
          + " number. Says of each figure what it may be and whether it is."
    },
    footer = {
      "",
      "A figure is the median over several rounds of each round's percentile. Timings are only"
          + " comparable within one run: the machine's other work falls on all rows alike.",
      "A target that is missed changes nothing in the exit status."
    })
final class BenchCommand implements Callable<Integer> {
  @SuppressWarnings("NullAway.Init") // picocli sets it before call().
  @Spec
  CommandSpec spec;

  @Option(
      names = "--quick",
      description = "a few seconds instead of minutes: coarser, and without the slow rows")
  boolean quick;

  @Option(
      names = "--json",
      description =
          "one JSON object a row: name, p50_us, p99_us, floor_us, ratio, target_ratio, met,"
              + " against, value, unit")
  boolean json;

  @Option(
      names = "--rows",
      paramLabel = "PATTERN",
      split = ",",
      description =
          "only rows with such names, and what they are measured against: parts of names; '*'"
              + " stands for anything, several are separated by commas")
  @Nullable List<String> rows;

  @Option(
      names = "--peers",
      description = "measure other ways to reach a Python process too: JSON lines and a raw pipe")
  boolean peers;

  @Mixin final WorkerOptions workerOptions = new WorkerOptions();

  private @Nullable String interpreter;

  @Override
  public Integer call() throws IOException {
    ProgressBar bar = new ProgressBar(System.err, Terminal.isStderr());
    try (Workers workers = Workers.open();
        Floor floor = Floor.compile()) {
      Table all = table(workers, floor, bar);
      try {
        Plan plan = quick ? Plan.QUICK : Plan.FULL;
        Table table = all.only(wanted(), plan);
        requireSomething(table, all);
        Figures figures = new Bench(plan, bar::update).run(table.exchanges());
        bar.clear();
        print(table, figures, remarks(table, all, floor, figures));
      } finally {
        bar.clear();
        all.exchanges().forEach(Exchange::close);
      }
    }
    return ExitCode.OK;
  }

  private Table table(Workers workers, Floor floor, ProgressBar bar) throws IOException {
    Table table = new Table();
    Accelerator asked = workerOptions.accelerator;
    boolean both = asked == null || asked == Accelerator.AUTO;
    if (both || asked == Accelerator.C) {
      try {
        table.addAccelerated(builder -> start(workers, builder, Accelerator.C));
      } catch (LockstepException e) {
        if (!both) {
          throw e;
        }
        bar.clear();
        spec.commandLine().getErr().println("lockstep: no row for C: " + e.getMessage());
      }
    }
    if (both || asked == Accelerator.PY) {
      table.addPure(builder -> start(workers, builder, Accelerator.PY));
    }
    table.addCommon();
    table.addFloors(floor);
    if (peers) {
      table.addPeers();
    }
    return table;
  }

  /**
   * A worker that is ready. Once one has said what really runs it, the others are started by that:
   * what stands before an interpreter, as pyenv's shims do, would be measured with each start.
   */
  private PyWorker start(Workers workers, PyWorker.Builder builder, Accelerator twin) {
    workerOptions.apply(builder).accelerator(twin);
    if (interpreter != null) {
      builder.interpreter(interpreter);
    }
    try {
      PyWorker worker = workers.start(builder).ready().join();
      interpreter = worker.describe().executable();
      return worker;
    } catch (CompletionException e) {
      throw e.getCause() instanceof LockstepException cause ? cause : e;
    }
  }

  /** Which names the user asked for. */
  private Predicate<String> wanted() {
    List<String> patterns = rows;
    if (patterns == null) {
      return name -> true;
    }
    String any =
        patterns.stream()
            .map(pattern -> "\\Q" + pattern.strip().replace("*", "\\E.*\\Q") + "\\E")
            .collect(Collectors.joining("|"));
    return Pattern.compile(any).asPredicate();
  }

  private void requireSomething(Table chosen, Table all) {
    if (chosen.names().isEmpty()) {
      throw new WrongUseException(
          "no row has such a name"
              + (quick ? " in a quick run" : "")
              + ": rows="
              + rows
              + ", known="
              + all.names());
    }
  }

  private List<String> remarks(Table chosen, Table all, Floor floor, Figures figures) {
    List<String> remarks = new ArrayList<>(floor.remarks(figures));
    List<String> left = new ArrayList<>(all.only(wanted(), Plan.FULL).names());
    left.removeAll(chosen.names());
    if (!left.isEmpty()) {
      remarks.add("Left out in a quick run: " + String.join(", ", left));
    }
    return remarks;
  }

  /** What is no row goes to stderr where a program reads the rows. */
  private void print(Table table, Figures figures, List<String> remarks)
      throws JsonProcessingException {
    PrintWriter out = spec.commandLine().getOut();
    if (!json) {
      Report.print(table, figures, remarks, out);
      return;
    }
    for (Row row : table.rows(figures)) {
      out.println(Json.write(row));
    }
    out.flush();
    remarks.forEach(remark -> spec.commandLine().getErr().println("lockstep: " + remark));
  }
}
