package dev.lockstep.env;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is to be installed, and from where.
 *
 * @param requirements as pip takes them; paths are absolute
 * @param index URL of the package index; null: the installer's own choice
 * @param findLinks folders with wheels, or URLs of pages that list them
 * @param isOffline whether no index is asked
 * @param timeout of the whole, the wait for another maker included
 */
public record Packages(
    List<String> requirements,
    @Nullable String index,
    List<String> findLinks,
    boolean isOffline,
    Duration timeout) {

  /** Who is told how far it is. */
  public interface Listener {
    /** So many steps are done of so many. */
    void at(int done, int total, String text);
  }
}
