"""Tells a host what an interpreter is and which requirements it does not meet: `python <this file> REQ...`

Prints lines of ``key=value``: `version`, `implementation`, `prefix`, `pip` (its version, or nothing), `venv`
(yes or no), and for each requirement that calls for an environment `missing`, or `invalid` with the reason.
Run as a file, and not a part of a worker.
"""

import os
import sys

del sys.path[0]  # this folder: its modules have the names of anybody's


def main(requirements):
    from importlib import util

    tell("version", sys.version.replace("\n", " "))
    tell("implementation", sys.implementation.name)
    tell("prefix", sys.prefix)
    tell("pip", installed("pip") or "")
    usable = all(util.find_spec(name) is not None for name in ("venv", "ensurepip"))
    tell("venv", "yes" if usable else "no")
    parse = parser()
    for text in requirements:
        try:
            if not is_met(text, parse):
                tell("missing", text)
        except ValueError as error:
            tell("invalid", "%s: %s" % (text, " ".join(str(error).split())))


def tell(key, value):
    sys.stdout.buffer.write(("%s=%s\n" % (key, value)).encode("utf-8", "surrogateescape"))


def installed(name):
    """The version of a distribution; None if it is not there."""
    from importlib import metadata

    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def parser():
    """The class that reads requirements; None where there is none."""
    try:
        from packaging.requirements import Requirement
    except ImportError:
        try:
            from pip._vendor.packaging.requirements import Requirement
        except ImportError:
            return None
    return Requirement


def is_met(text, parse):
    if os.sep in text and " @ " not in text or text.endswith((".whl", ".zip", ".tar.gz")):
        return False  # a path: what it holds is not known
    if parse is None:
        name, _, version = text.partition("==")
        found = installed(name.strip()) if name.replace("-", "").replace("_", "").isalnum() else None
        return found is not None and (not version or version.strip() == found)
    requirement = parse(text)
    if requirement.marker is not None and not requirement.marker.evaluate():
        return True  # it is not for this interpreter
    if requirement.url or requirement.extras:
        return False
    found = installed(requirement.name)
    return found is not None and requirement.specifier.contains(found, prereleases=True)


main(sys.argv[1:])
