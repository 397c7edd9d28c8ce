package dev.lockstep.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.memory.SegmentPair.Form;
import dev.lockstep.wire.LaneLayout;
import dev.lockstep.wire.Limits;
import dev.lockstep.wire.ProtocolVersion;
import dev.lockstep.wire.SegmentLayout;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a segment promises, whichever way its memory was made. */
@ExtendWith(LeavesNothingBehind.class)
class SegmentContractTest {
  private static final int CAPACITY = LaneLayout.MIN_CAPACITY_BYTES;
  private static final int UNUSED_WORD = 2048;
  private static final SegmentSpec SPEC = SegmentPair.spec(CAPACITY, Limits.DEFAULT);

  @ParameterizedTest
  @EnumSource(Form.class)
  void whatOneSideWritesTheOtherReads(Form form) {
    try (SegmentPair pair = SegmentPair.attached(form, SPEC)) {
      byte[] bytes = {1, 2, 3, 4, 5};
      int last = (int) SPEC.bytes() - bytes.length;
      pair.host().putBytes(last, bytes, 0, bytes.length);
      pair.worker().putLongRelease(SegmentLayout.HEADER_BYTES, Long.MIN_VALUE + 7);
      byte[] read = new byte[bytes.length];
      pair.worker().getBytes(last, read, 0, read.length);
      assertThat(read).isEqualTo(bytes);
      assertThat(pair.host().getLongAcquire(SegmentLayout.HEADER_BYTES))
          .isEqualTo(Long.MIN_VALUE + 7);
      assertThat(pair.host().getAndBitwiseOrInt(UNUSED_WORD, 5)).isZero();
      assertThat(pair.worker().compareAndSetInt(UNUSED_WORD, 5, 6)).isTrue();
      assertThat(pair.host().getIntVolatile(UNUSED_WORD)).isEqualTo(6);
    }
  }

  @ParameterizedTest
  @EnumSource(Form.class)
  void wordsAreLittleEndian(Form form) {
    try (SegmentPair pair = SegmentPair.attached(form, SPEC)) {
      byte[] magic = new byte[Long.BYTES];
      pair.worker().getBytes(SegmentLayout.MAGIC_OFFSET, magic, 0, magic.length);
      assertThat(magic).isEqualTo(new byte[] {'L', 'O', 'C', 'K', 'S', 'T', 'E', 'P'});
    }
  }

  @ParameterizedTest
  @EnumSource(Form.class)
  void onlyTheOwnerMayOpenItAndItsPagesAreAllocatedUpFront(Form form) throws Exception {
    try (SegmentPair pair = SegmentPair.attached(form, SPEC)) {
      Path path = pair.host().pathForPeer();
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
          .isEqualTo("rw-------");
      assertThat(Files.size(path)).isEqualTo(SegmentLayout.segmentBytes(CAPACITY, CAPACITY));
      long allocatedBytes = 512 * Long.parseLong(run("stat", "-Lc", "%b", path.toString()).trim());
      assertThat(allocatedBytes).isGreaterThanOrEqualTo(SPEC.bytes());
    }
  }

  @ParameterizedTest
  @EnumSource(Form.class)
  void aSealedOneRefusesAnyOtherSize(Form form) throws Exception {
    try (SegmentPair pair = SegmentPair.attached(form, SPEC)) {
      assertThat(pair.host().isSealed()).isEqualTo(form == Form.SEALED);
      if (form != Form.SEALED) {
        return;
      }
      Path path = pair.host().pathForPeer();
      for (String size : List.of("0", "4096", "-4096", "+4096")) {
        assertThat(run("sh", "-c", "truncate -s " + size + " " + path + " 2>&1; echo $?"))
            .as("truncate to %s", size)
            .contains("not permitted")
            .endsWith("1\n");
      }
      assertThat(Files.size(path)).isEqualTo(SPEC.bytes());
    }
  }

  @ParameterizedTest
  @EnumSource(Form.class)
  void theNonceComesBackOnlyFromWhoeverAttached(Form form) {
    try (SegmentPair pair = SegmentPair.unattached(form, SPEC)) {
      byte[] nonce = pair.nonce();
      byte[] other = pair.nonce();
      other[15]++;
      assertThat(pair.host().isNonceEchoed(nonce)).isFalse();
      pair.attach();
      assertThat(pair.host().isNonceEchoed(nonce)).isTrue();
      assertThat(pair.host().isNonceEchoed(other)).isFalse();
      assertThat(pair.host().getInt(SegmentLayout.WORKER_PID_OFFSET))
          .isEqualTo((int) ProcessHandle.current().pid());
    }
  }

