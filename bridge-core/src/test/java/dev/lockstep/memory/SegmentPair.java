package dev.lockstep.memory;

import dev.lockstep.wire.LaneLayout;
import dev.lockstep.wire.Limits;
import dev.lockstep.wire.SegmentLayout;
import java.nio.file.Path;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** One segment mapped twice, as two processes map it: the host's view and the worker's. */
public final class SegmentPair implements AutoCloseable {
  /** How the memory is made. Every contract of a segment holds for both. */
  public enum Form {
    /** An anonymous sealed file. */
    SEALED,
    /** A file in a private folder on tmpfs. */
    FOLDER
  }

  private static final Path TMPFS = Path.of("/dev/shm");

  private final @Nullable TmpfsFolder folder;
  private final byte[] nonce;
  private final Segment host;
  private @Nullable Segment worker;

  private SegmentPair(@Nullable TmpfsFolder folder, byte[] nonce, Segment host) {
    this.folder = folder;
    this.nonce = nonce;
    this.host = host;
  }

  /** A sealed segment of the smallest capacities, attached. */
  public static SegmentPair smallest() {
    return attached(Form.SEALED, spec(LaneLayout.MIN_CAPACITY_BYTES, Limits.DEFAULT));
  }

  public static SegmentPair attached(Form form, SegmentSpec spec) {
    SegmentPair pair = unattached(form, spec);
    try {
      pair.attach();
      return pair;
    } catch (RuntimeException e) {
      pair.close();
      throw e;
    }
  }

  public static SegmentPair unattached(Form form, SegmentSpec spec) {
    byte[] nonce = new byte[SegmentLayout.NONCE_BYTES];
    new Random(1).nextBytes(nonce);
    if (form == Form.SEALED) {
      return new SegmentPair(null, nonce, Segment.createSealed(spec, nonce));
    }
    TmpfsFolder folder = TmpfsFolder.open(TMPFS);
    try {
      return new SegmentPair(folder, nonce, Segment.createInFolder(spec, nonce, folder));
    } catch (RuntimeException e) {
      folder.close();
      throw e;
    }
  }

  /** What a segment of these capacities is announced as. */
  public static SegmentSpec spec(int capacityBytes, Limits limits) {
    return new SegmentSpec("test", capacityBytes, capacityBytes, limits, false);
  }

  public Segment attach() {
    Segment attached = Segment.attach(host.pathForPeer(), host.spec(), nonce);
    worker = attached;
    return attached;
  }

  public Segment host() {
    return host;
  }

  public Segment worker() {
    if (worker == null) {
      throw new IllegalStateException("nobody attached");
    }
    return worker;
  }

  public byte[] nonce() {
    return nonce.clone();
  }

  @Override
  public void close() {
    if (worker != null) {
      worker.close();
    }
    host.close();
    if (folder != null) {
      folder.close();
    }
  }
}
