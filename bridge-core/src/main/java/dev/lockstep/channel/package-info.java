/**
 * Two lanes and their liveness: whole messages from fragments, back-pressure that drains its own
 * inbox while it waits, the reader's role and its hand-over.
 *
 * <p>Uses {@code wire}, {@code memory}, {@code park} and {@code ring}.
 */
@NullMarked
package dev.lockstep.channel;

import org.jspecify.annotations.NullMarked;
