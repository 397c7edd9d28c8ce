package dev.lockstep.env;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class ImportNamesTest {
  @Test
  void thePageHasTheWholeTable() throws IOException {
    String page = Files.readString(Path.of("../docs/running-scripts.md"));
    Map<String, String> told = new TreeMap<>();
    Pattern.compile("`(\\w+)`\\s→\\s`([\\w-]+)`")
        .matcher(page)
        .results()
        .forEach(row -> told.put(row.group(1), row.group(2)));

    assertThat(told).isEqualTo(ImportNames.PACKAGES);
  }
}
