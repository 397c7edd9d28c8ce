package dev.lockstep;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** Calls both ways, through real workers. */
@SuppressWarnings("FutureReturnValueIgnored")
@ParameterizedClass
@MethodSource("dev.lockstep.Twin#twins")
@ExtendWith(NothingLeftBehind.class)
@Timeout(60)
class CallsTest {
  private final Twin twin;

  CallsTest(Twin twin) {
    this.twin = twin;
  }

  private PyWorker.Builder source(String text) {
    return twin.set(PyWorker.source(text));
  }

  private static PyWorker ready(PyWorker.Builder builder) {
    PyWorker worker = builder.start();
    try {
      worker.ready().join();
    } catch (RuntimeException e) {
      worker.close();
      throw e;
    }
    return worker;
  }

  @Test
  void theClassicPrintsItsFourLinesInOrder() {
    List<String> printed = new ArrayList<>();
    try (PyWorker worker =
        source(
                """
                from lockstep import sync
                sync.greetings()
                assert sync.hello("PyScript") == "Hello, PyScript"
                sync.heavy_computation = lambda: 6 * 7
                """)
            .exposeVoid("greetings", () -> printed.add("bootstrapped"))
            .expose("hello", String.class, name -> "Hello, " + name)
            .start()) {
      worker.ready().join();
      int answer = worker.sync().call("heavy_computation", int.class);
      assertThat(answer).isEqualTo(42);
      assertThat(printed).containsExactly("bootstrapped");
    }
  }

  @Test
  void aFunctionThatIsNotExportedIsNamedTogetherWithThoseThatAre() {
    try (PyWorker worker =
        ready(source("def a(): return 1\ndef b(): return 2\n__export__ = ['a']").name("X"))) {
      NotExportedException failure =
          Failing.with(NotExportedException.class, () -> worker.sync().call("b", Object.class));
      assertThat(failure).hasMessageContaining("b is not exported by worker X; exports: a");
      assertThat(failure.exports()).containsExactly("a");
      assertThat(worker.sync().call("a", Integer.class)).isEqualTo(1);
    }
  }

  @Test
  void aCallMadeBeforeReadyWaitsForTheWholeScript() {
    CountDownLatch goOn = new CountDownLatch(1);
    try (PyWorker worker =
        source(
                """
                from lockstep import sync
                sync.wait_for_java()
                sync.fn = lambda x: x + 1
                """)
            .exposeVoid("wait_for_java", goOn::await)
            .start()) {
      CompletableFuture<Integer> early = worker.sync().callAsync("fn", Integer.class, 41);
      assertThat(worker.state()).isEqualTo(WorkerState.STARTING);
      assertThat(early).isNotDone();
      goOn.countDown();
      assertThat(early.join()).isEqualTo(42);
    }
  }

  @Test
  void keywordArgumentsAreBoundByName() {
    try (PyWorker worker =
        ready(
            source(
                """
                def f(a, b=2, *, c=3): return [a, b, c]
                __export__ = ["f"]
                """))) {
      Sync sync = worker.sync();
      assertThat(sync.call("f", Object.class, 1, Kwargs.of("b", 20))).isEqualTo(List.of(1, 20, 3));
      assertThat(sync.call("f", Object.class, Kwargs.of("c", 30).and("a", 10)))
          .isEqualTo(List.of(10, 2, 30));
      WrongArgumentsException failure =
          Failing.with(
              WrongArgumentsException.class,
              () -> sync.call("f", Object.class, 1, Kwargs.of("nope", 1)));
      assertThat(failure).hasMessageContaining("nope").hasMessageContaining("call=f");
      assertThat(sync.call("f", Object.class, 1)).isEqualTo(List.of(1, 2, 3));
    }
  }

  /** Handlers of the test of keyword arguments the other way. */
  public static final class Named {
    @Exposed(parameters = {"a", "b"})
    public int subtract(int a, int b) {
      return a - b;
    }

