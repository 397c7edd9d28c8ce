import dev.lockstep.PyWorker;
import dev.lockstep.Workers;
import java.util.List;

/**
 * A named worker that needs a package: numpy is installed into an environment of the user's cache,
 * once, unless the interpreter has it.
 *
 * <pre>{@code java -cp worker-host/target/lockstep.jar examples/calculator/Calculator.java}</pre>
 */
public final class Calculator {
  /** What the worker exports, as Java sees it: checked when it is bound. */
  interface Arrays {
    List<Integer> addArrays(List<Integer> a, List<Integer> b);
  }

  public static void main(String[] args) {
    try (Workers workers = Workers.open()) {
      workers.create(
          "examples/calculator/worker.py", "calculator", "{\"packages\": [\"numpy\"]}", "py");

      // Anywhere else: by its name, when it is ready.
      PyWorker calc = workers.get("calculator").join();
      List<Integer> result = calc.sync().as(Arrays.class).addArrays(List.of(1, 2, 3), List.of(4, 5, 6));
      System.out.println(result);
    }
  }
}
