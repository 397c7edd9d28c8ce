package dev.lockstep.env;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The files of the Python side, as resources with an index: {@code sha256 size path} a line. */
final class ShimFiles {
  private static final String ROOT = "META-INF/lockstep/python/";
  private static final int FOLDER_NAME_DIGITS = 32;

  /** The time of change of every file: one that no other writer gives. */
  private static final FileTime LAID_OUT = FileTime.from(Instant.parse("2001-01-01T00:00:00Z"));

  private final Source source;
  private final List<Entry> entries;
  private final String hash;

  /** Where the bytes come from. */
  interface Source {
    @Nullable InputStream open(String path) throws IOException;
  }

  private record Entry(String sha256, long size, String path) {}

  ShimFiles(Source source) {
    this.source = source;
    byte[] index = read("index");
    this.entries = parse(new String(index, StandardCharsets.UTF_8));
    this.hash = sha256(index).substring(0, FOLDER_NAME_DIGITS);
  }

  /** Those of the jar, or of the folder of classes, beside this class. */
  static ShimFiles ofClassPath() {
    ClassLoader own = ShimFiles.class.getClassLoader();
    ClassLoader loader = own == null ? ClassLoader.getSystemClassLoader() : own;
    return new ShimFiles(path -> loader.getResourceAsStream(ROOT + path));
  }

  private static List<Entry> parse(String index) {
    List<Entry> entries = new ArrayList<>();
    for (String line : index.split("\n", -1)) {
      if (line.isEmpty()) {
        continue;
      }
      String[] parts = line.split(" ", 3);
      if (parts.length != 3 || parts[2].startsWith("/") || parts[2].contains("..")) {
        throw new EnvironmentException("the index of the Python side is damaged: line=" + line);
      }
      entries.add(new Entry(parts[0], Long.parseLong(parts[1]), parts[2]));
    }
    return entries;
  }

  private byte[] read(String path) {
    try (InputStream in = source.open(path)) {
      if (in == null) {
        throw new EnvironmentException(
            "the Python side is not on the class path: resource="
                + ROOT
                + path
                + "; add lockstep-python-shim of the same version");
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new EnvironmentException("the Python side cannot be read: resource=" + ROOT + path, e);
    }
  }

  /** Names the content. */
  String hash() {
    return hash;
  }

  /** Writes every file below an empty folder. */
  void writeTo(Path folder) throws IOException {
    for (Entry entry : entries) {
      byte[] content = read(entry.path);
      if (content.length != entry.size || !sha256(content).equals(entry.sha256)) {
        throw new EnvironmentException(
            "a file of the Python side is not what its index says: path=" + entry.path);
      }
      Path file = folder.resolve(entry.path);
      Files.createDirectories(
          file.getParent(),
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      Files.write(file, content);
      Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
      Files.setLastModifiedTime(file, LAID_OUT);
    }
  }

  /**
   * Whether every file is there as it was written. Told by size and time, which a crash, an editor
   * and a cleaner change: to read and hash half a megabyte takes longer than all the rest of a
   * start.
   */
  boolean areIn(Path folder) throws IOException {
    for (Entry entry : entries) {
      try {
        BasicFileAttributes file =
            Files.readAttributes(
                folder.resolve(entry.path), BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        if (!file.isRegularFile()
            || file.size() != entry.size
            || !file.lastModifiedTime().equals(LAID_OUT)) {
          return false;
        }
      } catch (NoSuchFileException e) {
        return false;
      }
    }
    return true;
  }

  private static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