    @Exposed("collect")
    public String all(String first, Kwargs rest) {
      return first + rest;
    }
  }

  @Test
  void pythonPassesKeywordArgumentsToExposedMethods() {
    try (PyWorker worker =
        ready(
            source(
                    """
                    from lockstep import sync
                    def go():
                        refused = []
                        for call in (lambda: sync.subtract(1, c=2), lambda: sync.subtract(1),
                                     lambda: sync.plain(1, x=2),
                                     lambda: sync.subtract("x", b=2)):
                            try:
                                refused.append(call())
                            except Exception as e:
                                refused.append(type(e).__name__ + ": " + str(e))
                        return [sync.subtract(1, b=2), sync.subtract(b=1, a=5), sync.collect("x", k=1),
                                refused]
                    __export__ = ["go"]
                    """)
                .expose(new Named())
                .expose("plain", int.class, x -> x))) {
      List<?> result = worker.sync().call("go", List.class);
      assertThat(result.subList(0, 3)).isEqualTo(List.of(-1, 4, "x{k=1}"));
      List<?> refused = (List<?>) result.get(3);
      assertThat(refused).allMatch(text -> text.toString().startsWith("WrongArgumentsError: "));
      assertThat(refused.get(0).toString()).contains("argument=b");
      assertThat(refused.get(1).toString()).contains("argument=b");
      assertThat(refused.get(2).toString()).contains("x");
    }
  }

  @Test
  void resultsThatLookLikeNothingAreResults() {
    try (PyWorker worker =
        ready(
            source(
                """
                values = [None, 0, "", False, [], {}, 0.0]
                def pick(i): return values[i]
                __export__ = ["pick"]
                """))) {
      Sync sync = worker.sync();
      assertThat(sync.<@Nullable Object>call("pick", Object.class, 0)).isNull();
      assertThat(sync.call("pick", Object.class, 1)).isEqualTo(0);
      assertThat(sync.call("pick", Object.class, 2)).isEqualTo("");
      assertThat(sync.call("pick", Object.class, 3)).isEqualTo(false);
      assertThat(sync.call("pick", Object.class, 4)).isEqualTo(List.of());
      assertThat(sync.call("pick", Object.class, 5)).isEqualTo(Map.of());
      assertThat(sync.call("pick", Object.class, 6)).isEqualTo(0.0);
      assertThat(sync.callAsync("pick", Object.class, 0).join()).isNull();
    }
  }

  @Test
  void aStageReturnedByJavaIsAPlainValueInPython() {
    try (PyWorker worker =
        ready(
            source(
                    """
                    from lockstep import sync
                    def go(): return sync.add(1, 2)
                    __export__ = ["go"]
                    """)
                .expose(
                    "add",
                    int.class,
                    int.class,
                    (a, b) ->
                        CompletableFuture.supplyAsync(
                            () -> a + b,
                            CompletableFuture.delayedExecutor(50, TimeUnit.MILLISECONDS))))) {
      assertThat(worker.sync().call("go", Integer.class)).isEqualTo(3);
    }
  }

  @Test
  void coroutinesAreAwaitedAndSeveralAreInFlightTogether() {
    try (PyWorker worker =
        ready(
            source(
                """
                import asyncio
                waiting = []
                async def f():
                    await asyncio.sleep(.05)
                    return 5
                async def meet(n):
                    future = asyncio.get_running_loop().create_future()
                    waiting.append(future)
                    if len(waiting) == n:
                        for w in waiting: w.set_result(None)
                    await future
                    return n
                __export__ = ["f", "meet"]
                """))) {
      assertThat(worker.sync().callAsync("f", Integer.class).join()).isEqualTo(5);
      assertThat(worker.sync().call("f", Integer.class)).isEqualTo(5);
      List<CompletableFuture<Integer>> all = new ArrayList<>();
      for (int i = 0; i < 5; i++) {
        all.add(worker.sync().callAsync("meet", Integer.class, 5));
      }
      all.forEach(one -> assertThat(one.orTimeout(20, TimeUnit.SECONDS).join()).isEqualTo(5));
    }
  }

