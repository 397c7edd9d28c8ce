package dev.lockstep;

import java.util.List;

/**
 * One line of {@link Workers#list()}.
 *
 * @param pid of the process; 0 before there is one
 * @param exports functions that could be called when the script had run; empty before
 * @param callsServed calls and notifications of the worker that Java has answered
 */
public record WorkerSummary(
    String name, WorkerState state, long pid, List<String> exports, long callsServed) {}
