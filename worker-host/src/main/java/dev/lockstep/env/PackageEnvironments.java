package dev.lockstep.env;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Virtual environments with packages, each made once for an interpreter and a set of requirements,
 * in the user's cache: {@code ${XDG_CACHE_HOME:-~/.cache}/lockstep/envs/HASH}.
 *
 * <p>An environment is made under another name and appears in one piece, by a rename: whoever is
 * killed while making one leaves nothing that anybody would use, and a sweep takes it after an
 * hour. A locked file keeps others from doing the same work meanwhile; the kernel releases the lock
 * of the dead. Environments that nobody has used for a month go when the next one is made.
 */
public final class PackageEnvironments {
  private static final int NAME_DIGITS = 32;
  private static final long LOOK_MILLIS = 50;

  private PackageEnvironments() {}

  /**
   * The interpreter that has the packages: the given one if it has them, else that of an
   * environment, which is made if it is not there yet.
   *
   * @param shim the folder of the Python side
   * @param variables of the worker, before those of this process: where the cache is, what the
   *     installer reads
   * @throws EnvironmentException naming the package that cannot be had and what to do
   * @throws InterruptedException if the thread was interrupted meanwhile; nothing usable is left
   */
  public static Path interpreter(
      Path interpreter,
      Path shim,
      Packages packages,
      Map<String, String> variables,
      Packages.Listener listener)
      throws InterruptedException {
    long deadlineNanos = System.nanoTime() + packages.timeout().toNanos();
    Tool tool = new Tool(variables, deadlineNanos);
    InterpreterFacts facts = InterpreterFacts.ask(interpreter, shim, packages.requirements(), tool);
    if (facts.missing().isEmpty()) {
      return interpreter;
    }
    try {
      Path cache = cache(variables);
      Path folder = cache.resolve(name(facts, packages));
      if (!isUsable(folder)) {
        Installer installer = new Installer(packages, interpreter, facts, tool, listener);
        String path = variables.getOrDefault("PATH", System.getenv("PATH"));
        make(folder, installer, path, deadlineNanos, listener);
        CacheSweep.run(cache, folder);
      }
      return python(folder);
    } catch (IOException e) {
      throw new EnvironmentException(
          "an environment for packages cannot be made: packages=" + facts.missing() + ", " + e, e);
    }
  }

  private static Path python(Path folder) {
    return folder.resolve("bin").resolve("python");
  }

  /** The folder of an environment, for one of its interpreters; null for any other. */
  public static @Nullable Path folderOf(Path python) {
    Path folder = python.resolve("../..").normalize();
    return Files.exists(folder.resolve("pyvenv.cfg")) ? folder : null;
  }

  /** The folders with the modules of an environment, for its interpreter. */
  public static List<Path> modulesOf(Path python) {
    Path lib = python.resolve("../../lib").normalize();
    try (DirectoryStream<Path> versions = Files.newDirectoryStream(lib)) {
      List<Path> folders = new ArrayList<>();
      versions.forEach(version -> folders.add(version.resolve("site-packages")));
      return folders.stream().filter(Files::isDirectory).sorted().toList();
    } catch (IOException e) {
      throw new EnvironmentException(
          "an environment with packages cannot be read: folder=" + lib + ", " + e, e);
    }
  }

  private static Path cache(Map<String, String> variables) throws IOException {
    Path user = ShimFolder.cacheFolder(name -> variables.getOrDefault(name, System.getenv(name)));
    if (user == null) {
      throw new EnvironmentException(
          "there is no folder for environments with packages: HOME and XDG_CACHE_HOME are not set;"
              + " set one of them to a folder that can be written to");
    }
    Path folder = user.resolve("lockstep").resolve("envs");
    Files.createDirectories(user);
    for (Path each : List.of(folder.getParent(), folder)) {
      try {
        Files.createDirectory(each, ShimFolder.AS_PRIVATE);
      } catch (FileAlreadyExistsException e) {
        ShimFolder.requireOwn(each);
      }
    }
    // As long as one of them is used, the folder of all is.
    CacheSweep.markUsed(folder);
    return folder;
  }

  private static String name(InterpreterFacts facts, Packages packages) throws IOException {
    StringBuilder all = new StringBuilder(facts.identity());
    for (String each : packages.requirements().stream().sorted().distinct().toList()) {
      all.append("\nrequirement=").append(each);
      Path file = each.startsWith("/") ? Path.of(each) : null;
      if (file != null && Files.exists(file)) {
        all.append(' ')
            .append(Files.size(file))
            .append(' ')
            .append(Files.getLastModifiedTime(file));
      }
    }
    all.append("\nindex=").append(packages.index());
    packages.findLinks().forEach(link -> all.append("\nfind_links=").append(link));
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256")
              .digest(all.toString().getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(hash).substring(0, NAME_DIGITS);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /** Whether it is there, and its interpreter too: that is a link to one that may be gone. */
  private static boolean isUsable(Path folder) throws IOException {
    if (!CacheSweep.markUsed(folder)) {
      return false;
    }
    ShimFolder.requireOwn(folder);
    return Files.isExecutable(python(folder));
  }

  private static void make(
      Path folder,
      Installer installer,
      @Nullable String path,
      long deadlineNanos,
      Packages.Listener listener)
      throws IOException, InterruptedException {
    Path lockFile = folder.resolveSibling(folder.getFileName() + ".lock");
    try (FileChannel channel =
        FileChannel.open(lockFile, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      if (!lock(channel, folder, deadlineNanos, listener)) {
        return;
      }
      try {
        if (!isUsable(folder)) {
          makeLocked(folder, installer, path);
        }
      } finally {
        // Who waits for it has it open, and finds the environment when it gets the lock.
        Files.deleteIfExists(lockFile);
      }
    }
  }

  /** False if the environment was there before the lock could be had. */
  private static boolean lock(
      FileChannel channel, Path folder, long deadlineNanos, Packages.Listener listener)
      throws IOException, InterruptedException {
    boolean told = false;
    while (true) {
      try {
        FileLock lock = channel.tryLock();
        if (lock != null) {
          return true;
        }
      } catch (OverlappingFileLockException e) {
        // Another thread of this very JVM makes it.
      }
      if (told && isUsable(folder)) {
        return false;
      }
      if (!told) {
        listener.at(0, 0, "waiting for another process that installs the same packages");
        told = true;
      }
      if (System.nanoTime() - deadlineNanos > 0) {
        throw new EnvironmentException(
            "another process was not done in time with installing the same packages: folder="
                + folder);
      }
      TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
    }
  }

  private static void makeLocked(Path folder, Installer installer, @Nullable String path)
      throws IOException, InterruptedException {
    Path draft = CacheSweep.draftOf(folder);
    try {
      Files.createDirectory(draft, ShimFolder.AS_PRIVATE);
      installer.makeIn(draft, path);
      Relocation.of(draft, folder);
      if (Files.exists(folder)) {
        Path aside = CacheSweep.draftOf(folder); // Its interpreter is gone.
        Files.move(folder, aside, StandardCopyOption.ATOMIC_MOVE);
        TemporaryFolder.delete(aside);
      }
      Files.move(draft, folder, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      TemporaryFolder.delete(draft);
    }
  }
}
