package dev.lockstep.cli;

import dev.lockstep.diagnostics.FramePicture;
import dev.lockstep.diagnostics.LanePicture;
import dev.lockstep.diagnostics.SegmentFiles;
import dev.lockstep.diagnostics.SegmentPicture;
import dev.lockstep.wire.FrameFlags;
import dev.lockstep.wire.FrameKind;
import dev.lockstep.wire.LaneLayout;
import dev.lockstep.wire.ProtocolVersion;
import dev.lockstep.wire.SegmentLayout;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.AccessDeniedException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lockstep dump PID}: a live segment in words. */
@Command(
    name = "dump",
    mixinStandardHelpOptions = true,
    description = {
      "Shows the shared segment of a live worker without stopping it or writing to it: states,"
          + " how far each side has read and written, who sleeps, and the frames that wait unread."
    },
    footer = {
      "",
      "The words are copied one after the other while both sides go on working, so two of them may"
          + " be microseconds apart."
    })
final class DumpCommand implements Callable<Integer> {
  private static final String[] HOST_STATES = {"creating", "ready", "closing", "closed"};
  private static final String[] WORKER_STATES = {"absent", "attached", "ready", "leaving"};

  @SuppressWarnings("NullAway.Init") // picocli sets it before call().
  @Spec
  CommandSpec spec;

  @Parameters(paramLabel = "PID", description = "process of a worker, or of a host of workers")
  long pid;

  @Override
  public Integer call() throws IOException {
    List<SegmentPicture> pictures;
    try {
      pictures = SegmentFiles.of(pid);
    } catch (AccessDeniedException e) {
      throw new WrongUseException("the process belongs to somebody else: pid=" + pid);
    } catch (IOException e) {
      throw new WrongUseException(String.valueOf(e.getMessage()));
    }
    if (pictures.isEmpty()) {
      throw new WrongUseException("the process has no Lockstep segment: pid=" + pid);
    }
    PrintWriter out = spec.commandLine().getOut();
    for (SegmentPicture picture : pictures) {
      print(picture, out);
    }
    out.flush();
    return ExitCode.OK;
  }

  private static void print(SegmentPicture picture, PrintWriter out) {
    out.println(
        "segment   bytes="
            + picture.segmentBytes()
            + ", format="
            + ProtocolVersion.text(picture.versionWord())
            + ((picture.flags() & SegmentLayout.FLAG_SYNC_MAIN_ONLY) != 0
                ? ", sync_main_only"
                : ""));
    out.println(
        "host      pid="
            + picture.hostPid()
            + ", state="
            + name(HOST_STATES, picture.hostState())
            + ", lateWakeups="
            + picture.hostLateWakeups());
    out.println(
        "worker    pid="
            + picture.workerPid()
            + ", state="
            + name(WORKER_STATES, picture.workerState())
            + ", lateWakeups="
            + picture.workerLateWakeups());
    if (picture.interruptCallId() != 0) {
      out.println(
          "interrupt "
              + (picture.interruptCallId() == -1
                  ? "of whatever runs"
                  : "of call " + picture.interruptCallId()));
    }
    print("to worker", picture.toWorker(), out);
    print("to host  ", picture.toHost(), out);
  }

  private static void print(String title, LanePicture lane, PrintWriter out) {
    out.println(
        title
            + " capacity="
            + lane.capacityBytes()
            + ", head="
            + lane.head()
            + ", tail="
            + lane.tail()
            + ", unread="
            + (lane.tail() - lane.head())
            + " bytes, reader "
            + sleep(lane.dataSignal())
            + ", writer "
            + sleep(lane.spaceSignal()));
    for (FramePicture frame : lane.unread()) {
      out.println("          " + describe(frame));
    }
    if (!lane.remark().isEmpty()) {
      out.println("          (" + lane.remark() + ")");
    }
  }

  private static String sleep(int signal) {
    return ((signal & LaneLayout.SIGNAL_PARKED) != 0 ? "asleep" : "awake")
        + " (signal "
        + Integer.toUnsignedString(signal)
        + ")";
  }

  private static String describe(FramePicture frame) {
    StringBuilder text =
        new StringBuilder(FrameKind.name(frame.kind()))
            .append(" length=")
            .append(frame.lengthBytes())
            .append(", call=")
            .append(frame.callId());
    if (frame.parentCallId() != 0) {
      text.append(", parent=").append(frame.parentCallId());
    }
    if (frame.depth() != 0) {
      text.append(", depth=").append(frame.depth());
    }
    List<String> flags = flagNames(frame.flags());
    if (!flags.isEmpty()) {
      text.append(", flags=").append(String.join("+", flags));
    }
    return text.append(", position=").append(frame.position()).toString();
  }

  private static List<String> flagNames(int flags) {
    List<String> names = new ArrayList<>();
    if ((flags & FrameFlags.MORE) != 0) {
      names.add("MORE");
    }
    if ((flags & FrameFlags.CONTINUATION) != 0) {
      names.add("CONTINUATION");
    }
    if ((flags & FrameFlags.BUILTIN) != 0) {
      names.add("BUILTIN");
    }
    if ((flags & FrameFlags.KEYWORDS) != 0) {
      names.add("KEYWORDS");
    }
    if ((flags & ~FrameFlags.ALL) != 0) {
      names.add("0x" + Integer.toHexString(flags & ~FrameFlags.ALL));
    }
    return names;
  }

  private static String name(String[] names, int state) {
    return state >= 0 && state < names.length ? names[state] : "unknown " + state;
  }
}
