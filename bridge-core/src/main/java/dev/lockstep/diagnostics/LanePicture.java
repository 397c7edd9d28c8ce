package dev.lockstep.diagnostics;

import java.util.List;

/**
 * One direction of a segment.
 *
 * @param capacityBytes size of the ring
 * @param head bytes consumed so far
 * @param tail bytes published so far
 * @param dataSignal the word that the consumer sleeps on
 * @param spaceSignal the word that the producer sleeps on
 * @param unread the frames between head and tail, oldest first, at most {@link #MAX_FRAMES} of them
 * @param remark why {@code unread} ends before the tail, or an empty text
 */
public record LanePicture(
    int capacityBytes,
    long head,
    long tail,
    int dataSignal,
    int spaceSignal,
    List<FramePicture> unread,
    String remark) {
  /** More frames than this are not listed. */
  public static final int MAX_FRAMES = 64;

  public LanePicture {
    unread = List.copyOf(unread);
  }
}