  @Test
  void anUnknownFunctionIsNamedOnBothSidesAndTheNextCallWorks() {
    try (PyWorker worker =
        ready(
            source(
                    """
                    from lockstep import sync
                    def go():
                        try:
                            sync.nope(1)
                        except Exception as e:
                            return [str(e), sync.known(2)]
                    __export__ = ["go"]
                    """)
                .expose("known", int.class, x -> x + 1))) {
      List<?> result = worker.sync().call("go", List.class);
      assertThat(result.get(0).toString()).contains("nope").contains("known");
      assertThat(result.get(1)).isEqualTo(3);
      assertThat(
              Failing.with(
                  NotExportedException.class, () -> worker.sync().call("nope", void.class)))
          .hasMessageContaining("nope");
      List<?> again = worker.sync().call("go", List.class);
      assertThat(again).hasSize(2);
    }
  }

  @Test
  void assigningWhatCannotBeCalledFailsAtOnce() {
    WorkerStartException failure;
    try (PyWorker worker = source("from lockstep import sync\nsync.xxx = 42").start()) {
      failure = Failing.with(WorkerStartException.class, worker.ready());
    }
    assertThat(failure).hasMessageContaining("TypeError").hasMessageContaining("xxx");
    assertThat(failure.getCause()).isInstanceOf(PythonException.class);
  }

  @Test
  void namesThatMeanSomethingElsewhereAreOrdinaryNames() {
    List<String> names =
        List.of(
            "then", "get", "toString", "hashCode", "wait", "await", "class", "__len__", "math.add");
    PyWorker.Builder builder =
        source(
            """
            from lockstep import sync
            names = %s
            for name in names:
                sync[name] = lambda name=name: "py " + name
            def go(): return [sync[name]() for name in names] + [sync.math.add()]
            sync.go = go
            """
                .formatted(names.toString().replaceAll("([\\w.]+)", "'$1'")));
    names.forEach(name -> builder.expose(name, () -> "java " + name));
    try (PyWorker worker = ready(builder)) {
      names.forEach(
          name -> assertThat(worker.sync().call(name, String.class)).isEqualTo("py " + name));
      List<String> expected = new ArrayList<>(names.stream().map(name -> "java " + name).toList());
      expected.add("java math.add");
      List<?> got = worker.sync().call("go", List.class);
      assertThat(got).isEqualTo(expected);
    }
  }

  @Test
  void aWrongNumberOfArgumentsIsTheCallersError() {
    try (PyWorker worker =
        ready(
            source(
                    """
                    from lockstep import sync
                    def f(a): return a
                    def go():
                        try:
                            sync.one(1, 2)
                        except Exception as e:
                            return type(e).__name__ + ": " + str(e)
                    __export__ = ["f", "go"]
                    """)
                .expose("one", int.class, x -> x))) {
      assertThat(
              Failing.with(
                  WrongArgumentsException.class, () -> worker.sync().call("f", void.class, 1, 2)))
          .hasMessageContaining("takes 1 positional argument but 2 were given");
      assertThat(worker.sync().call("go", String.class)).contains("1").contains("2");
      assertThat(worker.sync().call("f", Integer.class, 1)).isEqualTo(1);
    }
  }

  @Test
  void aCycleThroughTwoWorkersAndJavaEnds() {
    String text =
        """
        from lockstep import sync
        def step(n):
            return n if n == 0 else sync.other(n - 1) + 1
        __export__ = ["step"]
        """;
    AtomicReference<@Nullable PyWorker> first = new AtomicReference<>();
    AtomicReference<@Nullable PyWorker> second = new AtomicReference<>();
    try (Workers workers = Workers.open()) {
      first.set(workers.start(source(text).expose("other", int.class, n -> step(second.get(), n))));
      second.set(workers.start(source(text).expose("other", int.class, n -> step(first.get(), n))));
      assertThat(step(first.get(), 6)).isEqualTo(6);
    }
  }

