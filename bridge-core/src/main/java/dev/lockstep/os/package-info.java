/**
 * What only the operating system can do: futex, memfd, seals, signals, pipes, errno by name.
 *
 * <p>The only package that imports {@code com.sun.jna}. It sees addresses of signal words and file
 * descriptors, never payload: a fault behind a native pointer kills the JVM. Uses nothing of this
 * project.
 */
@NullMarked
package dev.lockstep.os;

import org.jspecify.annotations.NullMarked;
