package dev.lockstep.cli.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** An exchange while other processes keep every core busy. */
final class Loaded implements Exchange {
  /** Says that it runs, and ends by itself should nobody end it. */
  private static final String BUSY =
      """
      import sys, time
      end = time.monotonic() + float(sys.argv[1])
      print(flush=True)
      while time.monotonic() < end:
          pass
      """;

  private static final long SPARE_SECONDS = 30;

  private final Exchange exchange;
  private final String python;

  /** Takes the name and the figures of the exchange that it loads. */
  Loaded(Exchange exchange, String python) {
    this.exchange = exchange;
    this.python = python;
  }

  @Override
  public String name() {
    return exchange.name();
  }

  @Override
  public String description() {
    return exchange.description() + ", while another process is busy on each core";
  }

  @Override
  public Pace pace() {
    return Pace.SLOW;
  }

  @Override
  public void measure(Turn turn) throws IOException {
    List<Process> busy = new ArrayList<>();
    try {
      for (int i = 0; i < Runtime.getRuntime().availableProcessors(); i++) {
        busy.add(start(turn.maxNanos()));
      }
      for (Process process : busy) {
        if (process.getInputStream().read() < 0) {
          throw new IOException("a busy process did not start: command=" + python);
        }
      }
      exchange.measure(turn);
    } finally {
      busy.forEach(Process::destroyForcibly);
      for (Process process : busy) {
        awaitEnd(process);
      }
    }
  }

  private Process start(long turnNanos) throws IOException {
    long seconds = TimeUnit.NANOSECONDS.toSeconds(turnNanos) + SPARE_SECONDS;
    return new ProcessBuilder(python, "-c", BUSY, Long.toString(seconds))
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }

  private static void awaitEnd(Process process) {
    try {
      process.waitFor();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
