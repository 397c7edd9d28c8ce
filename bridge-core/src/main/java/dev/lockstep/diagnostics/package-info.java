/**
 * A read-only picture of a live segment, taken from outside by copying bytes: nothing is mapped,
 * nothing is written, nobody is stopped.
 *
 * <p>Uses {@code dev.lockstep.wire} only.
 */
@NullMarked
package dev.lockstep.diagnostics;

import org.jspecify.annotations.NullMarked;
