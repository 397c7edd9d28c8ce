package dev.lockstep.call;

import dev.lockstep.codec.ValueType;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * A function that the peer may call.
 *
 * @param parameters null: any number, untyped
 * @param executor null: the pump
 * @param notifications runs notifications in order; null: the pump
 * @param returnsStages whether a call of it was ever answered later, from a stage
 */
@SuppressWarnings("ArrayRecordComponent")
record Export(
    String name,
    ValueType @Nullable [] parameters,
    Handler handler,
    @Nullable Executor executor,
    @Nullable Executor notifications,
    AtomicBoolean returnsStages) {

  Export(
      String name,
      ValueType @Nullable [] parameters,
      Handler handler,
      @Nullable Executor executor,
      @Nullable Executor notifications) {
    this(name, parameters, handler, executor, notifications, new AtomicBoolean());
  }
}