  private static int step(@Nullable PyWorker worker, int n) {
    if (worker == null) {
      throw new IllegalStateException("not started");
    }
    return worker.sync().call("step", int.class, n);
  }

  @Test
  void plainFunctionsOfOneWorkerRunOneAfterTheOther() {
    try (PyWorker worker =
        ready(
            source(
                """
                import time
                running = 0
                most = 0
                def work():
                    global running, most
                    running += 1
                    most = max(most, running)
                    end = time.monotonic() + 0.02
                    while time.monotonic() < end: pass
                    running -= 1
                    return most
                __export__ = ["work"]
                """))) {
      List<CompletableFuture<Integer>> all = new ArrayList<>();
      for (int i = 0; i < 10; i++) {
        all.add(worker.sync().callAsync("work", Integer.class));
      }
      all.forEach(one -> assertThat(one.join()).isEqualTo(1));
    }
  }

  @Test
  void aCallThatTimesOutLeavesTheWorkerUsableAndItsLateReplyIsDropped() {
    try (PyWorker worker =
        ready(
            source(
                    """
                    import time
                    from lockstep import sync
                    def slow(x):
                        time.sleep(.3)
                        return x
                    def fast(x): return x
                    def back():
                        t = time.monotonic()
                        try:
                            sync.within(.1).slow_java()
                        except TimeoutError as e:
                            return [time.monotonic() - t, sync.fast_java(7)]
                    __export__ = ["slow", "fast", "back"]
                    """)
                .executor(task -> Services.daemon(task).start())
                .exposeVoid("slow_java", () -> Thread.sleep(1000))
                .expose("fast_java", int.class, x -> x))) {
      long startNanos = System.nanoTime();
      assertThat(
              Failing.with(
                  CallTimeoutException.class,
                  () -> worker.sync().within(Duration.ofMillis(30)).call("slow", void.class, 1)))
          .hasMessageContaining("call=slow")
          .hasMessageContaining("30 ms");
      assertThat(System.nanoTime() - startNanos).isGreaterThanOrEqualTo(30_000_000L);
      assertThat(worker.sync().call("fast", Integer.class, 2)).isEqualTo(2);
      assertThat(
              Failing.with(
                  CallTimeoutException.class,
                  worker.sync().within(Duration.ofMillis(30)).callAsync("slow", Integer.class, 1)))
          .hasMessageContaining("call=slow");
      assertThat(worker.sync().call("fast", Integer.class, 3)).isEqualTo(3);
      List<?> back = worker.sync().call("back", List.class);
      assertThat((Double) back.get(0)).isBetween(0.1, 0.9);
      assertThat(back.get(1)).isEqualTo(7);
      assertThat(worker.statistics().calls().timeouts()).isEqualTo(2);
    }
  }

  @Test
  void moreCallsThanTheLimitAreRefused() {
    dev.lockstep.wire.Limits d = dev.lockstep.wire.Limits.DEFAULT;
    try (PyWorker worker =
        ready(
            source("import time\ndef slow(): time.sleep(.2)\n__export__ = ['slow']")
                .limits(
                    new dev.lockstep.wire.Limits(
                        d.maxMessageBytes(),
                        d.maxDepth(),
                        d.maxNesting(),
                        d.maxItems(),
                        d.maxIntegerBytes(),
                        d.maxNameBytes(),
                        2)))) {
      List<CompletableFuture<@Nullable Void>> all = new ArrayList<>();
      for (int i = 0; i < 10; i++) {
        all.add(worker.sync().callAsync("slow", Void.class));
      }
      long refused =
          all.stream()
              .filter(
                  one -> {
                    try {
                      one.join();
                      return false;
                    } catch (RuntimeException e) {
                      assertThat(e.getCause() == null ? e : e.getCause())
                          .isInstanceOf(QueueFullException.class)
                          .hasMessageContaining("2");
                      return true;
                    }
                  })
              .count();
      assertThat(refused).isBetween(7L, 8L);
    }
  }

