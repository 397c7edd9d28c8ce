"""Boot file of a worker: `python <this folder>`. Any Python since 2.7 can read it, so that one that is
too old says so in a sentence."""
import sys

if sys.version_info < (3, 9):
    sys.stderr.write(
        "lockstep: this Python is too old: %s is %d.%d, needed is 3.9 or newer\n"
        % (sys.executable, sys.version_info[0], sys.version_info[1])
    )
    sys.exit(3)

if __name__ == "__main__":
    from lockstep._boot import main

    sys.exit(main())
