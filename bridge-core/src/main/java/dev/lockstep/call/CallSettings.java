package dev.lockstep.call;

import dev.lockstep.channel.Channel;
import dev.lockstep.channel.Side;
import dev.lockstep.codec.ValueCodec;
import dev.lockstep.wire.Limits;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadFactory;
import org.jspecify.annotations.Nullable;

/**
 * What an engine is made of.
 *
 * @param name of the peer, for threads and errors
 * @param channel one end of a segment; the engine reads it alone, and closes it on {@code close}
 * @param side which end
 * @param syncMainOnly no calls from worker to host, and no pump: the segment's flag
 * @param codec shared
 * @param limits the segment's
 * @param failures makes the exceptions that callers get
 * @param listener hears what no caller hears
 * @param threads makes the pump and the readers on demand; must make daemon platform threads; the
 *     engine names them
 * @param timer for deadlines of futures; shared; its tasks here are short and run no user code
 * @param handlerExecutor runs received calls that are not nested in a call a thread waits for,
 *     where {@code expose} named no other; null: the pump
 * @param completionExecutor completes the futures of {@code callAsync}; null: the pump
 * @param contexts shared by all engines whose calls may form one chain
 */
public record CallSettings(
    String name,
    Channel channel,
    Side side,
    boolean syncMainOnly,
    ValueCodec codec,
    Limits limits,
    Failures failures,
    Listener listener,
    ThreadFactory threads,
    ScheduledExecutorService timer,
    @Nullable Executor handlerExecutor,
    @Nullable Executor completionExecutor,
    CallContexts contexts) {}
