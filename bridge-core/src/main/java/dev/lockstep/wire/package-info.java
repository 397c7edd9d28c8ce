/**
 * Constants only: the layout of the segment, of a lane, of a frame; frame kinds; the version rule;
 * the limits.
 *
 * <p>Uses nothing. A structure is drawn in the javadoc of the class that lays it out.
 */
@NullMarked
package dev.lockstep.wire;

import org.jspecify.annotations.NullMarked;
