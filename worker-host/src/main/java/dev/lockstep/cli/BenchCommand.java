package dev.lockstep.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.lockstep.Accelerator;
import dev.lockstep.LockstepException;
import dev.lockstep.PyWorker;
import dev.lockstep.Workers;
import dev.lockstep.cli.bench.Bench;
import dev.lockstep.cli.bench.Exchange;
import dev.lockstep.cli.bench.Floor;
import dev.lockstep.cli.bench.PipePeer;
import dev.lockstep.cli.bench.Plan;
import dev.lockstep.cli.bench.Report;
import dev.lockstep.cli.bench.Row;
import dev.lockstep.cli.bench.WorkerExchange;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
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
      "Measures the round trip of a call f(int) -> int in both directions, with the C accelerator"
          + " and with its pure-Python twin, and for sync_main_only workers; beside it, in the same"
          + " run, what two C processes need over shared memory."
    },
    footer = {
      "",
      "A figure is the median over several rounds of each round's percentile. Timings are only"
          + " comparable within one run: the machine's other work falls on all rows alike."
    })
final class BenchCommand implements Callable<Integer> {
  @SuppressWarnings("NullAway.Init") // picocli sets it before call().
  @Spec
  CommandSpec spec;

  @Option(names = "--quick", description = "a few seconds instead of a minute; coarser")
  boolean quick;

  @Option(
      names = "--json",
      description = "one JSON object a row: name, p50_us, p99_us, floor_us, ratio")
  boolean json;

  @Option(
      names = "--peers",
      description = "measure other ways to reach a Python process too: JSON lines and a raw pipe")
  boolean peers;

  @Mixin final WorkerOptions workerOptions = new WorkerOptions();

  @Override
  public Integer call() throws IOException {
    PrintWriter out = spec.commandLine().getOut();
    Consumer<String> log = Terminal.isStderr() ? System.err::println : line -> {};
    List<Exchange> exchanges = new ArrayList<>();
    try (Workers workers = Workers.open();
        Floor floor = Floor.compile()) {
      try {
        addWorkers(workers, exchanges);
        if (peers) {
          String python = workerOptions.python == null ? "python3" : workerOptions.python;
          exchanges.add(PipePeer.jsonLines(python));
          exchanges.add(PipePeer.rawBytes(python));
        }
        Bench.Result result = new Bench(quick ? Plan.QUICK : Plan.FULL, floor, log).run(exchanges);
        print(result, floor.reason(), out);
      } finally {
        exchanges.forEach(Exchange::close);
      }
    }
    return ExitCode.OK;
  }

  private void addWorkers(Workers workers, List<Exchange> exchanges) {
    List<Accelerator> twins =
        workerOptions.accelerator == null || workerOptions.accelerator == Accelerator.AUTO
            ? List.of(Accelerator.C, Accelerator.PY)
            : List.of(workerOptions.accelerator);
    for (Accelerator twin : twins) {
      String suffix = twin == Accelerator.C ? ".c" : ".py";
      try {
        PyWorker both = start(workers, "bench" + suffix, twin, false);
        exchanges.add(WorkerExchange.hostToWorker("host_to_worker" + suffix, both));
        exchanges.add(WorkerExchange.workerToHost("worker_to_host" + suffix, both));
        PyWorker only = start(workers, "bench_main_only" + suffix, twin, true);
        exchanges.add(WorkerExchange.hostToWorker("sync_main_only" + suffix, only));
      } catch (LockstepException e) {
        if (twins.size() == 1 || twin != Accelerator.C) {
          throw e;
        }
        spec.commandLine().getErr().println("lockstep: no row for C: " + e.getMessage());
      }
    }
  }

  private PyWorker start(Workers workers, String name, Accelerator twin, boolean syncMainOnly) {
    PyWorker.Builder builder = workerOptions.apply(WorkerExchange.script());
    builder.name(name).accelerator(twin).syncMainOnly(syncMainOnly);
    if (!syncMainOnly) {
      builder.expose("echo", int.class, number -> number);
    }
    PyWorker worker = workers.start(builder);
    try {
      worker.ready().join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof LockstepException cause ? cause : e;
    }
    return worker;
  }

  private void print(Bench.Result result, String floorReason, PrintWriter out)
      throws JsonProcessingException {
    if (json) {
      for (Row row : result.rows()) {
        out.println(Json.write(row));
      }
      out.flush();
    } else {
      Report.print(result, floorReason, out);
    }
  }
}
