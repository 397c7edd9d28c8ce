package dev.lockstep;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Makes the packages that tests install: nothing is asked of a network. */
final class Wheels {
  private Wheels() {}

  /**
   * A wheel is a zip: the module, and three files about it.
   *
   * @param code of the only module; its function {@code main} becomes a program
   * @param more lines of the metadata
   */
  static void make(
      Path folder, String name, String version, String module, String code, String more)
      throws IOException {
    String plain = name.replace('-', '_');
    String info = plain + "-" + version + ".dist-info/";
    Map<String, String> entries = new LinkedHashMap<>();
    entries.put(module + ".py", code);
    entries.put(
        info + "METADATA",
        "Metadata-Version: 2.1\nName: " + name + "\nVersion: " + version + "\n" + more);
    entries.put(
        info + "WHEEL",
        "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n");
    if (code.contains("def main")) {
      entries.put(
          info + "entry_points.txt", "[console_scripts]\ngreet-for-tests = " + module + ":main\n");
    }
    StringBuilder record = new StringBuilder();
    entries.keySet().forEach(entry -> record.append(entry).append(",,\n"));
    entries.put(info + "RECORD", record + info + "RECORD,,\n");
    Path file = folder.resolve(plain + "-" + version + "-py3-none-any.whl");
    try (OutputStream out = Files.newOutputStream(file);
        ZipOutputStream zip = new ZipOutputStream(out)) {
      for (Map.Entry<String, String> entry : entries.entrySet()) {
        zip.putNextEntry(new ZipEntry(entry.getKey()));
        zip.write(entry.getValue().getBytes(StandardCharsets.UTF_8));
        zip.closeEntry();
      }
    }
  }
}
