/**
 * Measures how long a call takes: the harness behind {@code lockstep bench} and the benchmarks
 * module.
 *
 * <p>Uses the public API of {@code dev.lockstep} and HdrHistogram.
 */
@NullMarked
package dev.lockstep.cli.bench;

import org.jspecify.annotations.NullMarked;
