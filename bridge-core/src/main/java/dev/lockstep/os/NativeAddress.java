package dev.lockstep.os;

import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.nio.ByteBuffer;

/**
 * Where a direct buffer lies in memory: for futex words only, never to read or write through it.
 */
public final class NativeAddress {
  private NativeAddress() {}

  /** Address of the buffer's first byte (index 0), valid as long as the buffer is reachable. */
  public static long of(ByteBuffer direct) {
    return Pointer.nativeValue(Native.getDirectBufferPointer(direct));
  }
}
