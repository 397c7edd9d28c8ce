package dev.lockstep;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** What a script logs reaches this JVM's loggers. */
@ParameterizedClass
@MethodSource("dev.lockstep.Twin#twins")
@ExtendWith(NothingLeftBehind.class)
@Timeout(60)
class LoggingTest {
  private static final String LOGGER = "dev.lockstep.worker.chatty";

  private final Twin twin;
  private final List<OutputLine> lines = new CopyOnWriteArrayList<>();
  private Logged logged = new Logged("unused");

  LoggingTest(Twin twin) {
    this.twin = twin;
  }

  @BeforeEach
  void collect() {
    logged.close();
    logged = new Logged("chatty");
  }

  @AfterEach
  void restore() {
    logged.close();
  }

  private PyWorker.Builder source(String text) {
    return twin.set(PyWorker.source(text)).name("chatty").onOutput(lines::add);
  }

  private List<String> texts() {
    return logged.records.stream().map(LogRecord::getMessage).toList();
  }

  @Test
  void recordsComeWithLevelLoggerAndErrorBeforeTheCallThatLoggedThemIsAnswered() {
    try (PyWorker worker =
        source(
                """
                import logging
                def work():
                    logging.getLogger("app.db").info("%s rows {0}", 7)
                    logging.warning("root")
                    try:
                        1 / 0
                    except ZeroDivisionError:
                        logging.getLogger("app").exception("divided")
                    logging.getLogger("app").debug("deep")
                    logging.getLogger("app").log(7, "deeper")
                __export__ = ["work"]
                """)
            .logLevel("app", System.Logger.Level.TRACE)
            .start()) {
      worker.sync().call("work", void.class);
      assertThat(texts()).containsExactly("7 rows {0}", "root", "divided", "deep", "deeper");
      assertThat(logged.records)
          .extracting(LogRecord::getLevel)
          .containsExactly(Level.INFO, Level.WARNING, Level.SEVERE, Level.FINE, Level.FINER);
      assertThat(logged.records)
          .extracting(LogRecord::getLoggerName)
          .containsExactly(
              LOGGER + ".app.db", LOGGER, LOGGER + ".app", LOGGER + ".app", LOGGER + ".app");
      PythonException error = (PythonException) logged.records.get(2).getThrown();
      assertThat(error.type()).isEqualTo("ZeroDivisionError");
      assertThat(error.traceback()).contains("1 / 0");
    }
    assertThat(lines).isEmpty();
  }

  @Test
  void levelsChangeAtRuntimeAlsoBeforeLoggingIsImported() {
    try (PyWorker worker =
        source(
                """
                def say(text):
                    import logging
                    logging.getLogger("a.b").info(text)
                __export__ = ["say"]
                """)
            .start()) {
      worker.ready().join();
      worker.logLevel("a", System.Logger.Level.INFO);
      worker.sync().call("say", void.class, "one");
      worker.logLevel("a.b", System.Logger.Level.ERROR);
      worker.sync().call("say", void.class, "two");
      worker.logLevel("a.b", System.Logger.Level.ALL);
      worker.sync().call("say", void.class, "three");
      worker.logLevel("a.b", System.Logger.Level.OFF);
      worker.sync().call("say", void.class, "four");
      assertThat(texts()).containsExactly("one", "three");
    }
  }

  @Test
  void basicConfigSetsTheLevelAndPrintsNothingTwiceAndHandlersOfTheScriptsOwnGoOn() {
    try (PyWorker worker =
        source(
                """
                import logging, sys
                logging.basicConfig(level=logging.INFO, format="%(message)s!")
                logging.info("once")
                own = logging.StreamHandler(sys.stdout)
                logging.getLogger("own").addHandler(own)
                logging.getLogger("own").info("twice")
                """)
            .start()) {
      worker.ready().join();
      assertThat(texts()).containsExactly("once", "twice");
      Until.holds("the script's own handler prints", () -> !lines.isEmpty());
      assertThat(lines).extracting(OutputLine::text).containsExactly("twice");
    }
  }

