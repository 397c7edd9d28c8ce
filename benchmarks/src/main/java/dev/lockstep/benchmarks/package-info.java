/**
 * JMH benchmarks of single parts, run by hand; what a user feels is measured by {@code lockstep
 * bench}.
 *
 * <p>Uses the codec and the public API.
 */
@NullMarked
package dev.lockstep.benchmarks;

import org.jspecify.annotations.NullMarked;
