package dev.lockstep;

import dev.lockstep.env.Interpreters;
import dev.lockstep.env.PackageEnvironments;
import dev.lockstep.env.Packages;
import dev.lockstep.env.WorkerFolder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Brings about what a worker's configuration asks for before its process is started: an interpreter
 * of a version, an environment with packages, files. It may take minutes, and can be ended.
 */
final class Preparation {
  /** Where the worker finds its files if its working directory is another folder. */
  private static final String FILES_VARIABLE = "LOCKSTEP_FILES";

  private final WorkerSettings settings;
  private final Services services;
  private final ReentrantLock lock = new ReentrantLock();
  private @Nullable Thread working; // guarded by lock
  private boolean ended; // guarded by lock

  Preparation(WorkerSettings settings, Services services) {
    this.settings = settings;
    this.services = services;
  }

  /** Whether it is more than a few looks at files: then it belongs on a thread of its own. */
  boolean takesTime() {
    return Interpreters.isVersion(settings.interpreter())
        || !settings.config.packages().isEmpty()
        || !settings.config.files().isEmpty();
  }

  /**
   * Does it, on this thread.
   *
   * @throws InterruptedException if it was ended meanwhile; nothing is left then
   * @throws ConfigurationException naming what is not there
   */
  Launch run() throws InterruptedException {
    begin();
    Launch launch;
    try {
      launch = prepare();
    } finally {
      finish();
    }
    if (isEnded()) {
      launch.release().run(); // It was ended where nothing looked any more.
      throw new InterruptedException();
    }
    return launch;
  }

  private boolean isEnded() {
    lock.lock();
    try {
      return ended;
    } finally {
      lock.unlock();
    }
  }

  private void begin() throws InterruptedException {
    lock.lock();
    try {
      if (ended) {
        throw new InterruptedException();
      }
      working = Thread.currentThread();
    } finally {
      lock.unlock();
    }
  }

  /** From here on nobody interrupts this thread, and no interrupt of {@link #end} is left. */
  private void finish() {
    lock.lock();
    try {
      working = null;
      if (ended) {
        Thread.interrupted();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Ends it as soon as possible; nothing if it is done. */
  void end() {
    lock.lock();
    try {
      ended = true;
      if (working != null) {
        working.interrupt();
      }
    } finally {
      lock.unlock();
    }
  }

  private Launch prepare() throws InterruptedException {
    Map<String, String> environment = new LinkedHashMap<>(settings.environment());
    Path interpreter = services.interpreters.find(settings.interpreter(), environment);
    List<String> path = path();
    if (!settings.config.packages().isEmpty()) {
      interpreter =
          PackageEnvironments.interpreter(
              interpreter, services.shim(), packages(), environment, this::tell);
      activate(interpreter, environment);
    }
    WorkerFolder folder = files();
    Path directory = settings.workingDirectory;
    if (folder != null) {
      environment.putIfAbsent(FILES_VARIABLE, folder.path().toString());
      path.add(0, folder.path().toString());
      directory = directory == null ? folder.path() : directory;
    }
    return new Launch(
        interpreter,
        settings.config.isDebug() ? List.of("-X", "dev") : List.of(),
        environment,
        directory,
        path,
        folder == null ? () -> {} : folder::close);
  }

  private Packages packages() {
    WorkerConfig config = settings.config;
    return new Packages(
        config.packages().stream().map(this::absolute).toList(),
        config.packagesIndex(),
        config.findLinks(),
        config.isOffline(),
        config.installTimeout());
  }

  /** A wheel's path begins where the configuration's paths do; any other requirement is a name. */
  private String absolute(String requirement) {
    boolean isPath =
        !requirement.contains("://")
            && !requirement.contains(" @ ")
            && (requirement.contains("/") || requirement.endsWith(".whl"));
    return isPath ? settings.config.resolve(requirement).toString() : requirement;
  }

  /** As a shell does it: what the script starts by name comes from the environment, too. */
  private static void activate(Path interpreter, Map<String, String> environment) {
    Path folder = PackageEnvironments.folderOf(interpreter);
    if (folder != null) {
      String path = environment.getOrDefault("PATH", System.getenv().getOrDefault("PATH", ""));
      environment.put("PATH", folder.resolve("bin") + (path.isEmpty() ? "" : ":" + path));
      environment.put("VIRTUAL_ENV", folder.toString());
    }
  }

  private @Nullable WorkerFolder files() throws InterruptedException {
    List<ConfigFiles.Entry> files = settings.config.files();
    if (files.isEmpty()) {
      return null;
    }
    WorkerFolder folder = WorkerFolder.open();
    try {
      for (int i = 0; i < files.size(); i++) {
        ConfigFiles.Entry file = files.get(i);
        tell(i, files.size(), "copying " + file.source());
        folder.add(settings.config.resolve(file.source()), file.target(), file.unpacks());
      }
      tell(files.size(), files.size(), "copied");
      return folder;
    } catch (InterruptedException | RuntimeException | Error e) {
      folder.close();
      throw e;
    }
  }

  /** Whoever listens must not be the reason that a worker does not start. */
  private void tell(int done, int total, String text) {
    var consumer = settings.progressConsumer;
    if (consumer == null) {
      return;
    }
    try {
      consumer.accept(new Progress(done, total, text));
    } catch (RuntimeException | Error e) {
      System.getLogger(Preparation.class.getName())
          .log(System.Logger.Level.WARNING, "the consumer of a worker's progress failed", e);
    }
  }

  private List<String> path() {
    List<String> entries = new ArrayList<>();
    List<Path> wanted = settings.config.path();
    for (int i = 0; i < wanted.size(); i++) {
      if (!Files.exists(wanted.get(i))) {
        throw new ConfigurationException(
            "there is no such folder or archive for sys.path: key=path["
                + i
                + "], path="
                + wanted.get(i)
                + "; correct it, or make it before the worker is started");
      }
      entries.add(wanted.get(i).toString());
    }
    return entries;
  }
}
