package dev.lockstep;

import dev.lockstep.env.EnvironmentException;
import dev.lockstep.env.ImportNames;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Installs what scripts import and one worker's Python does not have.
 *
 * <p>The worker has its interpreter already, and other workers may have the same one. So nothing is
 * installed into it: the packages go into an environment of the cache, made once, and its modules
 * are put behind all that the worker can import without it.
 */
final class MissingImports {
  private static final String INSTALL = "installMissingImports";
  private static final String FOLDERS = "folders";

  /** Behind everything that is there: nothing of it hides what the worker has. */
  private static final String ADD_FOLDERS =
      """
      import importlib, site
      for folder in folders:
          site.addsitedir(folder)
      importlib.invalidate_caches()
      """;

  private final WorkerLife life;
  private final ScriptRuns runs;

  MissingImports(WorkerLife life, ScriptRuns runs) {
    this.life = life;
    this.runs = runs;
  }

  /** Installs them, on this thread. What was asked of the package index, by name. */
  List<String> install(String text) {
    try {
      return life.work().run(() -> installNow(text));
    } catch (InterruptedException | CallCancelledException e) {
      if (life.work().isEnded()) {
        throw life.endedException(INSTALL);
      }
      Thread.currentThread().interrupt();
      throw e instanceof CallCancelledException cancelled
          ? cancelled
          : life.cancelledException(INSTALL);
    }
  }

  private List<String> installNow(String text) throws InterruptedException {
    List<String> modules = runs.missingImports(text);
    try {
      List<String> packages = ImportNames.packagesOf(modules);
      if (packages.isEmpty()) {
        return List.of();
      }
      List<Path> folders = life.preparation().modules(packages);
      runs.run(
          Script.of(ADD_FOLDERS)
              .file("<lockstep packages>")
              .with(FOLDERS, folders.stream().map(Path::toString).toList()),
          Void.class);
      requireAll(text, packages);
      return packages;
    } catch (EnvironmentException e) {
      throw new PackagesException(
          "what a script imports cannot be installed: worker="
              + life.name()
              + ", modules="
              + modules
              + ": "
              + e.getMessage(),
          e);
    }
  }

  private void requireAll(String text, List<String> packages) {
    List<String> still =
        runs.missingImports(text).stream().filter(each -> !ImportNames.isPythonsOwn(each)).toList();
    if (!still.isEmpty()) {
      throw new PackagesException(
          "packages were installed and do not have what the script imports: worker="
              + life.name()
              + ", modules="
              + still
              + ", packages="
              + packages
              + "; name the packages that do in the configuration's key packages");
    }
  }

  /** The same on a thread of its own, and then something that gives the future's value. */
  CompletableFuture<@Nullable Object> installAsync(
      String text, Supplier<CompletableFuture<@Nullable Object>> then) {
    FollowingFuture future = FollowingFuture.ofLater();
    Thread thread =
        Services.daemon(
            () -> {
              try {
                install(text);
                future.follow(then.get());
              } catch (RuntimeException | Error e) {
                future.completeExceptionally(e);
              }
            });
    thread.setName("lockstep-install-" + life.name());
    future.whenCancelled(thread::interrupt);
    thread.start();
    return future;
  }
}
