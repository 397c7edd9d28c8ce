package dev.lockstep.stdio;

/** Where the bytes of one descriptor go; called on the polling thread only, and must not block. */
public interface ByteSink {
  /** Takes the first {@code length} bytes of a buffer that is used again afterwards. */
  void onBytes(byte[] buffer, int length);

  /** Nothing will follow: the other end is closed, or nobody wants more. Called once. */
  void onEnd();
}
