package dev.lockstep.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.LockstepException;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The page of errors has an entry for each exception, and none for others. */
class ErrorsPageTest {
  private static final Path REPOSITORY = Path.of("..").toAbsolutePath().normalize();

  private static List<String> headings(String chapter) throws IOException {
    String page = Files.readString(REPOSITORY.resolve("docs/errors.md"));
    String text = page.substring(page.indexOf("\n## " + chapter + "\n") + 1);
    int end = text.indexOf("\n## ");
    return matches("(?m)^### (\\w+)$", end < 0 ? text : text.substring(0, end));
  }

  private static List<String> matches(String pattern, String text) {
    return Pattern.compile(pattern)
        .matcher(text)
        .results()
        .map((MatchResult match) -> match.group(1))
        .toList();
  }

  @Test
  void everyPublicJavaExceptionHasAnEntry() throws Exception {
    assertThat(new TreeSet<>(headings("Java"))).isEqualTo(new TreeSet<>(publicExceptions()));
  }

  private static List<String> publicExceptions() throws IOException, URISyntaxException {
    Path classes =
        Path.of(
            LockstepException.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    List<String> names = new ArrayList<>();
    try (Stream<Path> files = Files.list(classes.resolve("dev/lockstep"))) {
      for (Path file : files.toList()) {
        String name = file.getFileName().toString().replace(".class", "");
        if (name.endsWith("Exception") && !name.equals("LockstepException")) {
          names.add(name);
        }
      }
    }
    return names;
  }

  @Test
  void everyPythonErrorHasAnEntry() throws IOException {
    String errors = Files.readString(REPOSITORY.resolve("python-shim/src/lockstep/errors.py"));

    assertThat(new TreeSet<>(headings("Python")))
        .isEqualTo(new TreeSet<>(matches("(?m)^class (\\w+)\\(LockstepError", errors)));
  }

  @Test
  void everyCounterpartOfJavaClassStandsInTheTable() throws IOException {
    String page = Files.readString(REPOSITORY.resolve("docs/errors.md"));
    String errors = Files.readString(REPOSITORY.resolve("python-shim/src/lockstep/errors.py"));

    assertThat(matches("\"(java\\.[\\w.]+)\": \\w+", errors))
        .isNotEmpty()
        .allSatisfy(name -> assertThat(page).contains("`" + name + "`"));
  }
}
