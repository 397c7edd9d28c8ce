package dev.lockstep.call;

import dev.lockstep.channel.Channel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.spi.AbstractSelectableChannel;
import java.nio.channels.spi.AbstractSelector;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Lets {@link Thread#interrupt} end a sleep in the futex.
 *
 * <p>It does not by itself: the JDK knows nothing of that sleep. But the JDK calls {@code wakeup}
 * of a selector whose section a thread is in when that thread is interrupted, and that raises the
 * word that the thread sleeps on. It is a selector in no other respect.
 */
final class InterruptibleSleep extends AbstractSelector {
  private final Channel channel;

  InterruptibleSleep(Channel channel) {
    super(null);
    this.channel = channel;
  }

  /** Before the sleep; {@link #left} must follow. Wakes at once if the thread is interrupted. */
  void entered() {
    begin();
  }

  void left() {
    end();
  }

  @Override
  public Selector wakeup() {
    channel.wakeSleeper();
    return this;
  }

  @Override
  protected void implCloseSelector() {}

  @Override
  protected SelectionKey register(
      AbstractSelectableChannel ch, int ops, @Nullable Object attachment) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Set<SelectionKey> keys() {
    throw new UnsupportedOperationException();
  }

  @Override
  public Set<SelectionKey> selectedKeys() {
    throw new UnsupportedOperationException();
  }

  @Override
  public int selectNow() {
    throw new UnsupportedOperationException();
  }

  @Override
  public int select(long timeout) {
    throw new UnsupportedOperationException();
  }

  @Override
  public int select() {
    throw new UnsupportedOperationException();
  }
}
