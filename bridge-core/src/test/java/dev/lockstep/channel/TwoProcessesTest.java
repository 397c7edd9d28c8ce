package dev.lockstep.channel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.memory.LeavesNothingBehind;
import dev.lockstep.memory.Segment;
import dev.lockstep.memory.SegmentPair;
import dev.lockstep.memory.SegmentPair.Form;
import dev.lockstep.memory.SegmentSpec;
import dev.lockstep.park.WaitTuning;
import dev.lockstep.wire.FrameKind;
import dev.lockstep.wire.LaneLayout;
import dev.lockstep.wire.Limits;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Two real JVMs with a segment between them. The child plays the worker. */
@ExtendWith(LeavesNothingBehind.class)
@Timeout(120)
class TwoProcessesTest {
  private static final SegmentSpec SPEC =
      SegmentPair.spec(LaneLayout.MIN_CAPACITY_BYTES, Limits.DEFAULT);

  @ParameterizedTest
  @EnumSource(Form.class)
  void exchangeMessagesOfRandomSizesUnharmed(Form form) throws Exception {
    long seed = 4711;
    Random random = new Random(seed);
    int rounds = 3_000;
    CRC32 sentChecksum = new CRC32();
    CRC32 backChecksum = new CRC32();
    try (SegmentPair pair = SegmentPair.unattached(form, SPEC)) {
      Process child = start(pair, "echo");
      Channel channel = new Channel(pair.host(), Side.HOST, Limits.DEFAULT, tuning());
      closeWhenItEnds(child, channel);
      long bytes = 0;
      for (int i = 1; i <= rounds; i++) {
        byte[] payload = new byte[randomSize(random)];
        random.nextBytes(payload);
        sentChecksum.update(payload);
        bytes += payload.length;
        ChannelPair.send(channel, 2L * i, payload);
        Message reply = ChannelPair.receive(channel);
        assertThat(reply).as("reply %s, child alive: %s", i, child.isAlive()).isNotNull();
        assertThat(reply.callId()).isEqualTo(2L * i);
        assertThat(reply.kind()).isEqualTo(FrameKind.REPLY);
        backChecksum.update(reply.payload(), 0, reply.length());
      }
      assertThat(backChecksum.getValue()).isEqualTo(sentChecksum.getValue());
      assertThat(channel.counters().lateWakeups()).isZero();
      System.out.printf(
          "two JVMs, %s: seed=%d, %d bytes, %s%n", form, seed, bytes, channel.counters());
      channel.close();
      assertThat(child.waitFor(20, TimeUnit.SECONDS)).as("child ended").isTrue();
      assertThat(child.exitValue()).isZero();
    }
  }

  @ParameterizedTest
  @EnumSource(Form.class)
  void aKilledPeerLeavesOnlyWholeMessagesBehind(Form form) throws Exception {
    Random random = new Random(99);
    for (int round = 0; round < 3; round++) {
      try (SegmentPair pair = SegmentPair.unattached(form, SPEC)) {
        Process child = start(pair, "flood");
        Channel channel = new Channel(pair.host(), Side.HOST, Limits.DEFAULT, tuning());
        closeWhenItEnds(child, channel);
        long killAfter = 1L + random.nextInt(2_000);
        long expected = 3;
        Message message = ChannelPair.receive(channel);
        while (message != null) {
          assertThat(message.callId()).isEqualTo(expected);
          expected += 2;
          assertIntact(message);
          if (expected == 3 + 2 * killAfter) {
            child.destroyForcibly();
          }
          message = ChannelPair.receive(channel);
        }
        assertThat(child.waitFor()).isEqualTo(128 + 9);
        assertThat(expected).isGreaterThanOrEqualTo(3 + 2 * killAfter);
      }
    }
  }

  private static void assertIntact(Message message) {
    CRC32 checksum = new CRC32();
    checksum.update(message.payload(), 4, message.length() - 4);
    int written = 0;
    for (int i = 3; i >= 0; i--) {
      written = written << 8 | (message.payload()[i] & 0xFF);
    }
    assertThat(written).isEqualTo((int) checksum.getValue());
  }

  private static void closeWhenItEnds(Process child, Channel channel) {
    ChannelPair.start(
        "watcher",
        () -> {
          try {
            child.waitFor();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
          channel.close();
        });
  }

  private static int randomSize(Random random) {
    return switch (random.nextInt(10)) {
      case 0 -> 0;
      case 1 -> random.nextInt(300_000);
      case 2 -> LaneLayout.MIN_CAPACITY_BYTES / 4 - 24 + random.nextInt(3) - 1;
      default -> random.nextInt(2_000);
    };
  }

  private static WaitTuning tuning() {
    return new WaitTuning(20_000, ChannelPair.SLICE_NANOS, ChannelPair.SLICE_NANOS);
  }

  private static Process start(SegmentPair pair, String mode) throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx256m",
            "-XX:+UseSerialGC",
            "-cp",
            System.getProperty("java.class.path"),
            Worker.class.getName(),
            pair.host().pathForPeer().toString(),
            HexFormat.of().formatHex(pair.nonce()),
            mode)
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .start();
  }

  /** The child: echoes until the host closes, or floods until it is killed. */
  static final class Worker {
    private Worker() {}

    public static void main(String[] args) {
      Segment segment = Segment.attach(Path.of(args[0]), SPEC, HexFormat.of().parseHex(args[1]));
      Channel channel = new Channel(segment, Side.WORKER, Limits.DEFAULT, tuning());
      if (args[2].equals("echo")) {
        echo(channel);
      } else {
        flood(channel);
      }
      segment.close();
    }

    private static void echo(Channel channel) {
      Message message = ChannelPair.receive(channel);
      while (message != null) {
        channel.send(
            FrameKind.REPLY,
            0,
            0,
            message.callId(),
            0,
            message.payload(),
            0,
            message.length(),
            Long.MAX_VALUE);
        message = ChannelPair.receive(channel);
      }
      if (channel.counters().lateWakeups() != 0) {
        throw new AssertionError("late wake-ups: " + channel.counters());
      }
    }

    private static void flood(Channel channel) {
      Random random = new Random(5);
      CRC32 checksum = new CRC32();
      for (long id = 3; ; id += 2) {
        byte[] payload = new byte[4 + randomSize(random)];
        random.nextBytes(payload);
        checksum.reset();
        checksum.update(payload, 4, payload.length - 4);
        for (int i = 0; i < 4; i++) {
          payload[i] = (byte) (checksum.getValue() >>> (8 * i));
        }
        ChannelPair.send(channel, id, payload);
      }
    }
  }
}
