"""Which run writes: runs whose output main wants apart from the worker's.

Everything goes through the worker's own stdout and stderr, so the order of what Python, C code and child
processes write to a stream is kept. Before a run writes whose turn it is not, main is told and reads the
pipes empty; what comes after that is this run's. Imported at the first such run.
"""

import sys
from _thread import RLock, get_ident

from lockstep import _layout, _run


class Output:
    """Whose turn it is to write: the number of a run, or 0 for the worker itself."""

    def __init__(self, calls):
        self._calls = calls
        self._turn = 0
        self._active = []
        # Held while main is asked: whoever else wants to write waits for the turn to be clear.
        self._lock = RLock()

    def begin(self, run):
        # Threads that are there already are not this run's, whatever they print.
        run.earlier_threads = frozenset(sys._current_frames())
        with self._lock:
            self._active.append(run)
            self._give(run.output, 0)

    def end(self, run):
        """Returns when main has all that the run wrote."""
        with self._lock:
            if run not in self._active:
                return  # interrupted before it began
            self._active.remove(run)
            sole = self._active[0].output if len(self._active) == 1 else 0
            self._give(sole, run.output)

    def before_write(self):
        """From the streams: somebody writes now."""
        writer = self._writer()
        if writer != self._turn:
            with self._lock:
                self._give(writer, 0)

    def _writer(self):
        run = _run.run_here(3)
        if run is None:
            if len(self._active) != 1:
                return 0
            run = self._active[0]  # the only one that a new thread can come from
            if get_ident() in run.earlier_threads:
                return 0
        return run.output if run in self._active else 0

    def _give(self, writer, ended):
        try:
            for stream in self._calls.streams:
                try:
                    stream.buffer.flush()
                except (OSError, ValueError):
                    pass  # the user closed it
            self._calls.start("output", (writer, ended), {}, None, _layout.BUILTIN)
            self._turn = writer
        except Exception:  # noqa: B902 - a print must not fail for it; main gets the text all the same
            pass
