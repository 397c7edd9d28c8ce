package dev.lockstep.faults;

import java.nio.file.Path;

/** Where the harness's own files lie. */
final class Home {
  private Home() {}

  /** The module's folder. */
  static Path folder() {
    return Path.of(System.getProperty("lockstep.faults.home", "faults")).toAbsolutePath();
  }

  /** A script, or the folder of all of them. */
  static Path python(String name) {
    return folder().resolve("src/main/python").resolve(name);
  }

  /** The accelerators with the step tracer. */
  static Path steps() {
    return folder().resolve("target/steps");
  }
}
