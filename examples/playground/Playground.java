import dev.lockstep.OutputLine;
import dev.lockstep.PyWorker;
import dev.lockstep.PythonException;
import dev.lockstep.Script;
import dev.lockstep.Workers;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Scanner;

/**
 * A playground: scripts run one after the other in one worker, each with its own output; what they
 * ask is answered here, and an error is shown with its traceback.
 *
 * <pre>{@code java -cp worker-host/target/lockstep.jar examples/playground/Playground.java SCRIPT...}</pre>
 */
public final class Playground {
  public static void main(String[] scripts) throws IOException {
    Scanner typed = new Scanner(System.in);
    try (Workers workers = Workers.open()) {
      PyWorker worker =
          workers.start(
              PyWorker.source("")
                  .onInput(
                      prompt -> {
                        System.out.print(prompt);
                        return typed.hasNextLine() ? typed.nextLine() : null;
                      }));
      for (String file : scripts) {
        try {
          Script script = Script.read(Path.of(file)).onOutput(Playground::show);
          System.out.println("= " + worker.run(script, Object.class));
        } catch (PythonException e) {
          System.out.print(e.traceback());
        }
      }
    }
  }

  private static void show(OutputLine line) {
    System.out.println(line.text());
  }
}
