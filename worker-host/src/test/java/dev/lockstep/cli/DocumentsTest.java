package dev.lockstep.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The documents name only what there is. */
class DocumentsTest {
  private static final Path REPOSITORY = Path.of("..").toAbsolutePath().normalize();
  private static final Pattern LINK = Pattern.compile("\\]\\(([^)#:]+)(#[^)]*)?\\)");
  private static final Pattern JAVA_TEST = Pattern.compile("`(\\w+(?:Test|IT))\\.(\\w+)`");
  private static final Pattern PYTHON_TEST = Pattern.compile("`(test_\\w+)\\.(test_\\w+)`");

  private static List<Path> files(String ending, String... folders) throws IOException {
    List<Path> found = new ArrayList<>();
    for (String folder : folders) {
      try (Stream<Path> files = Files.walk(REPOSITORY.resolve(folder))) {
        files.filter(file -> file.toString().endsWith(ending)).forEach(found::add);
      }
    }
    return found;
  }

  private static List<Path> pages() throws IOException {
    List<Path> pages = files(".md", "docs");
    try (Stream<Path> files = Files.list(REPOSITORY)) {
      files.filter(file -> file.toString().endsWith(".md")).forEach(pages::add);
    }
    assertThat(pages).hasSizeGreaterThan(5);
    return pages;
  }

  @Test
  void linksLeadSomewhere() throws IOException {
    List<String> broken = new ArrayList<>();
    for (Path page : pages()) {
      Matcher links = LINK.matcher(Files.readString(page));
      while (links.find()) {
        if (!Files.exists(page.resolveSibling(links.group(1)))) {
          broken.add(page.getFileName() + ": " + links.group(1));
        }
      }
    }
    assertThat(broken).isEmpty();
  }

  @Test
  void testsThatAreNamedExist() throws IOException {
    List<Path> java = files(".java", "bridge-core/src/test", "worker-host/src/test");
    List<Path> python = files(".py", "python-shim/tests");
    List<String> missing = new ArrayList<>();
    int named = 0;
    for (Path page : pages()) {
      String text = Files.readString(page);
      Matcher javaTests = JAVA_TEST.matcher(text);
      while (javaTests.find()) {
        named++;
        if (!contains(java, javaTests.group(1) + ".java", "void " + javaTests.group(2) + "(")) {
          missing.add(page.getFileName() + ": " + javaTests.group());
        }
      }
      Matcher pythonTests = PYTHON_TEST.matcher(text);
      while (pythonTests.find()) {
        named++;
        if (!contains(python, pythonTests.group(1) + ".py", "def " + pythonTests.group(2) + "(")) {
          missing.add(page.getFileName() + ": " + pythonTests.group());
        }
      }
    }
    assertThat(named).isPositive();
    assertThat(missing).isEmpty();
  }

  private static boolean contains(List<Path> files, String name, String text) throws IOException {
    Optional<Path> file =
        files.stream().filter(each -> each.getFileName().toString().equals(name)).findFirst();
    return file.isPresent() && Files.readString(file.get()).contains(text);
  }
}
