/**
 * The command line: what {@code ./lockstep} and {@code java -jar lockstep.jar} run.
 *
 * <p>Uses the public API of {@code dev.lockstep} as any application would, {@code
 * dev.lockstep.diagnostics} for {@code dump}, picocli, Jackson and HdrHistogram.
 */
@NullMarked
package dev.lockstep.cli;

import org.jspecify.annotations.NullMarked;
