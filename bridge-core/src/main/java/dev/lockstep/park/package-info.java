/**
 * Waiting without losing a wake-up: one signal word, a spin budget, slices.
 *
 * <p>Uses {@code wire}, {@code os} and {@code memory}.
 */
@NullMarked
package dev.lockstep.park;

import org.jspecify.annotations.NullMarked;
