package dev.lockstep;

/**
 * What a script says of how far it is: {@code sync.progress(done, total, text)}.
 *
 * @param done so many units are done
 * @param total of so many; 0 or less if it is not known
 * @param text may be empty
 */
public record Progress(double done, double total, String text) {}
