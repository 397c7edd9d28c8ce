package dev.lockstep.faults;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lockstep.PyWorker;
import dev.lockstep.SegmentKind;
import dev.lockstep.diagnostics.SegmentFiles;
import dev.lockstep.env.ShimFolder;
import dev.lockstep.memory.Segment;
import dev.lockstep.memory.SegmentException;
import dev.lockstep.memory.SegmentSpec;
import dev.lockstep.wire.SegmentLayout;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/** Rows 9, 10 and 11: the segment's file is cut, or its header is another one than announced. */
final class Segments {
  private static final int PAGE_BYTES = 4096;
  private static final String NOT_PERMITTED = "errno 1";
  private static final int SEAL_WRITE = 8;
  private static final int BITS = 8;

  private Segments() {}

  // --- row 9

  static void truncatedOnTmpfs(Trial trial) throws IOException {
    try (Vandal vandal = new Vandal()) {
      trial.repeat("truncate", () -> truncate(trial, vandal));
    }
  }

  private static void truncate(Trial trial, Vandal vandal) throws Exception {
    PyWorker worker = trial.start(trial.worker().segmentKind(SegmentKind.TMPFS));
    int size =
        List.of(0, PAGE_BYTES, (int) SegmentSpec.named("").bytes() - PAGE_BYTES)
            .get(trial.random().nextInt(3));
    long found = vandal.number("find_and_cut", size, ProcessHandle.current().pid(), worker.pid());
    trial.add("files that could be cut", found);
    Trial.require(found == 0, "the vandal found " + found + " files to cut");
    Outcome byUserCode =
        Outcome.of(() -> worker.sync().call("cut_own_segment", Integer.class, size));
    Trial.require(Objects.equals(byUserCode.succeeded(), 0), "user code cut it: " + byUserCode);
    byte[] sent = new byte[1 << trial.random().nextInt(20)];
    trial.random().nextBytes(sent);
    byte[] back = worker.sync().within(Trial.PATIENCE).call("echo", byte[].class, (Object) sent);
    Trial.require(Arrays.equals(sent, back), "other bytes came back");
    Trial.require(
        SegmentFiles.of(worker.pid()).size() == 1, "the segment cannot be shown any more");
    trial.finish(worker);
  }

  // --- row 10

  static void truncatedSealed(Trial trial) throws Exception {
    try (Vandal vandal = new Vandal()) {
      PyWorker worker = trial.start(trial.worker().segmentKind(SegmentKind.MEMFD));
      vandal.open(worker.pid());
      trial.repeat(
          "truncate",
          () -> {
            int size = trial.random().nextInt(2 * (int) SegmentSpec.named("").bytes());
            if (size == SegmentSpec.named("").bytes()) {
              return;
            }
            String answer = vandal.tell("truncate", size);
            Trial.require(answer.equals(NOT_PERMITTED), "size=" + size + ": " + answer);
            Trial.require(
                vandal.tell("add_seals", SEAL_WRITE).equals(NOT_PERMITTED), "a seal was added");
            Object value = worker.sync().within(Trial.PATIENCE).call("echo", Integer.class, size);
            Trial.require(Objects.equals(value, size), "got " + value);
          });
      trial.finish(worker);
    }
  }

  // --- row 11

  static void headerFlipped(Trial trial) throws Exception {
    SegmentSpec spec = SegmentSpec.named("flipped");
    byte[] nonce = new byte[SegmentLayout.NONCE_BYTES];
    trial.random().nextBytes(nonce);
    try (ShimFolder shim = ShimFolder.open()) {
      try (Segment segment = Segment.createSealed(spec, nonce)) {
        trial.attempt("attach in Python", () -> flipForPython(trial, shim.path(), segment, nonce));
      }
      try (Segment segment = Segment.createSealed(spec, nonce)) {
        flipForJava(trial, segment, spec, nonce);
      }
    }
  }

  private static void flipForPython(Trial trial, Path shim, Segment segment, byte[] nonce)
      throws IOException, InterruptedException {
    try (MessageFile message = MessageFile.of(segment, nonce, "flipped")) {
      Process process =
          new ProcessBuilder(
                  trial.combination().python(),
                  Home.python("header_flips.py").toString(),
                  shim.toString(),
                  message.path().toString(),
                  "0",
                  Integer.toString(SegmentLayout.HOST_STATE_OFFSET))
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      JsonNode result = new ObjectMapper().readTree(process.getInputStream());
      process.waitFor();
      trial.fact("Python: flips tried", result.path("tries").asInt());
      trial.fact("Python: refusals that name the field", result.path("named").asInt());
      trial.fact("Python: undetected", result.path("accepted").toString());
      Trial.require(
          result.path("accepted").size() == 0
              && result.path("tries").asInt() == SegmentLayout.HOST_STATE_OFFSET * BITS
              && result.path("named").asInt() == result.path("tries").asInt(),
          "result: " + result);
    }
  }

  private static void flipForJava(Trial trial, Segment segment, SegmentSpec spec, byte[] nonce)
      throws IOException {
    int undetected = 0;
    try (FileChannel file =
        FileChannel.open(
            segment.pathForPeer(), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      ByteBuffer one = ByteBuffer.allocate(1);
      for (int offset = 0; offset < SegmentLayout.HOST_STATE_OFFSET; offset++) {
        if (isNotToldToJava(offset)) {
          continue;
        }
        file.read(one.clear(), offset);
        byte clean = one.get(0);
        for (int bit = 0; bit < BITS; bit++) {
          file.write(one.clear().put(0, (byte) (clean ^ 1 << bit)), offset);
          String where = "offset " + offset + " bit " + bit;
          try {
            Segment.attach(segment.pathForPeer(), spec, nonce);
            undetected++;
            trial.attempt(
                where,
                () -> {
                  throw new AssertionError("Java attached");
                });
          } catch (SegmentException refused) {
            trial.attempt(
                where, () -> Trial.require(refused.getMessage() != null, "no reason is given"));
          }
        }
        file.write(one.clear().put(0, clean), offset);
      }
    }
    trial.fact("Java: undetected", undetected);
  }

  /**
   * A JVM that plays the worker gets no start-up message: minor version, host's pid and start time.
   */
  private static boolean isNotToldToJava(int offset) {
    return (offset & ~1) == SegmentLayout.VERSION_OFFSET
        || (offset & ~3) == SegmentLayout.HOST_PID_OFFSET
        || (offset & ~7) == SegmentLayout.HOST_START_TIME_OFFSET;
  }
}
