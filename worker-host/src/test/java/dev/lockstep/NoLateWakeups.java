package dev.lockstep;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * After each test of this module: no worker that ended meanwhile had a wake-up that came late, on
 * either side. Registered for all of them by {@code junit-platform.properties}.
 */
public final class NoLateWakeups implements BeforeEachCallback, AfterEachCallback {
  private static final Logger LOGGER = Logger.getLogger("dev.lockstep.worker");
  private static final ExtensionContext.Namespace NAMESPACE =
      ExtensionContext.Namespace.create(NoLateWakeups.class);

  /** For the service loader. */
  public NoLateWakeups() {}

  @Override
  public void beforeEach(ExtensionContext context) {
    Warnings warnings = new Warnings();
    LOGGER.addHandler(warnings);
    context.getStore(NAMESPACE).put("warnings", warnings);
  }

  @Override
  public void afterEach(ExtensionContext context) {
    Warnings warnings = context.getStore(NAMESPACE).get("warnings", Warnings.class);
    LOGGER.removeHandler(warnings);
    if (!warnings.texts.isEmpty()) {
      throw new AssertionError(String.join("\n", warnings.texts));
    }
  }

  private static final class Warnings extends Handler {
    private final Queue<String> texts = new ConcurrentLinkedQueue<>();

    @Override
    public void publish(LogRecord line) {
      if (line.getMessage().startsWith("late wake-ups")) {
        texts.add(line.getMessage());
      }
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
  }
}
