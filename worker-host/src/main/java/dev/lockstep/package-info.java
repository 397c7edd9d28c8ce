/** What an application imports: workers, how they are configured, their calls and their errors. */
@NullMarked
package dev.lockstep;

import org.jspecify.annotations.NullMarked;
