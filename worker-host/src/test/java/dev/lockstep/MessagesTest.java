package dev.lockstep;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** What is posted arrives, in order, whichever side posts it; what fails is told. */
@ParameterizedClass
@MethodSource("dev.lockstep.Twin#twins")
@ExtendWith(NothingLeftBehind.class)
@Timeout(60)
class MessagesTest {
  private static final String ECHO =
      """
      from lockstep import on_message, post
      on_message(post)
      """;

  private final Twin twin;
  private final List<@Nullable Object> came = new CopyOnWriteArrayList<>();
  private final List<WorkerError> errors = new CopyOnWriteArrayList<>();

  MessagesTest(Twin twin) {
    this.twin = twin;
  }

  private PyWorker.Builder source(String text) {
    return twin.set(PyWorker.source(text)).onError(errors::add);
  }

  private void awaitCame(int count) {
    Until.holds(count + " messages", () -> came.size() >= count);
  }

  private WorkerError onlyError() {
    Until.holds("an error is told", () -> !errors.isEmpty());
    assertThat(errors).hasSize(1);
    return errors.get(0);
  }

  @Test
  void messagesGoBothWaysInOrder() {
    try (PyWorker worker = source(ECHO).onMessage(came::add).start()) {
      for (int i = 0; i < 1_000; i++) {
        worker.post(i);
      }
      worker.post(null);
      worker.post(Map.of("rows", List.of(1, 2)));
      awaitCame(1_002);
      assertThat(came.subList(0, 1_000)).isEqualTo(IntStream.range(0, 1_000).boxed().toList());
      assertThat(came.subList(1_000, 1_002))
          .isEqualTo(java.util.Arrays.asList(null, Map.of("rows", List.of(1, 2))));
      assertThat(errors).isEmpty();
    }
  }

  @Test
  void messagesPostedBeforeTheWorkerIsReadyWaitForItsScript() {
    CountDownLatch goOn = new CountDownLatch(1);
    try (PyWorker worker =
        source("from lockstep import sync\nsync.pause()\n" + ECHO)
            .exposeVoid("pause", goOn::await)
            .onMessage(came::add)
            .start()) {
      worker.post("early");
      goOn.countDown();
      awaitCame(1);
      assertThat(came).containsExactly("early");
    }
  }

  @Test
  void aMessageThatIsPostedWhileTheWorkerWaitsForUsIsHandledAfterThoseBefore() {
    AtomicReference<PyWorker> self = new AtomicReference<>();
    try (PyWorker worker =
        source(
                """
                from lockstep import on_message, post, sync
                @on_message
                def take(message):
                    post(message)
                    if message == "first": sync.meanwhile()
                """)
            .exposeVoid(
                "meanwhile",
                () -> {
                  self.get().post("second");
                  self.get().post("third");
                  came.add("meanwhile");
                })
            .onMessage(came::add)
            .start()) {
      self.set(worker);
      worker.post("first");
      awaitCame(4);
      assertThat(came).containsExactly("first", "meanwhile", "second", "third");
    }
  }

  @Test
  void anAsyncHandlerMayAwait() {
    try (PyWorker worker =
        source(
                """
                import asyncio
                from lockstep import on_message, post
                async def take(message):
                    await asyncio.sleep(message / 1000)
                    post(message)
                on_message(take)
                """)
            .onMessage(came::add)
            .start()) {
      worker.post(2_000);
      worker.post(0);
      awaitCame(2);
      assertThat(came).containsExactly(0, 2_000);
    }
  }

  @Test
  void aTypedListenerGetsRecordsAndWhatDoesNotFitIsTold() {
    record Point(int x, int y) {}
    try (PyWorker worker =
        source(
                "from lockstep import post\npost({'x': 1, 'y': 2})\npost('no point')\npost({'x': 3, 'y': 4})")
            .onMessage(Point.class, came::add)
            .start()) {
      worker.ready().join();
      awaitCame(2);
      assertThat(came).containsExactly(new Point(1, 2), new Point(3, 4));
      WorkerError error = onlyError();
      assertThat(error.source()).isEqualTo(WorkerError.Source.MESSAGE);
      assertThat(error.error()).hasMessageContaining("args[0]");
    }
  }

  @Test
  void whatAHandlerRaisesIsToldWithItsTracebackAndTheNextMessageComes() {
    try (PyWorker worker =
        source(
                """
                from lockstep import on_message, post
                @on_message
                def take(message):
                    post(10 // message)
                """)
            .name("divider")
            .onMessage(came::add)
            .start()) {
      worker.post(0);
      worker.post(5);
      awaitCame(1);
      assertThat(came).containsExactly(2);
      WorkerError error = onlyError();
      assertThat(error.worker()).isEqualTo("divider");
      assertThat(error.source()).isEqualTo(WorkerError.Source.MESSAGE);
      assertThat(error.error()).isInstanceOf(PythonException.class);
      assertThat(((PythonException) error.error()).traceback()).contains("post(10 // message)");
    }
  }

  @Test
  void whatAListenerThrowsIsToldAndTheNextMessageComes() {
    try (PyWorker worker =
        source("from lockstep import post\npost(1)\npost(2)")
            .onMessage(
                message -> {
                  if (message.equals(1)) {
                    throw new IllegalStateException("not this one");
                  }
                  came.add(message);
                })
            .start()) {
      worker.ready().join();
      awaitCame(1);
      assertThat(came).containsExactly(2);
      assertThat(onlyError().error()).hasMessage("not this one");
    }
  }

