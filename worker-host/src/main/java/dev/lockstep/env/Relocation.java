package dev.lockstep.env;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Readies an environment for the name that it will have. The interpreter finds its environment by
 * itself; only the first lines of scripts, and what one reads about it, name the folder.
 */
final class Relocation {
  private static final long LONGEST_SCRIPT_BYTES = 1024 * 1024;

  private Relocation() {}

  static void of(Path made, Path named) throws IOException {
    List<Path> files = new ArrayList<>();
    files.add(made.resolve("pyvenv.cfg"));
    try (Stream<Path> scripts = Files.list(made.resolve("bin"))) {
      scripts.forEach(files::add);
    }
    for (Path file : files) {
      if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
          || Files.size(file) > LONGEST_SCRIPT_BYTES) {
        continue;
      }
      try {
        String text = Files.readString(file);
        if (text.contains(made.toString())) {
          Files.writeString(file, text.replace(made.toString(), named.toString()));
        }
      } catch (CharacterCodingException e) {
        // A program, not a script.
      }
    }
  }
}
