package dev.lockstep.faults;

import dev.lockstep.PyWorker;
import dev.lockstep.TracedWorkers;
import dev.lockstep.Workers;
import dev.lockstep.memory.StepHook;
import dev.lockstep.os.Signals;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A host that stops itself before its k-th store into a worker's segment, to be killed there; with
 * k = 0 it never stops, and prints how many there were. Arguments: k, combination, name of the
 * worker.
 *
 * <p>It starts a worker, calls it once, is called by it, sends a message of many fragments, and
 * closes it.
 */
final class HostProgram {
  private static final int MANY_FRAGMENTS_BYTES = 300_000;

  private HostProgram() {}

  public static void main(String[] arguments) throws Exception {
    long stopAt = Long.parseLong(arguments[0]);
    Combination combination = Combination.decode(arguments[1]);
    long own = ProcessHandle.current().pid();
    AtomicLong stores = new AtomicLong();
    StepHook hook =
        index -> {
          if (stores.incrementAndGet() == stopAt) {
            Signals.send(own, Processes.SIGSTOP);
          }
        };
    try (Workers workers = TracedWorkers.open(hook)) {
      PyWorker worker =
          workers.start(
              PyWorker.script(Home.python("faulty.py"))
                  .name(arguments[2])
                  .interpreter(combination.python())
                  .accelerator(combination.twin())
                  .segmentKind(combination.kind())
                  .exposeAll("host_echo", List.of(Object.class), given -> given[0]));
      worker.ready().join();
      worker.sync().call("echo", Object.class, "small");
      worker.sync().call("call_many", Object.class, 1);
      worker.sync().call("echo", byte[].class, (Object) new byte[MANY_FRAGMENTS_BYTES]);
      worker.close();
    }
    System.out.println(stores.get());
    if (stopAt != 0) {
      Signals.send(own, Processes.SIGSTOP); // fewer stores than last time: it ends here
    }
  }
}