  @ParameterizedTest
  @EnumSource(Form.class)
  void anotherThanTheAnnouncedOneIsRefusedNamingTheField(Form form) {
    try (SegmentPair pair = SegmentPair.unattached(form, SPEC)) {
      Path path = pair.host().pathForPeer();
      byte[] other = pair.nonce();
      other[0]++;
      assertThatThrownBy(() -> Segment.attach(path, SPEC, other))
          .isInstanceOf(SegmentException.class)
          .hasMessageContaining("nonce");
      SegmentSpec swapped = new SegmentSpec("test", 2 * CAPACITY, CAPACITY, Limits.DEFAULT, false);
      assertThatThrownBy(() -> Segment.attach(path, swapped, pair.nonce()))
          .isInstanceOf(SegmentException.class)
          .hasMessageContaining("size=" + SPEC.bytes());
      SegmentSpec mainOnly = new SegmentSpec("test", CAPACITY, CAPACITY, Limits.DEFAULT, true);
      assertThatThrownBy(() -> Segment.attach(path, mainOnly, pair.nonce()))
          .isInstanceOf(SegmentException.class)
          .hasMessageContaining("flags=0");
      assertThat(pair.host().isNonceEchoed(pair.nonce())).isFalse();
    }
  }

  @ParameterizedTest
  @EnumSource(Form.class)
  void noBitOfTheDescriptionCanBeFlippedUnseen(Form form) {
    TreeMap<Integer, String> fields = new TreeMap<>();
    fields.put(SegmentLayout.MAGIC_OFFSET, "magic");
    fields.put(SegmentLayout.VERSION_OFFSET, "version");
    fields.put(SegmentLayout.HEADER_BYTES_OFFSET, "headerBytes");
    fields.put(SegmentLayout.SEGMENT_BYTES_OFFSET, "segmentBytes");
    fields.put(SegmentLayout.TO_WORKER_CAPACITY_OFFSET, "toWorkerCapacity");
    fields.put(SegmentLayout.TO_HOST_CAPACITY_OFFSET, "toHostCapacity");
    fields.put(SegmentLayout.NONCE_OFFSET, "nonce");
    fields.put(SegmentLayout.HOST_PID_OFFSET, ""); // not part of what is announced
    fields.put(SegmentLayout.FLAGS_OFFSET, "flags");
    fields.put(SegmentLayout.HOST_START_TIME_OFFSET, "");
    fields.put(SegmentLayout.MAX_MESSAGE_BYTES_OFFSET, "maxMessageBytes");
    fields.put(SegmentLayout.MAX_DEPTH_OFFSET, "maxDepth");
    fields.put(SegmentLayout.MAX_NESTING_OFFSET, "maxNesting");
    fields.put(SegmentLayout.MAX_ITEMS_OFFSET, "maxItems");
    fields.put(SegmentLayout.MAX_INTEGER_BYTES_OFFSET, "maxIntegerBytes");
    fields.put(SegmentLayout.MAX_NAME_BYTES_OFFSET, "maxNameBytes");
    fields.put(SegmentLayout.MAX_QUEUED_OFFSET, "maxQueued");
    fields.put(SegmentLayout.RESERVED_OFFSET, "reserved");
    fields.put(SegmentLayout.HOST_STATE_OFFSET, "hostState");
    int end = SegmentLayout.HOST_STATE_OFFSET + Integer.BYTES;
    try (SegmentPair pair = SegmentPair.unattached(form, SPEC)) {
      for (int bit = 0; bit < 8 * end; bit++) {
        String field = fields.floorEntry(bit / 8).getValue();
        boolean isMinorVersion =
            bit / 8 == SegmentLayout.VERSION_OFFSET || bit / 8 == SegmentLayout.VERSION_OFFSET + 1;
        if (!field.isEmpty() && !isMinorVersion) {
          flip(pair.host(), bit);
          assertThatThrownBy(pair::attach)
              .as("bit %s flipped", bit)
              .isInstanceOf(SegmentException.class)
              .hasMessageContaining(field);
          flip(pair.host(), bit);
        }
      }
      pair.attach();
      assertThat(pair.host().isNonceEchoed(pair.nonce())).isTrue();
    }
  }

  private static void flip(Segment segment, int bit) {
    byte[] one = new byte[1];
    segment.getBytes(bit / 8, one, 0, 1);
    one[0] ^= (byte) (1 << (bit % 8));
    segment.putBytes(bit / 8, one, 0, 1);
  }