  @Test
  void notificationsArriveAllInOrder() {
    ConcurrentLinkedQueue<Integer> got = new ConcurrentLinkedQueue<>();
    try (PyWorker worker =
        ready(
            source(
                    """
                    from lockstep import sync
                    def go():
                        # What waits at once stays below maxQueued: more is dropped, and said.
                        for i in range(10000):
                            sync.log.notify(i)
                            if i % 2500 == 2499: sync.flush()
                        return True
                    seen = []
                    def note(i): seen.append(i)
                    def seen_all(): return seen
                    __export__ = ["go", "note", "seen_all"]
                    """)
                .exposeVoid("log", Integer.class, got::add))) {
      assertThat(worker.sync().call("go", Boolean.class)).isTrue();
      assertThat(got).hasSize(10_000);
      assertThat(new ArrayList<>(got)).isSorted();
      for (int i = 0; i < 1000; i++) {
        worker.sync().notify("note", i);
      }
      List<?> seen = worker.sync().call("seen_all", List.class);
      assertThat(seen).hasSize(1000);
      assertThat(seen.get(999)).isEqualTo(999);
    }
  }

  @Test
  void aPythonExceptionCarriesWhatPythonKnows() {
    try (PyWorker worker =
        ready(
            source(
                """
                class Oops(ValueError):
                    def __init__(self, text, code):
                        super().__init__(text)
                        self.code = code
                def inner():
                    try:
                        {}["k"]
                    except KeyError as e:
                        raise Oops("no luck", 7) from e
                def outer(): inner()
                __export__ = ["outer"]
                """))) {
      PythonException failure =
          Failing.with(PythonException.class, () -> worker.sync().call("outer", void.class));
      assertThat(failure.type()).endsWith("Oops");
      assertThat(failure.isA("ValueError")).isTrue();
      assertThat(failure.isA("KeyError")).isFalse();
      assertThat(failure.pythonMessage()).isEqualTo("no luck");
      assertThat(failure).hasMessageContaining("Oops: no luck");
      assertThat(failure.attributes()).containsEntry("code", 7);
      assertThat(failure.traceback()).contains("KeyError").contains("line").contains("inner");
      assertThat(failure.frames()).extracting(PythonFrame::function).contains("outer", "inner");
      assertThat(failure.getStackTrace()[0].getMethodName()).isEqualTo("inner");
      assertThat(failure.getStackTrace()[1].getMethodName()).isEqualTo("outer");
      assertThat(failure.getStackTrace())
          .anyMatch(frame -> frame.getClassName().equals(CallsTest.class.getName()));
      assertThat(failure.getCause()).isInstanceOf(PythonException.class);
      assertThat(((PythonException) failure.getCause()).type()).isEqualTo("KeyError");
    }
  }

  @Test
  void aJavaExceptionIsOneThatPythonCatches() {
    try (PyWorker worker =
        ready(
            source(
                    """
                    from lockstep import sync, JavaError
                    def go():
                        try:
                            sync.bad()
                        except JavaError as e:
                            return [isinstance(e, ValueError), str(e)]
                    def through(): sync.bad()
                    __export__ = ["go", "through"]
                    """)
                .exposeVoid(
                    "bad",
                    () -> {
                      throw new IllegalArgumentException("not that");
                    }))) {
      List<?> result = worker.sync().call("go", List.class);
      assertThat(result.get(0)).isEqualTo(true);
      assertThat(result.get(1).toString()).contains("not that");
      assertThat(
              Failing.with(PythonException.class, () -> worker.sync().call("through", void.class)))
          .hasMessageContaining("not that");
    }
  }

  /** The interface of the facade's test. */
  public interface Primes {
    /** A typed result. */
    record Count(int count, List<Integer> first) {}

