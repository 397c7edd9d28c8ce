/**
 * What workers write to stdout and stderr: read by one thread for all of them, cut into lines.
 *
 * <p>Uses {@code os} of the bridge; knows no worker and no process.
 */
@NullMarked
package dev.lockstep.stdio;

import org.jspecify.annotations.NullMarked;
