package dev.lockstep.call;

import java.util.HashSet;
import java.util.Set;

/**
 * Calls that this side gave up and whose late answer has not come: the peer may still run them.
 *
 * <p>A peer that never answers must not make this grow. So no more than so many are remembered, and
 * of the others only how many they are: as long as there is one of those, nobody knows which call
 * is the only one.
 */
final class GivenUpCalls {
  private final int maxRemembered;
  private final Set<Long> ids = new HashSet<>();
  private long notRemembered;

  GivenUpCalls(int maxRemembered) {
    this.maxRemembered = maxRemembered;
  }

  synchronized void add(long id) {
    if (ids.size() < maxRemembered) {
      ids.add(id);
    } else {
      notRemembered++;
    }
  }

  /** Its answer has come, or none will. A peer that answers twice makes itself look idle. */
  synchronized void remove(long id) {
    if (!ids.remove(id) && notRemembered > 0) {
      notRemembered--;
    }
  }

  /** The only one; 0: none, -1: several, or not known which. */
  synchronized long sole() {
    if (ids.isEmpty() && notRemembered == 0) {
      return 0;
    }
    return ids.size() == 1 && notRemembered == 0 ? ids.iterator().next() : -1;
  }

  synchronized int remembered() {
    return ids.size();
  }
}
