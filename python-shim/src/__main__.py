"""Boot file of a worker: `python <this file>`. Any Python since 2.7 can read it, so that one that is too
old says so in a sentence. Started as a file, not as a folder: for a folder Python imports runpy first."""
import os
import sys

if sys.version_info < (3, 9):
    sys.stderr.write(
        "lockstep: this Python is too old: %s is %d.%d, needed is 3.9 or newer\n"
        % (sys.executable, sys.version_info[0], sys.version_info[1])
    )
    sys.exit(3)

if __name__ == "__main__":
    here = os.path.dirname(os.path.abspath(__file__))
    if here not in sys.path:  # PYTHONSAFEPATH
        sys.path.insert(0, here)
    # This folder is the shim's own: compiled once, it starts faster. What the user wants for modules of
    # theirs holds again before their script runs.
    users_choice = sys.dont_write_bytecode
    sys.dont_write_bytecode = False
    from lockstep._boot import main

    sys.exit(main(users_choice))
