package dev.lockstep;

import dev.lockstep.stdio.ByteSink;
import dev.lockstep.stdio.LineSplitter;
import dev.lockstep.stdio.LineTail;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;

/**
 * One worker's output: both streams to one consumer, and the tail of stderr for its obituary.
 *
 * <p>A run with a consumer of its own has a number. The worker says whose turn it is to write, and
 * waits until what lies in the pipes has been read; everything read until its next word is that
 * run's.
 */
final class WorkerOutput {
  private static final long NOBODY = 0;

  private final System.Logger log;
  private final LineTail errorTail = new LineTail();
  private final LongAdder stdoutLines = new LongAdder();
  private final LongAdder stderrLines = new LongAdder();
  private final Writer worker;
  private final Map<Long, Writer> runs = new ConcurrentHashMap<>();
  private final AtomicLong lastRun = new AtomicLong();
  private long turn = NOBODY; // the polling thread's own

  WorkerOutput(WorkerSettings settings, String worker) {
    this.log = System.getLogger("dev.lockstep.worker." + worker);
    Consumer<? super OutputLine> named = settings.outputConsumer;
    this.worker = new Writer(named == null ? this::log : named);
  }

  private void log(OutputLine line) {
    log.log(
        line.stream() == OutputLine.Stream.STDOUT
            ? System.Logger.Level.INFO
            : System.Logger.Level.WARNING,
        // A line is data: its braces mean nothing.
        () -> line.text());
  }

  /** Both streams of one who writes, each with the line that it has begun. */
  private final class Writer {
    private final Consumer<? super OutputLine> consumer;
    private final LineSplitter stdout = splitter(OutputLine.Stream.STDOUT);
    private final LineSplitter stderr = splitter(OutputLine.Stream.STDERR);

    Writer(Consumer<? super OutputLine> consumer) {
      this.consumer = consumer;
    }

    private LineSplitter splitter(OutputLine.Stream stream) {
      return new LineSplitter(
          (text, isComplete) -> deliver(new OutputLine(stream, text, isComplete), consumer));
    }

    LineSplitter of(OutputLine.Stream stream) {
      return stream == OutputLine.Stream.STDOUT ? stdout : stderr;
    }
  }

  ByteSink sink(OutputLine.Stream stream) {
    return new ByteSink() {
      @Override
      public void onBytes(byte[] buffer, int length) {
        runs.getOrDefault(turn, worker).of(stream).add(buffer, length);
      }

      @Override
      public void onEnd() {
        runs.values().forEach(run -> run.of(stream).end());
        worker.of(stream).end();
      }
    };
  }

  private void deliver(OutputLine line, Consumer<? super OutputLine> consumer) {
    if (line.stream() == OutputLine.Stream.STDERR) {
      errorTail.add(line.text());
      stderrLines.increment();
    } else {
      stdoutLines.increment();
    }
    try {
      consumer.accept(line);
    } catch (RuntimeException | Error e) {
      log.log(System.Logger.Level.WARNING, "the consumer of a worker's output failed", e);
    }
  }

  /** A number for a run whose output goes to this consumer until {@link #forget}. */
  long register(Consumer<? super OutputLine> consumer) {
    long run = lastRun.incrementAndGet();
    runs.put(run, new Writer(consumer));
    return run;
  }

  /** The run has its answer: what it may still write is the worker's. */
  void forget(long run) {
    runs.remove(run);
  }

  /**
   * What is read from now on is this run's; another one, or 0, has ended. On the polling thread.
   */
  void switchTo(long run, long ended) {
    turn = run;
    Writer last = runs.get(ended);
    if (last != null) {
      last.stdout.end();
      last.stderr.end();
    }
  }

  List<String> lastErrorLines() {
    return errorTail.lines();
  }

  long stdoutLines() {
    return stdoutLines.sum();
  }

  long stderrLines() {
    return stderrLines.sum();
  }
}
