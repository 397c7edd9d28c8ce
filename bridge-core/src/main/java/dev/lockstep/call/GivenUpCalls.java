package dev.lockstep.call;

import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Calls that this side gave up and whose late answer has not come: the peer may still run them.
 *
 * <p>A peer that never answers must not make this grow. So no more than so many are remembered, and
 * of the others only how many they are: as long as there is one of those, nobody knows which call
 * is the only one.
 */
final class GivenUpCalls {
  private final int maxRemembered;
  private final ReentrantLock lock = new ReentrantLock();
  private final Set<Long> ids = new HashSet<>(); // guarded by lock
  private long notRemembered; // guarded by lock

  GivenUpCalls(int maxRemembered) {
    this.maxRemembered = maxRemembered;
  }

  void add(long id) {
    lock.lock();
    try {
      if (ids.size() < maxRemembered) {
        ids.add(id);
      } else {
        notRemembered++;
      }
    } finally {
      lock.unlock();
    }
  }

  /** Its answer has come, or none will. A peer that answers twice makes itself look idle. */
  void remove(long id) {
    lock.lock();
    try {
      if (!ids.remove(id) && notRemembered > 0) {
        notRemembered--;
      }
    } finally {
      lock.unlock();
    }
  }

  /** The only one; 0: none, -1: several, or not known which. */
  long sole() {
    lock.lock();
    try {
      if (ids.isEmpty() && notRemembered == 0) {
        return 0;
      }
      return ids.size() == 1 && notRemembered == 0 ? ids.iterator().next() : -1;
    } finally {
      lock.unlock();
    }
  }

  int remembered() {
    lock.lock();
    try {
      return ids.size();
    } finally {
      lock.unlock();
    }
  }
}
