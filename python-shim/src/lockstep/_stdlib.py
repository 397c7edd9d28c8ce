"""Modules of the standard library, imported on first need, whatever the user's folder holds.

The user's script folder comes first on sys.path, so a ``uuid.py`` beside the script would be what
``import uuid`` finds. `load` gives the standard library's module all the same, and leaves the user's
own the one that everybody else gets. Where nothing shadows it, the module is imported as usual, so
that the classes in it are the same for the user and for us.
"""

import sys

_loaded = {}


def load(name):
    """The standard library's module `name` (dotted names allowed)."""
    module = _loaded.get(name)
    if module is None:
        module = _loaded[name] = _load(name)
    return module


def _load(name):
    top = name.partition(".")[0]
    present = sys.modules.get(top)
    if present is not None:
        if _is_standard(present):
            return _import(name)
    elif not _shadowed(top):
        return _import(name)
    return _import_privately(name)


def _import(name):
    __import__(name)
    return sys.modules[name]


def _folders():
    # os is imported by every interpreter before user code runs: where it lies is the library. The
    # shared objects lie in a folder of their own, below it.
    library = sys.modules["os"].__file__.rpartition("/")[0]
    return [library, library + "/lib-dynload"] + [
        entry for entry in sys.path if entry.startswith(sys.base_prefix) and "lib_pypy" in entry
    ]


def is_standard_origin(origin):
    if origin in (None, "built-in", "frozen"):
        return True
    folder = origin.rpartition("/")[0]
    return "site-packages" not in folder and "dist-packages" not in folder and any(
        folder == entry or folder.startswith(entry + "/") for entry in _folders()
    )


def _is_standard(module):
    spec = getattr(module, "__spec__", None)
    if spec is None:
        return getattr(module, "__file__", None) is None
    return is_standard_origin(spec.origin)


def _shadowed(top):
    for finder in sys.meta_path:
        find = getattr(finder, "find_spec", None)
        spec = find(top, None) if find is not None else None
        if spec is not None:
            return not is_standard_origin(spec.origin)
    return False


def _import_privately(name):
    """Imports from the library's folders only, then puts sys.modules back as the user had it."""
    top = name.partition(".")[0]
    path = sys.path[:]
    hidden = {
        key: value for key, value in sys.modules.items() if key == top or key.startswith(top + ".")
    }
    for key in hidden:
        del sys.modules[key]
    before = set(sys.modules)
    sys.path[:] = _folders() + [entry for entry in path if entry.endswith(".zip")]
    try:
        return _import(name)
    finally:
        sys.path[:] = path
        for key in set(sys.modules) - before:
            own = key.partition(".")[0]
            if own == top or _shadowed(own):
                del sys.modules[key]
        sys.modules.update(hidden)
