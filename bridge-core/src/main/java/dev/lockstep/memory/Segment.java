package dev.lockstep.memory;

import dev.lockstep.os.Errno;
import dev.lockstep.os.Fd;
import dev.lockstep.os.Memfd;
import dev.lockstep.os.NativeAddress;
import dev.lockstep.os.OsException;
import dev.lockstep.os.Platform;
import dev.lockstep.wire.SegmentLayout;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Memory that two processes map: typed, ordered access by absolute index, and nothing else.
 *
 * <p>Words are read and written by {@code VarHandle} views, payload by absolute bulk get and put: a
 * fault behind these (a file truncated by force) is an {@link InternalError}, which the ring turns
 * into a broken channel. Checksums, comparisons, channel writes and charset coders on the buffer
 * would turn the same fault into the death of the JVM, so they are not offered. Indexes are not
 * checked here beyond the buffer's own bounds: callers take none from the peer unchecked.
 *
 * <p>All methods may be called by any thread. After {@link #close} accesses find zeros; the mapping
 * itself goes with the garbage collector.
 *
 * <p>Not final, so that a test can put itself before every store. Where no such class is loaded the
 * compiler knows that there is one, and calls cost what they would cost.
 */
public class Segment implements AutoCloseable {
  private static final VarHandle LONG =
      MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle INT =
      MethodHandles.byteBufferViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

  private final ByteBuffer bytes;
  private final long baseAddress;
  private final SegmentSpec spec;
  private final @Nullable Fd file;
  private final @Nullable Path linkedPath;
  private final AtomicBoolean unlinked = new AtomicBoolean();
  private final AtomicBoolean closed = new AtomicBoolean();

  private Segment(
      ByteBuffer mapped, SegmentSpec spec, @Nullable Fd file, @Nullable Path linkedPath) {
    this(mapped, NativeAddress.of(mapped), spec, file, linkedPath);
  }

  private Segment(
      ByteBuffer mapped,
      long baseAddress,
      SegmentSpec spec,
      @Nullable Fd file,
      @Nullable Path linkedPath) {
    this.bytes = mapped;
    this.baseAddress = baseAddress;
    this.spec = spec;
    this.file = file;
    this.linkedPath = linkedPath;
  }

  /**
   * The same memory again, for a test that overrides the stores; {@code other} is not used any
   * more.
   */
  Segment(Segment other) {
    this(other.bytes, other.baseAddress, other.spec, other.file, other.linkedPath);
  }

  /**
   * Creates a sealed anonymous segment, filled and ready; the peer opens it by {@link
   * #pathForPeer}.
   */
  public static Segment createSealed(SegmentSpec spec, byte[] nonce) {
    Platform.requireSupported();
    Fd fd =
        allocating(spec, () -> Memfd.create("lockstep:" + shortened(spec.name()), spec.bytes()));
    try {
      Segment segment = new Segment(map(fd.pathForSelf(), spec.bytes()), spec, fd, null);
      Memfd.seal(fd);
      SegmentHeader.write(segment, spec, nonce);
      return segment;
    } catch (RuntimeException e) {
      fd.close();
      throw e;
    }
  }

  /**
   * Creates a segment as a file in a private folder on tmpfs, for where {@code /proc} cannot serve;
   * {@link #unlink} it as soon as the peer has it.
   */
  public static Segment createInFolder(SegmentSpec spec, byte[] nonce, TmpfsFolder folder) {
    Platform.requireSupported();
    Path path = folder.newFile();
    Fd fd = allocating(spec, () -> Fd.createExclusively(path));
    try {
      allocating(
          spec,
          () -> {
            Memfd.allocate(fd, spec.bytes());
            return fd;
          });
      Segment segment = new Segment(map(path, spec.bytes()), spec, fd, path);
      SegmentHeader.write(segment, spec, nonce);
      return segment;
    } catch (RuntimeException e) {
      fd.close();
      deleteQuietly(path);
      throw e;
    }
  }

  /**
   * Maps a segment that another process made and tells it so. For a JVM that plays the worker.
   *
   * @throws SegmentException naming the first field that is not as announced
   */
  public static Segment attach(Path path, SegmentSpec announced, byte[] nonce) {
    Platform.requireSupported();
    Segment segment = new Segment(map(path, announced.bytes()), announced, null, null);
    SegmentHeader.verify(segment, announced, nonce);
    SegmentHeader.echo(segment, nonce);
    return segment;
  }

  private static ByteBuffer map(Path path, long size) {
    // A file channel closes itself under a thread whose interrupt flag is set.
    boolean interrupted = Thread.interrupted();
    try (FileChannel channel =
        FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      if (channel.size() != size) {
        throw new SegmentException(
            "the segment has another size than announced: size="
                + channel.size()
                + ", announced="
                + size);
      }
      return channel.map(FileChannel.MapMode.READ_WRITE, 0, size);
    } catch (IOException e) {
      if (e.getCause() instanceof OutOfMemoryError) {
        throw new SegmentException(
            "a segment cannot be mapped: needed="
                + size
                + " bytes of address space; raise its limit (ulimit -v) or that of mappings"
                + " (vm.max_map_count), or set a smaller lane capacity",
            e);
      }
      throw new SegmentException("the segment cannot be opened: path=" + path, e);
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private interface Allocation {
    Fd run();
  }

  private static Fd allocating(SegmentSpec spec, Allocation allocation) {
    try {
      return allocation.run();
    } catch (OsException e) {
      String advice =
          switch (e.errno()) {
            case Errno.ENOSPC, Errno.ENOMEM ->
                "; memory for it is short: free some, enlarge the tmpfs, or set a smaller lane capacity";
            case Errno.EMFILE, Errno.ENFILE -> "; raise the limit of open files (ulimit -n)";
            default -> "";
          };
      throw new SegmentException(
          "a segment cannot be made: needed=" + spec.bytes() + " bytes, " + e.getMessage() + advice,
          e);
    }
  }

  private static String shortened(String name) {
    return name.length() <= 60 ? name : name.substring(0, 60);
  }

  /** What this segment was made to be. */
  public SegmentSpec spec() {
    return spec;
  }

  /** Whether size and seals of the file are fixed for ever (the anonymous form). */
  public boolean isSealed() {
    return file != null && linkedPath == null;
  }

  /** Where the peer opens it. */
  public Path pathForPeer() {
    if (linkedPath != null) {
      return linkedPath;
    }
    if (file == null) {
      throw new IllegalStateException("only the maker of a segment knows its path");
    }
    return file.pathForOthers();
  }

  /**
   * The peer has mapped it: removes the name of a segment in a folder, and closes its file. What
   * has neither a name nor a descriptor nobody can open, and so not cut; to a page that is gone the
   * next read-modify-write would end the JVM. Nothing for a sealed one. Harmless when repeated.
   */
  public void unlink() {
    if (linkedPath != null && unlinked.compareAndSet(false, true)) {
      deleteQuietly(linkedPath);
      if (file != null) {
        file.close();
      }
    }
  }

  private static void deleteQuietly(Path path) {
    try {
      Files.deleteIfExists(path);
    } catch (IOException e) {
      // The folder's sweep removes what is left here.
    }
  }

  /**
   * Whether the peer wrote the nonce back: it is the process that was started, and it mapped this
   * segment.
   */
  public boolean isNonceEchoed(byte[] nonce) {
    return SegmentHeader.isEchoed(this, nonce);
  }

  public boolean isClosed() {
    return closed.get();
  }

  /** Frees the pages at once and closes the file. The caller has stopped all use before. */
  @Override
  public void close() {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    unlink();
    if (file != null) {
      try {
        Memfd.release(baseAddress, spec.bytes());
      } finally {
        file.close();
      }
    }
  }

  // --- access
  // -------------------------------------------------------------------------------------------------

  /** Address of an index, for futex calls only. */
  public long addressOf(int index) {
    if (index < 0 || index > SegmentLayout.HEADER_BYTES - Integer.BYTES) {
      throw new IndexOutOfBoundsException(
          "only words of the header have an address: index=" + index);
    }
    return baseAddress + index;
  }

  public long getLong(int index) {
    return (long) LONG.get(bytes, index);
  }

  public long getLongAcquire(int index) {
    return (long) LONG.getAcquire(bytes, index);
  }

  public void putLong(int index, long value) {
    LONG.set(bytes, index, value);
  }

  public void putLongRelease(int index, long value) {
    LONG.setRelease(bytes, index, value);
  }

  public int getInt(int index) {
    return (int) INT.get(bytes, index);
  }

  public int getIntVolatile(int index) {
    return (int) INT.getVolatile(bytes, index);
  }

  public void putInt(int index, int value) {
    INT.set(bytes, index, value);
  }

  public void putIntVolatile(int index, int value) {
    INT.setVolatile(bytes, index, value);
  }

  public boolean compareAndSetInt(int index, int expected, int value) {
    return INT.compareAndSet(bytes, index, expected, value);
  }

  public int getAndBitwiseOrInt(int index, int mask) {
    return (int) INT.getAndBitwiseOr(bytes, index, mask);
  }

  public int getAndBitwiseAndInt(int index, int mask) {
    return (int) INT.getAndBitwiseAnd(bytes, index, mask);
  }

  /** Copies out of the segment into private memory. */
  public void getBytes(int index, byte[] target, int offset, int length) {
    bytes.get(index, target, offset, length);
  }

  /** Copies private memory into the segment. */
  public void putBytes(int index, byte[] source, int offset, int length) {
    bytes.put(index, source, offset, length);
  }
}
