package dev.lockstep.call;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

/** What {@link CallStatistics} shows, while it is counted. */
final class Counters {
  final LongAdder notificationsOut = new LongAdder();
  final LongAdder notificationsIn = new LongAdder();
  final AtomicInteger serving = new AtomicInteger();
  final LongAdder served = new LongAdder();
  final LongAdder servedNested = new LongAdder();
  final LongAdder refused = new LongAdder();
  final LongAdder lateRepliesDropped = new LongAdder();
  final LongAdder timeouts = new LongAdder();
  final LongAdder cancelled = new LongAdder();
  final LongAdder replyByPark = new LongAdder();
  final LongAdder handOvers = new LongAdder();
}
