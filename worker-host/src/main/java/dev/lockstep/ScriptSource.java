package dev.lockstep;

import java.nio.file.Path;

/** What a worker runs: a file, a text or a module. */
record ScriptSource(String mode, String target) {
  static ScriptSource file(Path file) {
    return new ScriptSource("script", file.toAbsolutePath().normalize().toString());
  }

  static ScriptSource text(String text) {
    return new ScriptSource("source", text);
  }

  static ScriptSource module(String name) {
    return new ScriptSource("module", name);
  }

  /** A name for the worker that was not given one; a number is added. */
  String defaultName() {
    if (mode.equals("source")) {
      return "source";
    }
    String last = mode.equals("script") ? Path.of(target).getFileName().toString() : target;
    return last.endsWith(".py") ? last.substring(0, last.length() - 3) : last;
  }
}
