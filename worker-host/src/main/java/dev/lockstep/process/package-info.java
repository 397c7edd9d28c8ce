/**
 * Starts and ends a worker's process: the thread that all of them are children of, the start-up
 * message, signals to the whole group, how a process ended.
 *
 * <p>Uses {@code os} and {@code codec} of the bridge; knows no calls.
 */
@NullMarked
package dev.lockstep.process;

import org.jspecify.annotations.NullMarked;
