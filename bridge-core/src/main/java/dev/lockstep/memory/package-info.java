/**
 * The only place that holds a mapped buffer: a segment is created, verified, read and written,
 * closed.
 *
 * <p>Uses {@code wire} and {@code os}.
 */
@NullMarked
package dev.lockstep.memory;

import org.jspecify.annotations.NullMarked;
