/**
 * JMH benchmarks of single parts, run by hand; what a user feels is measured by {@code lockstep
 * bench}.
 *
 * <p>Uses the public API and, for the parts, every package of the bridge.
 */
@NullMarked
package dev.lockstep.benchmarks;

import org.jspecify.annotations.NullMarked;
