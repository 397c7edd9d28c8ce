/**
 * One producer, one consumer, one direction: claim, commit, abort; poll, release. {@link
 * dev.lockstep.ring.FrameRules} validates everything that the peer wrote.
 *
 * <p>Uses {@code wire} and {@code memory}.
 */
@NullMarked
package dev.lockstep.ring;

import org.jspecify.annotations.NullMarked;
