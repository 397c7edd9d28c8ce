import dev.lockstep.PyWorker;
import dev.lockstep.Workers;

/**
 * The classic: the worker calls Java while it boots, then Java calls the worker.
 *
 * <pre>{@code java -cp worker-host/target/lockstep.jar examples/hello/Hello.java}</pre>
 */
public final class Hello {
  public static void main(String[] args) {
    String script = args.length > 0 ? args[0] : "examples/hello/worker.py";
    try (Workers workers = Workers.open()) {
      System.out.println("before ready");
      PyWorker worker =
          workers.start(
              PyWorker.script(script)
                  .exposeVoid("greetings", () -> System.out.println("bootstrapped"))
                  .expose("hello", String.class, name -> "Hello, " + name));
      worker.ready().join();
      System.out.println("after ready");
      int answer = worker.sync().call("heavy_computation", int.class);
      System.out.println(answer);
    }
  }
}
