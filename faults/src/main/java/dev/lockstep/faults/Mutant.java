package dev.lockstep.faults;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.stream.Stream;

/**
 * The Python side with one mistake in it, which the soak must find.
 *
 * @param name says what is wrong
 * @param file the source, in the shim
 * @param right what stands there; exactly once
 * @param wrong what stands there instead
 */
record Mutant(String name, String file, String right, String wrong) {
  private static final String LANE = "lockstep/_c/lane.c";
  private static final String RING = "lockstep/_ring.py";

  static List<Mutant> ofTheAccelerator() {
    return List.of(
        new Mutant(
            "private flag in the wake", LANE, "FUTEX_WAKE, count", "FUTEX_WAKE_PRIVATE, count"),
        new Mutant(
            "private flag in the wait",
            LANE,
            "FUTEX_WAIT, expected",
            "FUTEX_WAIT_PRIVATE, expected"),
        new Mutant(
            "plain store instead of the raise's read-modify-write",
            LANE,
            "  while (!atomic_compare_exchange_weak_explicit(signal, &old, (old +"
                + " LS_SIGNAL_INCREMENT) & ~(uint32_t)LS_SIGNAL_PARKED,\n"
                + " ".repeat(48)
                + "memory_order_acq_rel, memory_order_relaxed)) {\n  }\n",
            "  LS_STEP(\"mutant\");\n"
                + "  atomic_store_explicit(signal, (old + LS_SIGNAL_INCREMENT) &"
                + " ~(uint32_t)LS_SIGNAL_PARKED, memory_order_relaxed);\n"),
        new Mutant(
            "wake before tail",
            LANE,
            "  LS_STEP(\"tail\");\n",
            "  ls_raise(ls_data_signal(w->lane));\n  LS_STEP(\"tail\");\n"
                + "  if (w->lane) {\n    w->tail += pad + aligned(header->length);\n"
                + "    atomic_store_explicit(word_at(w->lane, LS_TAIL_OFFSET), w->tail,"
                + " memory_order_release);\n    return;\n  }\n"));
  }

  static List<Mutant> ofThePureTwin() {
    return List.of(
        new Mutant(
            "struct.pack_into for the tail",
            RING,
            "        self._tail_word[0] = tail  # release",
            "        struct.pack_into(\"<Q\", self._tail_word, 0, tail)  # release"));
  }

  boolean isOfTheAccelerator() {
    return file.endsWith(".c");
  }

  /**
   * Makes it below a folder; what a worker is to load from there, or an empty text if it cannot be
   * made.
   */
  String build(Path shim, Path folder, String python) throws IOException, InterruptedException {
    Path copy = folder.resolve(name.replaceAll("[^a-z]+", "-"));
    copy(shim, copy);
    Path source = copy.resolve(file);
    String text = Files.readString(source);
    int at = text.indexOf(right);
    if (at < 0 || text.indexOf(right, at + 1) >= 0) {
      throw new IOException("the source has changed, so the mutant must: " + name);
    }
    Files.writeString(source, text.replace(right, wrong));
    if (!isOfTheAccelerator()) {
      return "lockstep._ring=" + source;
    }
    Path build = Home.folder().resolveSibling("python-shim/build/build_accelerator.py");
    Process process =
        new ProcessBuilder(
                "python3",
                build.toString(),
                "--source",
                copy.toString(),
                "--out",
                copy.resolve("out").toString(),
                "--work",
                copy.resolve("work").toString(),
                "--steps",
                "--require",
                "--interpreter",
                python)
            .redirectErrorStream(true)
            .redirectOutput(copy.resolve("build.log").toFile())
            .start();
    if (process.waitFor() != 0) {
      throw new IOException("no mutant was built: " + Files.readString(copy.resolve("build.log")));
    }
    String hash =
        new String(
                new ProcessBuilder(
                        "python3", build.toString(), "--source", copy.toString(), "--print-hash")
                    .start()
                    .getInputStream()
                    .readAllBytes(),
                java.nio.charset.StandardCharsets.UTF_8)
            .strip();
    Path identity = copy.resolve("_build.py");
    Files.writeString(identity, "SOURCE_HASH = \"" + hash + "\"\n");
    return "lockstep._accelerator=" + copy.resolve("out") + ":lockstep._build=" + identity;
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Path target = to.resolve(from.relativize(file).toString());
        Files.createDirectories(target.getParent());
        Files.copy(file, target, StandardCopyOption.REPLACE_EXISTING);
      }
    }
  }
}
