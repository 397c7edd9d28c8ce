/**
 * Which Python runs a worker, and where the worker's half of the bridge is laid out for it.
 *
 * <p>Uses the JDK only.
 */
@NullMarked
package dev.lockstep.env;

import org.jspecify.annotations.NullMarked;
