package dev.lockstep.env;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * One archive's way into a worker's folder: zip (and wheels), tar, tar.gz, told by its content. An
 * entry that would leave the folder, and links and devices, are refused.
 */
final class Unpacking {
  private static final int TAR_BLOCK = 512;

  private final WorkerFolder folder;
  private final Path archive;
  private final String target;

  Unpacking(WorkerFolder folder, Path archive, String target) {
    this.folder = folder;
    this.archive = archive;
    this.target = target;
  }

  void run() throws IOException, InterruptedException {
    byte[] start;
    try (InputStream in = Files.newInputStream(archive)) {
      start = in.readNBytes(TAR_BLOCK);
    }
    if (start.length >= 4 && start[0] == 'P' && start[1] == 'K') {
      unzip();
    } else if (start.length >= 2 && start[0] == 0x1f && (start[1] & 0xFF) == 0x8b) {
      try (InputStream in =
          new BufferedInputStream(new GZIPInputStream(Files.newInputStream(archive)))) {
        untar(in);
      }
    } else if (TarReader.isTar(start)) {
      try (InputStream in = new BufferedInputStream(Files.newInputStream(archive))) {
        untar(in);
      }
    } else {
      throw new EnvironmentException(
          "this is no archive that can be unpacked: source="
              + archive
              + ", allowed: zip, tar, tar.gz; without the * in its target the file is copied as it"
              + " is");
    }
  }

  private void unzip() throws IOException, InterruptedException {
    try (ZipFile zip = new ZipFile(archive.toFile())) {
      for (ZipEntry entry : Collections.list(zip.entries())) {
        String to = inside(entry.getName());
        if (entry.isDirectory()) {
          folder.addFolder(to);
          continue;
        }
        try (InputStream content = zip.getInputStream(entry)) {
          folder.addFile(content, to, false, origin(entry.getName()));
        }
      }
    }
  }

  private void untar(InputStream in) throws IOException, InterruptedException {
    TarReader tar = new TarReader(in);
    TarReader.Entry entry = tar.next();
    if (entry == null) {
      throw new EnvironmentException("this archive is empty, or no tar: source=" + archive);
    }
    for (; entry != null; entry = tar.next()) {
      String to = inside(entry.name());
      if (entry.isFolder()) {
        folder.addFolder(to);
      } else if (entry.isFile()) {
        folder.addFile(tar.content(), to, entry.isExecutable(), origin(entry.name()));
      } else {
        throw new EnvironmentException(
            "an archive holds what is neither file nor folder: source="
                + archive
                + ", entry="
                + entry.name()
                + ", kind="
                + entry.kind()
                + " (1 and 2 are links); pack the files that it links to");
      }
    }
  }

  private String origin(String name) {
    return archive + " (" + name + ")";
  }

  /** Where an entry goes: refused if that is anywhere else than below the target. */
  private String inside(String name) {
    List<String> names = new ArrayList<>();
    if (!target.isEmpty()) {
      names.add(target);
    }
    for (String each : name.split("/", -1)) {
      if (each.equals("..") || each.indexOf('\0') >= 0) {
        throw leaves(name);
      }
      if (!each.isEmpty() && !each.equals(".")) {
        names.add(each);
      }
    }
    if (name.startsWith("/")) {
      throw leaves(name);
    }
    return String.join("/", names);
  }

  private EnvironmentException leaves(String name) {
    return new EnvironmentException(
        "an archive's entry would leave the worker's folder: source="
            + archive
            + ", entry="
            + name
            + "; nothing of it is used");
  }
}