    Count findPrimes(int limit, Kwargs options);

    CompletableFuture<Integer> slow_one(int x);

    int plain(int x);

    default int twice(int x) {
      return 2 * plain(x);
    }
  }

  @Test
  void aJavaInterfaceIsBoundToTheExports() {
    try (PyWorker worker =
        source(
                """
                def find_primes(limit, use_numpy=True):
                    assert not use_numpy
                    found = [n for n in range(2, limit) if all(n % d for d in range(2, n))]
                    return {"count": len(found), "first": found[:3]}
                async def slow_one(x): return x + 1
                def plain(x): return x
                __export__ = ["find_primes", "slow_one", "plain"]
                """)
            .start()) {
      Primes primes = worker.sync().as(Primes.class);
      assertThat(primes.findPrimes(30, Kwargs.of("use_numpy", false)))
          .isEqualTo(new Primes.Count(10, List.of(2, 3, 5)));
      assertThat(primes.slow_one(4).join()).isEqualTo(5);
      assertThat(primes.twice(4)).isEqualTo(8);
      assertThat(primes).hasToString("Primes of worker " + worker.name()).isEqualTo(primes);
      assertThat(
              Failing.with(
                  NotExportedException.class, () -> worker.sync().as(java.util.Iterator.class)))
          .hasMessageContaining("hasNext (or has_next)")
          .hasMessageContaining("next");
      assertThatThrownBy(() -> worker.sync().as(String.class))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void manyThreadsCallOneWorkerAtOnce() throws InterruptedException {
    try (PyWorker worker =
        ready(
            source(
                    """
                    from lockstep import sync
                    def echo(x): return x
                    def nested(x): return sync.inc(x)
                    __export__ = ["echo", "nested"]
                    """)
                .expose("inc", int.class, x -> x + 1))) {
      ConcurrentLinkedQueue<Throwable> failures = new ConcurrentLinkedQueue<>();
      List<Thread> threads = new ArrayList<>();
      for (int t = 0; t < 8; t++) {
        int base = t * 1000;
        Thread thread =
            new Thread(
                () -> {
                  try {
                    for (int i = base; i < base + 100; i++) {
                      assertThat(worker.sync().call("echo", Integer.class, i)).isEqualTo(i);
                      assertThat(worker.sync().call("nested", Integer.class, i)).isEqualTo(i + 1);
                    }
                  } catch (RuntimeException | AssertionError e) {
                    failures.add(e);
                  }
                });
        thread.start();
        threads.add(thread);
      }
      for (Thread thread : threads) {
        thread.join();
      }
      assertThat(failures).isEmpty();
      assertThat(worker.statistics().calls().lateWakeups()).isZero();
    }
  }

  @Test
  void aThreadThatIsInterruptedInACallGetsItsFlagBackAndTheWorkerIsUsable() throws Exception {
    try (PyWorker worker =
        ready(
            source(
                """
                import time
                def slow(): time.sleep(.5)
                def fast(): return 1
                __export__ = ["slow", "fast"]
                """))) {
      CompletableFuture<Boolean> flag = new CompletableFuture<>();
      Thread caller =
          new Thread(
              () -> {
                try {
                  worker.sync().call("slow", void.class);
                  flag.completeExceptionally(new AssertionError("the call returned"));
                } catch (CallCancelledException e) {
                  flag.complete(Thread.currentThread().isInterrupted());
                } catch (RuntimeException e) {
                  flag.completeExceptionally(e);
                }
              });
      caller.start();
      Until.holds("a call in flight", () -> worker.statistics().calls().inFlight() > 0);
      caller.interrupt();
      assertThat(flag.orTimeout(20, TimeUnit.SECONDS).join()).isTrue();
      assertThat(worker.sync().call("fast", Integer.class)).isEqualTo(1);
      caller.join();
    }
  }

  @Test
  void aFutureThatIsCancelledWithForceInterruptsWhatRuns() {
    try (PyWorker worker =
        ready(
            source(
                    """
                    import time
                    from lockstep import sync
                    def slow():
                        sync.begun()
                        time.sleep(60)
                    def fast(): return 1
                    __export__ = ["slow", "fast"]
                    """)
                .exposeVoid("begun", () -> {}))) {
      CompletableFuture<@Nullable Void> slow = worker.sync().callAsync("slow", Void.class);
      Until.holds("Java was called", () -> worker.statistics().calls().served() > 0);
      assertThat(slow.cancel(true)).isTrue();
      assertThat(
              worker.sync().callAsync("fast", Integer.class).orTimeout(20, TimeUnit.SECONDS).join())
          .isEqualTo(1);
    }
  }

  @Test
  void aHandlerMayCloseTheWorkerThatCallsIt() {
    AtomicReference<@Nullable PyWorker> self = new AtomicReference<>();
    CompletableFuture<@Nullable Void> closed = new CompletableFuture<>();
    try (PyWorker worker =
        ready(
            source(
                    """
                    from lockstep import sync
                    def go(): sync.bye()
                    __export__ = ["go"]
                    """)
                .grace(Duration.ofMillis(300))
                .exposeVoid(
                    "bye",
                    () -> {
                      PyWorker mine = self.get();
                      if (mine != null) {
                        mine.close();
                      }
                      closed.complete(null);
                    }))) {
      self.set(worker);
      worker.sync().notify("go");
      closed.orTimeout(20, TimeUnit.SECONDS).join();
      assertThat(worker.onExit()).isCompleted();
    }
  }

  @Test
  void virtualThreadsCallWhereThereAreAny() throws Exception {
    java.util.concurrent.ExecutorService threads;
    try {
      threads =
          (java.util.concurrent.ExecutorService)
              java.util.concurrent.Executors.class
                  .getMethod("newVirtualThreadPerTaskExecutor")
                  .invoke(null);
    } catch (NoSuchMethodException beforeJdk21) {
      threads = java.util.concurrent.Executors.newCachedThreadPool();
    }
    try (PyWorker worker =
        ready(
            source(
                    """
                    from lockstep import sync
                    def nested(x): return sync.inc(x)
                    __export__ = ["nested"]
                    """)
                .expose("inc", int.class, x -> x + 1))) {
      List<CompletableFuture<Integer>> all = new ArrayList<>();
      for (int i = 0; i < 200; i++) {
        int n = i;
        all.add(
            CompletableFuture.supplyAsync(
                () -> worker.sync().call("nested", Integer.class, n), threads));
      }
      for (int i = 0; i < all.size(); i++) {
        assertThat(all.get(i).orTimeout(30, TimeUnit.SECONDS).join()).isEqualTo(i + 1);
      }
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void whatIsExposedAfterTheStartCanBeCalled() {
    try (PyWorker worker =
        ready(
            source(
                "from lockstep import sync\ndef go(): return sync.late(1)\n__export__ = ['go']"))) {
      worker.expose("late", int.class, x -> x + 1);
      assertThat(worker.sync().call("go", Integer.class)).isEqualTo(2);
    }
  }

  @Test
  void waitingForReadyOnTheThreadThatServesTheBootingScriptFailsAtOnce() {
    AtomicReference<@Nullable PyWorker> self = new AtomicReference<>();
    CountDownLatch started = new CountDownLatch(1);
    try (PyWorker worker =
        source("from lockstep import sync\nsync.answer = sync.ask().__str__")
            .expose(
                "ask",
                () -> {
                  started.await();
                  PyWorker mine = self.get();
                  try {
                    return mine == null ? "no worker" : mine.ready().join().toString();
                  } catch (IllegalStateException e) {
                    return e.getMessage();
                  }
                })
            .start()) {
      self.set(worker);
      started.countDown();
      worker.ready().join();
      assertThat(worker.sync().call("answer", String.class)).contains("booting script");
    }
  }
}
