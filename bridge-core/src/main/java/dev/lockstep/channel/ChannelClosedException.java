package dev.lockstep.channel;

/** The channel was closed, by this side or by the end of the other. */
public final class ChannelClosedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public ChannelClosedException() {
    super("the channel is closed");
  }
}
