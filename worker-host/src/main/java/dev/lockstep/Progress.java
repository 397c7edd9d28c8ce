package dev.lockstep;

/**
 * How far something is: what a script says with {@code sync.progress(done, total, text)}, or,
 * before its process is started, how far the packages and files are that its configuration asks
 * for.
 *
 * @param done so many units are done
 * @param total of so many; 0 or less if it is not known
 * @param text may be empty
 */
public record Progress(double done, double total, String text) {}