  @ParameterizedTest
  @EnumSource(Form.class)
  void aNewerMinorVersionIsAcceptedAndAnotherMajorOneIsNamed(Form form) {
    try (SegmentPair pair = SegmentPair.unattached(form, SPEC)) {
      pair.host().putInt(SegmentLayout.VERSION_OFFSET, ProtocolVersion.WORD + (1 << 16) + 3);
      assertThatThrownBy(pair::attach)
          .isInstanceOf(SegmentException.class)
          .hasMessageContaining("version=2.3")
          .hasMessageContaining("mine=1.0");
      pair.host().putInt(SegmentLayout.VERSION_OFFSET, ProtocolVersion.WORD + 3);
      pair.attach();
      assertThat(pair.host().isNonceEchoed(pair.nonce())).isTrue();
    }
  }

  @ParameterizedTest
  @EnumSource(Form.class)
  void closingFreesThePagesAtOnceThoughBothSidesStillMapThem(Form form) throws Exception {
    int capacity = form == Form.SEALED ? 1 << 20 : 1 << 21; // tells its mapping from all others
    SegmentSpec spec = new SegmentSpec("closing", capacity, 1 << 20, Limits.DEFAULT, false);
    SegmentPair pair = SegmentPair.attached(form, spec);
    try (pair) {
      pair.host().putLong(SegmentLayout.HEADER_BYTES, 42);
      pair.worker().putLong(SegmentLayout.HEADER_BYTES + capacity, 43);
      assertThat(residentKiB(spec)).isPositive();
    }
    assertThat(pair.host().isClosed()).isTrue();
    assertThat(residentKiB(spec)).isZero();
    assertThat(pair.worker().getLong(SegmentLayout.HEADER_BYTES)).isZero();
    pair.host().close(); // harmless when repeated
  }

  /** Memory that this process's mappings of segments of this size hold, from smaps. */
  private static long residentKiB(SegmentSpec spec) throws IOException {
    long sum = 0;
    boolean inSegment = false;
    for (String line : Files.readAllLines(Path.of("/proc/self/smaps"))) {
      if (line.matches("^[0-9a-f]+-[0-9a-f]+ .*")) {
        String[] range = line.substring(0, line.indexOf(' ')).split("-", -1);
        long bytes = Long.parseUnsignedLong(range[1], 16) - Long.parseUnsignedLong(range[0], 16);
        inSegment =
            bytes == spec.bytes() && (line.contains("lockstep") || line.contains("segment-"));
      } else if (inSegment && line.startsWith("Rss:")) {
        sum += Long.parseLong(line.replaceAll("\\D", ""));
      }
    }
    return sum;
  }

  @ParameterizedTest
  @EnumSource(Form.class)
  void anUnlinkedOneStaysUsable(Form form) {
    try (SegmentPair pair = SegmentPair.attached(form, SPEC)) {
      pair.host().unlink();
      pair.host().unlink();
      pair.host().putLong(SegmentLayout.HEADER_BYTES, 9);
      assertThat(pair.worker().getLong(SegmentLayout.HEADER_BYTES)).isEqualTo(9);
      if (form == Form.FOLDER) {
        assertThat(pair.host().pathForPeer()).doesNotExist();
      }
    }
  }

  @Test
  void nobodyFindsAFileToCutOnceOneOfAFolderIsUnlinked() throws Exception {
    try (SegmentPair pair = SegmentPair.attached(Form.FOLDER, SPEC)) {
      String path = pair.host().pathForPeer().toString();
      assertThat(ownDescriptors()).anyMatch(target -> target.startsWith(path));
      pair.host().unlink();
      assertThat(ownDescriptors()).noneMatch(target -> target.startsWith(path));
    }
  }

  private static List<String> ownDescriptors() throws IOException {
    List<String> targets = new ArrayList<>();
    try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
      for (Path descriptor : descriptors) {
        try {
          targets.add(Files.readSymbolicLink(descriptor).toString());
        } catch (NoSuchFileException closedMeanwhile) {
          // That of the listing itself.
        }
      }
    }
    return targets;
  }

  @ParameterizedTest
  @EnumSource(Form.class)
  void onlyWordsOfTheHeaderHaveAnAddress(Form form) {
    try (SegmentPair pair = SegmentPair.attached(form, SPEC)) {
      assertThat(pair.host().addressOf(4)).isEqualTo(pair.host().addressOf(0) + 4);
      for (int index : new int[] {-1, -4, SegmentLayout.HEADER_BYTES, Integer.MAX_VALUE}) {
        assertThatThrownBy(() -> pair.host().addressOf(index))
            .isInstanceOf(IndexOutOfBoundsException.class)
            .hasMessageContaining("index=" + index);
      }
    }
  }

  private static String run(String... command) throws IOException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    return new String(
        process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
  }
}
