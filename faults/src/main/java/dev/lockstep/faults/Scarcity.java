package dev.lockstep.faults;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Rows 25 and 26: too little memory, too few descriptors, too little address space. */
final class Scarcity {
  private static final int LANE = 256 * 1024;
  private static final int LARGE_LANE = 64 * 1024 * 1024;
  private static final int MOST_WORKERS = 60;

  /** The limit of processes and threads holds for all users but root. The files here are root's. */
  private static final List<String> SOMEBODY_ELSE =
      List.of(
          "setpriv",
          "--reuid=61234",
          "--clear-groups",
          "--inh-caps=+dac_override,+dac_read_search",
          "--ambient-caps=+dac_override,+dac_read_search");

  private Scarcity() {}

  // --- row 25

  static void fullTmpfs(Trial trial) throws IOException, InterruptedException {
    if (new ProcessBuilder("unshare", "-rm", "true").start().waitFor() != 0) {
      trial.notRun("a small tmpfs needs a mount namespace, and unshare -rm is refused here");
      return;
    }
    trial.fact(
        "left out",
        "memory limit of a control group: there the kernel kills before fallocate fails;"
            + " zero-fill: this build has no such fallback");
    trial.repeat("no room for one", () -> tmpfs(trial, 300, 0));
    trial.repeat("room for one", () -> tmpfs(trial, 700, 1));
  }

  private static void tmpfs(Trial trial, int kibibytes, int fit) throws Exception {
    Path folder = Files.createTempDirectory("lockstep-faults-");
    try {
      List<String> command =
          new ArrayList<>(
              List.of(
                  "unshare",
                  "-rm",
                  "sh",
                  "-c",
                  "mount -t tmpfs -o size=" + kibibytes + "k none \"$0\" && exec \"$@\"",
                  folder.toString()));
      command.addAll(host(trial, folder.toString(), LANE, List.of()));
      JsonNode result = play(command);
      trial.fact("message with " + kibibytes + " KiB", result.path("error").asText());
      Trial.require(
          result.path("workers").asInt() == fit
              && result.path("alive").asInt() == fit
              && result.path("error").asText().contains("needed=")
              && result.path("error").asText().contains("ENOSPC"),
          result.toString());
    } finally {
      Files.deleteIfExists(folder);
    }
  }

  // --- row 26

  static void limits(Trial trial) throws IOException {
    boolean isForAll = isForAll(Path.of(trial.combination().python()));
    trial.fact(
        "left out",
        "max_map_count: the whole machine's, and its message is that of the address space;"
            + " MEMLOCK: nothing is locked"
            + (isForAll ? "" : "; NPROC: it needs another user, and the interpreter is root's"));
    trial.repeat("NOFILE 64", () -> limited(trial, "--nofile=64", List.of(), LANE, "file"));
    trial.repeat(
        "AS 3 GiB",
        () -> limited(trial, "--as=3221225472", List.of(), LARGE_LANE, "address space"));
    if (isForAll) {
      trial.repeat("NPROC 60", () -> limited(trial, "--nproc=60", SOMEBODY_ELSE, LANE, "resource"));
    }
  }

  /** Whether every user finds the program: access(2) asks for no capability. */
  private static boolean isForAll(Path program) throws IOException {
    for (Path at = program.toRealPath(); at != null; at = at.getParent()) {
      if (!Files.getPosixFilePermissions(at).contains(PosixFilePermission.OTHERS_EXECUTE)) {
        return false;
      }
    }
    return true;
  }

  private static void limited(Trial trial, String limit, List<String> as, int lane, String named)
      throws Exception {
    List<String> command = new ArrayList<>(List.of("prlimit", limit));
    command.addAll(as);
    command.addAll(List.of("env", "MALLOC_ARENA_MAX=1"));
    command.addAll(
        host(
            trial,
            "-",
            lane,
            List.of("-XX:CompressedClassSpaceSize=64m", "-XX:ReservedCodeCacheSize=64m")));
    JsonNode result = play(command);
    String error = result.path("error").asText();
    trial.fact("message with " + limit, error);
    trial.figure("workers with " + limit, "workers").record(result.path("workers").asInt());
    Trial.require(
        result.path("alive").asInt() == result.path("workers").asInt()
            && result.path("workers").asInt() < MOST_WORKERS
            && error.toLowerCase(Locale.ROOT).contains(named),
        result.toString());
  }

  private static List<String> host(Trial trial, String folder, int lane, List<String> flags) {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(trial.combination().jdk(), "bin", "java").toString(),
                "-Xmx128m",
                "-XX:+UseSerialGC",
                "-Xlog:disable", // the JVM's own words about a limit would be on stdout
                "-Dlockstep.faults.home=" + Home.folder()));
    command.addAll(flags);
    if (Jdks.major(trial.combination().jdk()) >= 22) {
      command.add("--enable-native-access=ALL-UNNAMED");
    }
    command.addAll(
        List.of(
            "-cp",
            System.getProperty("java.class.path"),
            LimitProgram.class.getName(),
            trial.combination().encoded(),
            folder,
            Integer.toString(lane),
            Integer.toString(MOST_WORKERS)));
    return command;
  }

  private static JsonNode play(List<String> command) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    try {
      String text =
          new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      Trial.require(process.waitFor() == 0, "the host ended with " + process.exitValue());
      return new ObjectMapper().readTree(text);
    } finally {
      process.destroyForcibly();
    }
  }
}
