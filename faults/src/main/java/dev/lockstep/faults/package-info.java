/**
 * The fault harness: rows of faults against real processes, what they measure, and the page that is
 * made of it.
 *
 * <p>Uses the public API, and what must be seen from inside through {@code dev.lockstep} and {@code
 * dev.lockstep.memory}; nothing of the product uses it.
 */
@NullMarked
package dev.lockstep.faults;

import org.jspecify.annotations.NullMarked;
