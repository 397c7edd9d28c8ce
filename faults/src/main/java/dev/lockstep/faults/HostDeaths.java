package dev.lockstep.faults;

import dev.lockstep.PyWorker;
import dev.lockstep.SegmentKind;
import dev.lockstep.Workers;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Rows 2 and 3: the host is killed, alone or together with its worker. */
final class HostDeaths {
  private static final Duration WORKER_MAY_LIVE = Duration.ofSeconds(20);
  private static final int MANY_STEPS = 24;

  private HostDeaths() {}

  static void killedAtEachStep(Trial trial) throws Exception {
    int stores = countStores(trial);
    trial.fact("stores of one life", stores);
    int steps = Math.min(stores, Math.max(MANY_STEPS, trial.runs() > 1 ? stores : MANY_STEPS));
    trial.fact("steps", steps);
    for (int step = 0; step < steps; step++) {
      int stopAt = 1 + (int) ((long) step * (stores - 1) / Math.max(1, steps - 1));
      for (int i = 0; i < trial.runs(); i++) {
        trial.attempt("store " + stopAt, () -> killHost(trial, stopAt, false));
      }
    }
    sweep(trial);
  }

  static void bothKilled(Trial trial) throws Exception {
    int stores = countStores(trial);
    trial.repeat("both", () -> killHost(trial, 1 + trial.random().nextInt(stores * 9 / 10), true));
    sweep(trial);
  }

  private static int countStores(Trial trial) throws IOException, InterruptedException {
    Process host = host(trial, 0, "counted").start();
    try (BufferedReader out =
        new BufferedReader(new InputStreamReader(host.getInputStream(), StandardCharsets.UTF_8))) {
      String line = out.readLine();
      Trial.require(
          host.waitFor(Trial.PATIENCE.toSeconds(), TimeUnit.SECONDS) && line != null,
          "the host does not even live");
      return Integer.parseInt(line.strip());
    } finally {
      host.destroyForcibly();
    }
  }

  private static ProcessBuilder host(Trial trial, int stopAt, String name) {
    Combination combination = trial.combination();
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(combination.jdk(), "bin", "java").toString(),
                "-Xmx128m",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Xshare:auto",
                "-Dlockstep.faults.home=" + Home.folder()));
    if (Jdks.major(combination.jdk()) >= 22) {
      command.add("--enable-native-access=ALL-UNNAMED");
    }
    command.addAll(
        List.of(
            "-cp",
            System.getProperty("java.class.path"),
            HostProgram.class.getName(),
            Integer.toString(stopAt),
            combination.encoded(),
            name));
    return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
  }

  private static void killHost(Trial trial, int stopAt, boolean workerToo) throws Exception {
    String name = "doomed" + System.nanoTime();
    Process host =
        host(trial, stopAt, name).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
    try {
      Trial.require(Processes.awaitStopped(host.pid(), Trial.PATIENCE), "the host does not stop");
      List<Long> workers = host.children().map(ProcessHandle::pid).toList();
      long killedAt = Processes.kill(host.pid());
      if (workerToo) {
        workers.forEach(Processes::kill);
      }
      for (long worker : workers) {
        Processes.await(
            "the end of the worker of a killed host, within " + WORKER_MAY_LIVE,
            () -> Processes.isGone(worker));
        trial.millis("host's death to worker gone").record(System.nanoTime() - killedAt);
      }
      host.waitFor();
      trial.add("workers", workers.size());
      Trial.require(workers.stream().allMatch(Processes::isGone), "an orphan lives on: " + workers);
      List<String> holders = holdersOf(name);
      Trial.require(holders.isEmpty(), "somebody still holds the segment: " + holders);
      if (trial.combination().kind() == SegmentKind.MEMFD) {
        Trial.require(filesOf(host.pid()).isEmpty(), "a file is left");
      }
    } finally {
      host.destroyForcibly();
    }
  }

  /** The next host on tmpfs removes what the killed ones left. */
  private static void sweep(Trial trial) {
    trial.attempt(
        "sweep",
        () -> {
          List<Path> before = folders();
          trial.fact("folders left before the next start", before.size());
          try (Workers next = Workers.open()) {
            PyWorker worker = next.start(PyWorker.source("").segmentKind(SegmentKind.TMPFS));
            Outcome.of(worker.ready(), Trial.PATIENCE).succeeded();
          }
          List<Path> after = folders();
          after.retainAll(before);
          after.removeIf(HostDeaths::isOfALiveProcess);
          trial.fact("folders left after it", after.size());
          Trial.require(after.isEmpty(), "not swept: " + after);
        });
  }

  private static boolean isOfALiveProcess(Path folder) {
    String[] parts = folder.getFileName().toString().split("-", -1);
    return parts.length > 2 && Files.exists(Path.of("/proc", parts[2]));
  }

  private static List<Path> folders() throws IOException {
    List<Path> found = new ArrayList<>();
    try (DirectoryStream<Path> files =
        Files.newDirectoryStream(Path.of("/dev/shm"), "lockstep-*")) {
      files.forEach(found::add);
    }
    return found;
  }

  private static List<Path> filesOf(long pid) throws IOException {
    List<Path> found = folders();
    found.removeIf(path -> !path.toString().contains("-" + pid + "-"));
    return found;
  }

  /** Descriptors of any process that are open on the segment of a worker of this name. */
  private static List<String> holdersOf(String name) throws IOException {
    List<String> found = new ArrayList<>();
    try (DirectoryStream<Path> processes = Files.newDirectoryStream(Path.of("/proc"), "[1-9]*")) {
      for (Path process : processes) {
        try (DirectoryStream<Path> fds = Files.newDirectoryStream(process.resolve("fd"))) {
          for (Path fd : fds) {
            if (Files.readSymbolicLink(fd).toString().contains("lockstep:" + name)) {
              found.add(fd.toString());
            }
          }
        } catch (IOException e) {
          // Gone meanwhile.
        }
      }
    }
    return found;
  }
}