  @Test
  void aMessageThatNobodyTakesIsToldOnEitherSide() {
    try (PyWorker worker =
        source("from lockstep import post\nfor i in range(100): post(i)").start()) {
      worker.ready().join();
      Until.holds("it is told", () -> !errors.isEmpty());
      worker.post("x");
      Until.holds("this is told, too", () -> errors.size() == 2);
      assertThat(errors.get(0).error()).hasMessageContaining("give its builder an onMessage");
      assertThat(errors.get(1).error()).hasMessageContaining("call on_message(function)");
    }
  }

  @Test
  void whatCannotCrossIsRefusedAtTheSender() {
    try (PyWorker worker =
        source(
                """
                from lockstep import errors, on_message, post
                on_message(post)
                try:
                    post({"f": lambda: 1})
                except errors.UnserializableError as error:
                    post(error.path)
                try:
                    on_message(5)
                except TypeError as error:
                    post(str(error))
                """)
            .onMessage(came::add)
            .start()) {
      worker.ready().join();
      UnserializableException refused =
          Failing.with(
              UnserializableException.class, () -> worker.post(Map.of("t", List.of(new Thread()))));
      assertThat(refused.path()).isEqualTo("args[0][\"t\"][0]");
      worker.post("fine");
      awaitCame(3);
      assertThat(came)
          .containsExactly(
              "args[0][\"f\"]", "on_message refused: type=int, allowed=a callable or None", "fine");
      assertThat(errors).isEmpty();
    }
  }

  @Test
  void moreThanTwoThousandUnhandledMessagesAreRefusedAndCallsGoOn() throws Exception {
    try (PyWorker worker =
        source(
                """
                from lockstep import on_message, post, sync
                on_message(post)
                def busy(): return sync.pause()
                __export__ = ["busy"]
                """)
            .expose("pause", CompletableFuture::new)
            .onMessage(came::add)
            .start()) {
      worker.ready().join();
      CompletableFuture<Object> busy = worker.sync().callAsync("busy", Object.class);
      for (int i = 0; i < 2_048; i++) {
        worker.post(i);
      }
      QueueFullException full = Failing.with(QueueFullException.class, () -> worker.post(-1));
      assertThat(full).hasMessageContaining("limit=2048");
      busy.cancel(true);
      awaitCame(2_048);
      worker.post("again");
      awaitCame(2_049);
      assertThat(came).hasSize(2_049).endsWith("again").doesNotContain(-1);
    }
  }

  @Test
  void aWorkerThatIsAheadWaitsForTheListenerAndLosesNothing() {
    int many = 20_000;
    try (PyWorker worker =
        source(
                """
                from lockstep import post
                def pour(n):
                    for i in range(n): post(i)
                __export__ = ["pour"]
                """)
            .onMessage(came::add)
            .start()) {
      worker.sync().call("pour", void.class, many);
      awaitCame(many);
      assertThat(came).isEqualTo(IntStream.range(0, many).boxed().toList());
      assertThat(errors).isEmpty();
    }
  }

  @Test
  void theListenerRunsWhereExposedFunctionsRun() {
    ExecutorService executor =
        Executors.newSingleThreadExecutor(task -> new Thread(task, "the-ui-thread"));
    try (PyWorker worker =
        source(
                """
                from lockstep import post, sync
                post("message")
                sync.touch()
                sync.touch.notify()
                sync.flush()
                """)
            .executor(executor)
            .onMessage(message -> came.add(Thread.currentThread().getName()))
            .exposeVoid("touch", () -> came.add(Thread.currentThread().getName()))
            .start()) {
      worker.ready().join();
      assertThat(came).containsExactly("the-ui-thread", "the-ui-thread", "the-ui-thread");
    } finally {
      executor.shutdown();
    }
  }

  @Test
  void theBrowsersNamesOfAWorkerWork() {
    try (PyWorker worker =
        source(
                """
                import js
                from js import postMessage, self
                async def on(event):
                    self.postMessage({"type": event.type, "data": event.data})
                js.onmessage = on
                postMessage("up")
                """)
            .onMessage(came::add)
            .start()) {
      worker.post(7);
      awaitCame(2);
      assertThat(came).containsExactly("up", Map.of("type", "message", "data", 7));
    }
  }

  @Test
  void aWorkerThatNeverCallsMainTakesMessagesAndCannotPost() {
    try (PyWorker worker =
        source(
                """
                from lockstep import errors, on_message, post
                taken = []
                on_message(taken.append)
                def said():
                    try:
                        post(1)
                    except errors.SyncMainOnlyError as error:
                        return [str(error), taken]
                __export__ = ["said"]
                """)
            .syncMainOnly(true)
            .start()) {
      worker.post("one");
      worker.post("two");
      assertThat(worker.sync().call("said", Object.class))
          .isEqualTo(
              List.of(
                  "post() is not available in sync_main_only: this worker was configured so that"
                      + " main calls it and it never calls main",
                  List.of("one", "two")));
    }
    assertThat(
            Failing.with(
                IllegalArgumentException.class,
                () -> source("").syncMainOnly(true).onMessage(came::add).start()))
        .hasMessageContaining("onMessage would never be told");
  }

  @Test
  void afterTheEndNothingIsPosted() {
    PyWorker worker = source(ECHO).onMessage(came::add).start();
    worker.ready().join();
    worker.close();
    Failing.with(WorkerDiedException.class, () -> worker.post(1));
    assertThat(errors).isEmpty();
  }
}
