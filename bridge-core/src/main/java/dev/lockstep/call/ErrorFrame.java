package dev.lockstep.call;

/**
 * One frame of a stack trace that crossed.
 *
 * @param file as its language names it; empty if unknown
 * @param line from 1; 0 if unknown
 * @param function {@code fn}, or {@code pkg.Class.method} for Java
 * @param source the line's text; empty if unknown
 */
public record ErrorFrame(String file, int line, String function, String source) {}
