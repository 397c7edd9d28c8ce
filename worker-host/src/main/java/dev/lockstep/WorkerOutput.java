package dev.lockstep;

import dev.lockstep.stdio.ByteSink;
import dev.lockstep.stdio.LineSplitter;
import dev.lockstep.stdio.LineTail;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;

/** One worker's output: both streams to one consumer, and the tail of stderr for its obituary. */
final class WorkerOutput {
  private final Consumer<? super OutputLine> consumer;
  private final System.Logger log;
  private final LineTail errorTail = new LineTail();
  private final LongAdder stdoutLines = new LongAdder();
  private final LongAdder stderrLines = new LongAdder();

  WorkerOutput(WorkerSettings settings, String worker) {
    this.log = System.getLogger("dev.lockstep.worker." + worker);
    Consumer<? super OutputLine> named = settings.outputConsumer;
    this.consumer = named == null ? this::log : named;
  }

  private void log(OutputLine line) {
    log.log(
        line.stream() == OutputLine.Stream.STDOUT
            ? System.Logger.Level.INFO
            : System.Logger.Level.WARNING,
        // A line is data: its braces mean nothing.
        () -> line.text());
  }

  ByteSink sink(OutputLine.Stream stream) {
    LineSplitter splitter =
        new LineSplitter((text, isComplete) -> deliver(new OutputLine(stream, text, isComplete)));
    return new ByteSink() {
      @Override
      public void onBytes(byte[] buffer, int length) {
        splitter.add(buffer, length);
      }

      @Override
      public void onEnd() {
        splitter.end();
      }
    };
  }

  private void deliver(OutputLine line) {
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
