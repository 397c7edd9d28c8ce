package dev.lockstep.faults;

import dev.lockstep.codec.ValueCodec;
import dev.lockstep.memory.Segment;
import dev.lockstep.process.StartUpMessage;
import dev.lockstep.wire.Limits;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** A start-up message for programs that attach to a segment as a worker does, in a file. */
record MessageFile(Path path) implements AutoCloseable {
  static MessageFile of(Segment segment, byte[] nonce, String worker) throws IOException {
    Path nothing = Path.of("/dev/null");
    StartUpMessage message =
        new StartUpMessage(
            nonce, segment, nothing, worker, "source", "", List.of(), "auto", Map.of(), List.of(),
            0, false, Map.of());
    Path path = Files.createTempFile("lockstep-faults-", ".message");
    Files.write(
        path, message.encode(new ValueCodec(Limits.DEFAULT, ValueCodec.defaultMapper(), false)));
    return new MessageFile(path);
  }

  @Override
  public void close() throws IOException {
    Files.delete(path);
  }
}
