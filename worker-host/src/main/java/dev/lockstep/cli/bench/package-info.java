/**
 * Measures how long a call takes, and what it costs: the harness behind {@code lockstep bench}.
 *
 * <p>An {@link dev.lockstep.cli.bench.Exchange} is measured in turns, the floors being exchanges
 * like any other; {@link dev.lockstep.cli.bench.Figures} are the medians; a {@link
 * dev.lockstep.cli.bench.Line} divides one by a {@link dev.lockstep.cli.bench.Reference} and says
 * what is promised; a {@link dev.lockstep.cli.bench.Row} is what came out.
 *
 * <p>Uses the public API of {@code dev.lockstep} and HdrHistogram.
 */
@NullMarked
package dev.lockstep.cli.bench;

import org.jspecify.annotations.NullMarked;
