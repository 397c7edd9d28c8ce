package dev.lockstep;

import java.util.concurrent.CountDownLatch;

/** A program that starts workers and waits to be killed. */
final class KilledHost {
  private KilledHost() {}

  /** Arguments: the kind of the segment. Prints a line with the worker's pid when it is ready. */
  public static void main(String[] arguments) throws InterruptedException {
    PyWorker worker =
        PyWorker.source(
                """
                import time
                def spin():
                    while True: pass
                __export__ = ["spin"]
                """)
            .segmentKind(SegmentKind.valueOf(arguments[0]))
            .accelerator(Accelerator.valueOf(arguments[1]))
            .start();
    worker.ready().join();
    worker.sync().notify("spin");
    System.out.println(worker.pid());
    new CountDownLatch(1).await();
  }
}
