package dev.lockstep.modulepath;

import dev.lockstep.PyWorker;

/** A program on the class path that uses the library as modules. */
final class ModulePathProgram {
  private ModulePathProgram() {}

  /** Prints the library's module and an answer of a worker. */
  public static void main(String[] arguments) {
    try (PyWorker worker =
        PyWorker.source(
                """
                from lockstep import sync
                def answer(): return sync.half() * 2
                __export__ = ["answer"]
                """)
            .expose("half", () -> 21)
            .start()) {
      System.out.println(
          PyWorker.class.getModule().getName() + " " + worker.sync().call("answer", Integer.class));
    }
  }
}
