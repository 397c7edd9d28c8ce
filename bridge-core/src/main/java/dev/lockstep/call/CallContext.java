package dev.lockstep.call;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The received call that a thread works for: where it came from, and the chain it is part of.
 *
 * <p>Immutable. A call made meanwhile is nested in it: it carries the id of the innermost call of
 * the engine it goes to, and the depth of the whole chain.
 */
final class CallContext {
  /** So many names of a chain stand in an error before its middle is cut out. */
  private static final int CHAIN_NAMES = 16;

  private final Object engine;
  private final String peer;
  private final long callId;
  private final int depth;
  private final String name;
  private final @Nullable CallContext parent;

  /**
   * @param engine whose peer made the call
   * @param peer that engine's name
   * @param depth as the frame said: the number of calls in the chain, this one included
   * @param parent what the thread that made the awaited call was serving
   */
  CallContext(
      Object engine,
      String peer,
      long callId,
      int depth,
      String name,
      @Nullable CallContext parent) {
    this.engine = engine;
    this.peer = peer;
    this.callId = callId;
    this.depth = depth;
    this.name = name;
    this.parent = parent;
  }

  int depth() {
    return depth;
  }

  String name() {
    return name;
  }

  /** The id that a call to this engine names as its parent; 0 if no call of it is in the chain. */
  static long parentIdFor(Object engine, @Nullable CallContext innermost) {
    for (CallContext at = innermost; at != null; at = at.parent) {
      if (at.engine == engine) {
        return at.callId;
      }
    }
    return 0;
  }

  /** The functions of the chain that were served here, outermost first, then {@code last}. */
  static List<String> chain(@Nullable CallContext innermost, String last) {
    List<String> names = new ArrayList<>();
    for (CallContext at = innermost; at != null; at = at.parent) {
      names.add(0, at.peer + ": " + at.name);
    }
    int cut = names.size() - CHAIN_NAMES;
    if (cut > 0) {
      names.subList(CHAIN_NAMES / 2, CHAIN_NAMES / 2 + cut).clear();
      names.add(CHAIN_NAMES / 2, "(" + cut + " more)");
    }
    names.add(last);
    return names;
  }
}
