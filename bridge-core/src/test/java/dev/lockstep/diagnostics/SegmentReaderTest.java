package dev.lockstep.diagnostics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.wire.FrameFlags;
import dev.lockstep.wire.FrameKind;
import dev.lockstep.wire.FrameLayout;
import dev.lockstep.wire.LaneLayout;
import dev.lockstep.wire.ProtocolVersion;
import dev.lockstep.wire.SegmentLayout;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SegmentReaderTest {
  private static final int CAPACITY_BYTES = LaneLayout.MIN_CAPACITY_BYTES;
  private static final int TAIL_OF_LANE_0 =
      SegmentLayout.TO_WORKER_LANE_OFFSET + LaneLayout.TAIL_OFFSET;
  private static final int HEAD_OF_LANE_0 =
      SegmentLayout.TO_WORKER_LANE_OFFSET + LaneLayout.HEAD_OFFSET;

  @TempDir Path folder;
  private Path file = Path.of("unset");
  private final ByteBuffer bytes =
      ByteBuffer.allocate((int) SegmentLayout.segmentBytes(CAPACITY_BYTES, CAPACITY_BYTES))
          .order(ByteOrder.LITTLE_ENDIAN);

  @BeforeEach
  void writeEmptySegment() {
    file = folder.resolve("segment");
    bytes.putLong(SegmentLayout.MAGIC_OFFSET, SegmentLayout.MAGIC);
    bytes.putInt(SegmentLayout.VERSION_OFFSET, ProtocolVersion.WORD);
    bytes.putLong(SegmentLayout.SEGMENT_BYTES_OFFSET, bytes.capacity());
    bytes.putInt(SegmentLayout.TO_WORKER_CAPACITY_OFFSET, CAPACITY_BYTES);
    bytes.putInt(SegmentLayout.TO_HOST_CAPACITY_OFFSET, CAPACITY_BYTES);
    bytes.putInt(SegmentLayout.HOST_PID_OFFSET, (int) ProcessHandle.current().pid());
    bytes.putInt(SegmentLayout.HOST_STATE_OFFSET, SegmentLayout.HOST_READY);
  }

  private SegmentPicture picture() throws IOException {
    Files.write(file, bytes.array());
    return SegmentReader.read(file);
  }

  private void putFrame(int index, int kind, int lengthBytes, long callId) {
    int offset = SegmentLayout.HEADER_BYTES + index;
    bytes.putInt(offset + FrameLayout.LENGTH_OFFSET, lengthBytes);
    bytes.put(offset + FrameLayout.KIND_OFFSET, (byte) kind);
    if (kind != FrameKind.PAD) {
      bytes.put(offset + FrameLayout.FLAGS_OFFSET, (byte) FrameFlags.KEYWORDS);
      bytes.putShort(offset + FrameLayout.DEPTH_OFFSET, (short) 3);
      bytes.putLong(offset + FrameLayout.CALL_ID_OFFSET, callId);
      bytes.putLong(offset + FrameLayout.PARENT_CALL_ID_OFFSET, callId - 2);
    }
  }

  @Test
  void emptySegmentIsShownWithItsStatesAndNoFrames() throws IOException {
    SegmentPicture picture = picture();

    assertThat(picture.hostState()).isEqualTo(SegmentLayout.HOST_READY);
    assertThat(picture.versionWord()).isEqualTo(ProtocolVersion.WORD);
    assertThat(picture.toWorker().unread()).isEmpty();
    assertThat(picture.toWorker().remark()).isEmpty();
    assertThat(picture.toHost().capacityBytes()).isEqualTo(CAPACITY_BYTES);
  }

  @Test
  void unreadFramesAreListedAcrossTheEndOfTheRing() throws IOException {
    long head = 5L * CAPACITY_BYTES - 40;
    putFrame(CAPACITY_BYTES - 40, FrameKind.INVOKE, 27, 12);
    putFrame(CAPACITY_BYTES - 8, FrameKind.PAD, 8, 0);
    putFrame(0, FrameKind.REPLY, 24, 14);
    bytes.putLong(HEAD_OF_LANE_0, head);
    bytes.putLong(TAIL_OF_LANE_0, head + 64);

    LanePicture lane = picture().toWorker();

    assertThat(lane.remark()).isEmpty();
    assertThat(lane.unread())
        .containsExactly(
            new FramePicture(head, 27, FrameKind.INVOKE, FrameFlags.KEYWORDS, 3, 12, 10),
            new FramePicture(head + 40, 24, FrameKind.REPLY, FrameFlags.KEYWORDS, 3, 14, 12));
  }

  @Test
  void garbageInLaneEndsTheListWithRemark() throws IOException {
    putFrame(0, FrameKind.INVOKE, -1, 2);
    bytes.putLong(TAIL_OF_LANE_0, 48);

    assertThat(picture().toWorker().remark()).contains("no frame of ours", "length=-1");
  }

  @Test
  void aLaneFullOfShortPadsEndsAtTheFirst() throws IOException {
    for (int at = 0; at < CAPACITY_BYTES; at += 8) {
      bytes.putLong(SegmentLayout.HEADER_BYTES + at, 8);
    }
    bytes.putLong(TAIL_OF_LANE_0, CAPACITY_BYTES);

    assertThat(picture().toWorker().remark()).contains("no frame of ours: position=0, length=8");
  }

  @Test
  void positionsThatCannotBeAreSaidToBeSo() throws IOException {
    bytes.putLong(TAIL_OF_LANE_0, CAPACITY_BYTES + 8L);

    assertThat(picture().toWorker().remark()).isEqualTo("head and tail do not fit together");
  }

  @Test
  void damagedCapacityIsRefusedAndNothingOfThatSizeIsRead() {
    bytes.putInt(SegmentLayout.TO_HOST_CAPACITY_OFFSET, Integer.MAX_VALUE);

    assertThatThrownBy(this::picture)
        .isInstanceOf(IOException.class)
        .hasMessageContaining("capacity=2147483647");
  }

  @Test
  void segmentThatThisProcessHoldsOpenIsFoundByItsPidOnce() throws IOException {
    Files.write(file, bytes.array());
    long pid = ProcessHandle.current().pid();
    try (RandomAccessFile first = new RandomAccessFile(file.toFile(), "r");
        RandomAccessFile second = new RandomAccessFile(file.toFile(), "r")) {
      assertThat(first.length()).isEqualTo(second.length());
      assertThat(SegmentFiles.of(pid)).hasSize(1);
    }
    assertThat(SegmentFiles.of(pid)).isEmpty();
  }

  @Test
  void processThatIsNotThereIsNamed() {
    assertThatThrownBy(() -> SegmentFiles.of(Integer.MAX_VALUE))
        .isInstanceOf(IOException.class)
        .hasMessage("no such process: pid=2147483647");
  }
}
