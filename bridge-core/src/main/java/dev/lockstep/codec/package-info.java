/**
 * Values to bytes and back: CBOR (RFC 8949) with the tags of the wire format and with limits.
 *
 * <p>Uses {@code dev.lockstep.wire} for the limits, and Jackson for records, beans, generics and
 * the user's own modules; knows no memory, no ring and no call.
 */
@NullMarked
package dev.lockstep.codec;

import org.jspecify.annotations.NullMarked;
