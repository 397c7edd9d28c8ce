package dev.lockstep.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the README shows runs as it stands there. */
class ReadmeIT {
  @TempDir Path folder;

  private static String block(String language) throws IOException {
    String page = Files.readString(Cli.REPOSITORY.resolve("README.md"));
    String fence = "```" + language + "\n";
    int start = page.indexOf(fence) + fence.length();
    return page.substring(start, page.indexOf("```", start));
  }

  @Test
  void exampleOfTheReadmeCompilesAndRuns() throws IOException {
    String example = block("java").stripTrailing();
    assertThat(example).endsWith("}");
    Files.writeString(folder.resolve("worker.py"), block("python"));
    Files.writeString(
        folder.resolve("Readme.java"),
        """
        import dev.lockstep.*;
        import java.util.concurrent.CompletableFuture;

        public class Readme {
          public static void main(String[] args) {
        """
            + example.substring(0, example.length() - 1)
            + "System.out.println(six + \" \" + later.join());\n}}}\n");
    List<String> command = new ArrayList<>(Cli.java());
    command.addAll(List.of("-cp", Cli.JAR.toString(), "Readme.java"));
    try (Cli cli = Cli.startCommand(folder, command.toArray(new String[0]))) {
      Cli.Result result = cli.await();

      assertThat(result.out().strip()).as(result.err()).isEqualTo("6 6");
      assertThat(result.exitCode()).isZero();
    }
  }
}
