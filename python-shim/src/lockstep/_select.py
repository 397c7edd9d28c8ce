"""Which twin serves: the C accelerator where one fits exactly, else pure Python.

An accelerator is a file ``_accelerator.<SOABI>.so`` beside this one, so the import system finds only
one for this very kind of interpreter. It carries a hash of the sources that it was built from, and
is used only where that is the hash of these.
"""

import os

from lockstep.errors import StartUpError

VARIABLE = "LOCKSTEP_ACCELERATOR"
CHOICES = ("auto", "c", "py")
REMEDY = "build one with `lockstep doctor --build PYTHON`"


def select(choice="auto"):
    """``(accelerator, None)``, or ``(None, why)`` where pure Python serves.

    The environment variable goes before `choice` (the start-up message's). ``c`` where there is none
    to use is a `StartUpError`.
    """
    choice = os.environ.get(VARIABLE) or choice or "auto"
    if choice not in CHOICES:
        raise StartUpError(
            "accelerator refused: %s=%s, allowed=%s" % (VARIABLE, choice, ", ".join(CHOICES))
        )
    if choice == "py":
        return None, "pure Python was asked for"
    accelerator, why = _load()
    if accelerator is None and choice == "c":
        raise StartUpError("no accelerator: %s; %s" % (why, REMEDY))
    return accelerator, why


def _load():
    try:
        import lockstep._build as build
    except ModuleNotFoundError:
        return None, "these are sources that no build packed"
    try:
        import lockstep._accelerator as accelerator
    except ModuleNotFoundError:
        return None, "none was built for this interpreter"
    except ImportError as error:
        return None, "it does not load: %s" % error
    if accelerator.SOURCE_HASH != build.SOURCE_HASH:
        return None, "it was built from other sources"
    return accelerator, None
