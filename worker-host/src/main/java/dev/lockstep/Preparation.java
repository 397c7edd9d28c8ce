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
import java.util.Objects;
import java.util.stream.Stream;
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
  private final EndableWork work;
  private volatile @Nullable Launch launch;

  Preparation(WorkerSettings settings, Services services, EndableWork work) {
    this.settings = settings;
    this.services = services;
    this.work = work;
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
    Launch made = work.run(this::prepare);
    if (work.isEnded()) {
      made.release().run(); // It was ended where nothing looked any more.
      throw new InterruptedException();
    }
    launch = made;
    return made;
  }

  private Launch prepare() throws InterruptedException {
    Map<String, String> environment = new LinkedHashMap<>(settings.environment());
    Path interpreter = services.interpreters.find(settings.interpreter(), environment);
    List<String> path = path();
    if (!settings.config.packages().isEmpty()) {
      interpreter =
          PackageEnvironments.interpreter(
              interpreter, services.shim(), packages(List.of()), environment, this::tell);
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

  /**
   * The folders with the modules of an environment that has more packages, made now if there is
   * none. The configured ones are in it, too: it is one choice of versions for all of them.
   *
   * @throws InterruptedException if this thread was interrupted meanwhile
   */
  List<Path> modules(List<String> more) throws InterruptedException {
    Launch launched = Objects.requireNonNull(launch, "the worker was not started");
    Path python =
        PackageEnvironments.interpreter(
            launched.interpreter(),
            services.shim(),
            packages(more),
            settings.environment(),
            this::tell);
    return python.equals(launched.interpreter())
        ? List.of() // It has them.
        : PackageEnvironments.modulesOf(python);
  }

  private Packages packages(List<String> more) {
    WorkerConfig config = settings.config;
    return new Packages(
        Stream.concat(config.packages().stream().map(this::absolute), more.stream()).toList(),
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
