package dev.lockstep;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** The stop button: interrupt() reaches whatever a run is doing, and nothing else. */
@ParameterizedClass
@MethodSource("dev.lockstep.Twin#twins")
@ExtendWith(NothingLeftBehind.class)
@Timeout(60)
class InterruptTest {
  private static final String[] FOR_EVER = {
    "while True: pass",
    "import time\ntime.sleep(100)",
    "from lockstep import sync\nsync.sleep(100)",
    "import os\nread, write = os.pipe()\nos.read(read, 1)",
    "import socket\none, other = socket.socketpair()\none.recv(1)",
    "import subprocess\nsubprocess.run(['sleep', '100'])",
    "import queue\nqueue.Queue().get()",
    "import threading\nthreading.Event().wait()",
    "import threading\nlock = threading.Lock()\nlock.acquire()\nlock.acquire()",
    "from lockstep import sync\nsync.never()",
    "from lockstep import sync\nsync.within(100).never()",
    "input('never')",
    "import asyncio\nasyncio.run(asyncio.sleep(100))",
    "import asyncio\nawait asyncio.sleep(100)",
    "import asyncio\nawait asyncio.sleep(0)\nwhile True: pass",
    "from lockstep import sync\nawait sync.never.aio()",
  };

  private final Twin twin;
  private final Semaphore begun = new Semaphore(0);

  InterruptTest(Twin twin) {
    this.twin = twin;
  }

  private PyWorker start() {
    PyWorker worker =
        twin.set(PyWorker.source(""))
            .exposeVoid("begin", begun::release)
            .expose("never", CompletableFuture::new)
            .expose("same", Integer.class, x -> x)
            .onInput(
                prompt -> {
                  new Semaphore(0).acquire();
                  return "";
                })
            .start();
    worker.ready().join();
    return worker;
  }

  private CompletableFuture<Object> begin(PyWorker worker, String script) {
    CompletableFuture<Object> run =
        worker.runAsync(
            "from lockstep import sync\nsync.begin()\n" + script, Map.of(), Object.class);
    awaitBegun();
    return run;
  }

  private void awaitBegun() {
    Until.holds("the script calls begin", begun::tryAcquire);
  }

  private static void assertInterrupted(String script, CompletableFuture<Object> run) {
    LockstepException error = Failing.with(LockstepException.class, run);
    if (error instanceof PythonException python) {
      assertThat(python.type()).as(script).isEqualTo("KeyboardInterrupt");
    } else {
      assertThat(error).as(script).isInstanceOf(CallCancelledException.class); // a task
    }
  }

  @Test
  void itReachesWhateverRunsAndALaterCallGetsItsOwnAnswer() {
    try (PyWorker worker = start()) {
      for (String script : FOR_EVER) {
        for (int twice = 0; twice < 3; twice++) {
          CompletableFuture<Object> run = begin(worker, script);
          worker.interrupt();
          assertInterrupted(script, run);
          int next =
              worker.run("from lockstep import sync\nsync.same(x)", Map.of("x", twice), int.class);
          assertThat(next).as(script).isEqualTo(twice);
        }
      }
    }
  }

  @Test
  void twiceInARowReachesCodeThatHeldOnAtTheFirst() {
    try (PyWorker worker = start()) {
      CompletableFuture<Object> run =
          worker.runAsync(
              """
              import time
              from lockstep import sync
              try:
                  sync.begin()
                  time.sleep(100)
              except KeyboardInterrupt:
                  sync.begin()
                  time.sleep(100)
              """,
              Map.of(),
              Object.class);
      awaitBegun();
      worker.interrupt();
      awaitBegun();
      worker.interrupt();
      assertInterrupted("twice", run);
    }
  }

  @Test
  void itDoesNothingToAnIdleWorkerAndToTheNextRun() {
    try (PyWorker worker = start()) {
      for (int i = 0; i < 200; i++) {
        worker.interrupt();
        assertThat(worker.run("x", Map.of("x", i), Integer.class)).isEqualTo(i);
        worker.interrupt();
        worker.interrupt();
        assertThat(
                worker
                    .runAsync(
                        "import asyncio\nawait asyncio.sleep(0, x)", Map.of("x", i), Integer.class)
                    .orTimeout(20, TimeUnit.SECONDS)
                    .join())
            .isEqualTo(i);
      }
    }
  }
}
