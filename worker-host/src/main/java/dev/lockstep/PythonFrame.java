package dev.lockstep;

/**
 * One frame of a Python traceback.
 *
 * @param line from 1; 0 if unknown
 * @param source the line's text; empty if unknown
 */
public record PythonFrame(String file, int line, String function, String source) {}
