/**
 * What is there before a worker starts: which Python runs it, with which packages, its files, and
 * its half of the bridge.
 *
 * <p>Uses the JDK only.
 */
@NullMarked
package dev.lockstep.env;

import org.jspecify.annotations.NullMarked;