  @Test
  void withoutHostLoggingAndInAWorkerThatNeverCallsMainItIsAsPythonDoesIt() {
    String script = "import logging\nlogging.warning('to stderr')\nlogging.info('nowhere')";
    for (PyWorker.Builder builder :
        List.of(source(script).hostLogging(false), source(script).syncMainOnly(true))) {
      lines.clear();
      try (PyWorker worker = builder.start()) {
        worker.ready().join();
        Until.holds("it is printed", () -> !lines.isEmpty());
      }
      assertThat(lines).extracting(OutputLine::text).containsExactly("WARNING:root:to stderr");
      assertThat(texts()).isEmpty();
    }
  }

  @Test
  void theLastWordsOfAWorkerAreHeard() {
    PyWorker worker =
        source(
                """
                import logging, os, signal
                def fall():
                    for i in range(1000): logging.error("%d", i)
                    os.kill(os.getpid(), signal.SIGKILL)
                __export__ = ["fall"]
                """)
            .start();
    Failing.with(WorkerDiedException.class, () -> worker.sync().call("fall", void.class));
    worker.onExit().join();
    assertThat(texts()).hasSize(1_000).endsWith("999");
  }

  @Test
  void aStormWhileNobodyHandlesItEndsAndWhatWasDroppedIsSaid() throws Exception {
    CountDownLatch goOn = new CountDownLatch(1);
    try (PyWorker worker =
        source(
                """
                import logging
                def storm():
                    for i in range(30_000): logging.error("%d %s", i, "x" * 100)
                    return "over"
                __export__ = ["storm"]
                """)
            .exposeVoid("hold", goOn::await)
            .start()) {
      // The reading thread is busy in a function of the worker's.
      worker
          .runAsync("from lockstep import sync\nsync.hold.notify()", Map.of(), Object.class)
          .join();
      assertThat(worker.sync().call("storm", String.class)).isEqualTo("over");
      goOn.countDown();
      Until.holds("each record is somewhere", () -> handledOrDropped() >= 30_000);
      assertThat(handledOrDropped()).isEqualTo(30_000);
      int one = worker.run("1", Map.of(), int.class);
      assertThat(one).isEqualTo(1);
    } finally {
      goOn.countDown();
    }
  }

  private long handledOrDropped() {
    return lines.size()
        + texts().stream()
            .mapToLong(
                text ->
                    text.contains("dropped=")
                        ? Long.parseLong(text.substring(text.indexOf("dropped=") + 8))
                        : 1)
            .sum();
  }

  @Test
  void aRecordThatLogsWhileItBecomesTextAndOneThatHasNoText() {
    try (PyWorker worker =
        source(
                """
                import logging
                class Talkative:
                    def __str__(self):
                        logging.error("inner")
                        return "outer"
                logging.error("%s", Talkative())
                logging.error("%d", "no number")
                logging.error("\\udcff")
                logging.error("after")
                """)
            .start()) {
      worker.ready().join();
      assertThat(texts()).containsExactly("outer", "\\udcff", "after");
      Until.holds(
          "the rest is on stderr",
          () ->
              lines.stream().anyMatch(line -> line.text().contains("inner"))
                  && lines.stream().anyMatch(line -> line.text().contains("Logging error")));
    }
  }

  @Test
  void aForkedChildLogsToStderrAndItsParentGoesOn() {
    try (PyWorker worker =
        source(
                """
                import logging, os
                logging.error("parent")
                child = os.fork()
                if child == 0:
                    logging.error("child")
                    os._exit(0)
                os.waitpid(child, 0)
                logging.error("parent again")
                """)
            .start()) {
      worker.ready().join();
      assertThat(texts()).containsExactly("parent", "parent again");
      Until.holds(
          "the child's", () -> lines.stream().anyMatch(line -> line.text().contains("child")));
    }
  }

  @Test
  void aWorkerCannotMakeLoggersWithoutEnd() {
    try (PyWorker worker =
        source(
                """
                import logging
                for i in range(300): logging.getLogger("n%d" % i).error("text")
                """)
            .start()) {
      worker.ready().join();
      assertThat(logged.records).hasSize(300);
      assertThat(logged.records.get(255).getLoggerName()).isEqualTo(LOGGER + ".n255");
      assertThat(logged.records.get(256).getLoggerName()).isEqualTo(LOGGER);
      assertThat(logged.records.get(256).getMessage()).isEqualTo("n256: text");
    }
  }
}
