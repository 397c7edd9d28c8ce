"""`input()` and `sys.stdin` of a worker: a terminal whose other end is main. Imported at first need."""

from lockstep import _layout
from lockstep.errors import NotExportedError

_typed = []  # lines that came with an answer of several


def line(calls, prompt):
    """The next line, with its end, or "" where there are no more."""
    if _typed:
        return _typed.pop(0)
    calls.refuse_if_main_only("input()")
    calls.flush()
    try:
        answer = calls.start("input", (prompt,), {}, None, _layout.BUILTIN)
    except NotExportedError:
        raise EOFError(
            "input() has no answer: this worker was started without an input handler"
        ) from None
    if answer is None:
        return ""
    lines = answer.splitlines(True) or [""]
    if not lines[-1].endswith(("\n", "\r")):
        lines[-1] += "\n"
    _typed.extend(lines[1:])
    return lines[0]


def ask(calls, prompt):
    """Python's `input`."""
    prompt = str(prompt)
    try:
        answer = line(calls, prompt)
    except EOFError:
        print(prompt, end="", flush=True)
        raise
    if not answer:
        print(prompt, end="", flush=True)
        raise EOFError("input() has no answer: the input handler has no more lines")
    return answer.rstrip("\r\n")


def read_line(calls):
    """What `sys.stdin` reads; without a handler it is at its end."""
    try:
        return line(calls, "")
    except EOFError:
        return ""
