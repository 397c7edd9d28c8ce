"""The lines of scripts that are no files, for tracebacks and `inspect`.

Both take them from `linecache`, and to import that takes longer than all the rest of a start. So it is
not imported here: a finder waits until somebody else does, and puts the texts in then.
"""

import sys

from lockstep import _stdlib

_waiting = {}  # name -> text, until linecache is imported


def show_lines(name, text):
    """Makes `linecache` know the lines of the code whose file is called `name`."""
    linecache = sys.modules.get("linecache")
    if linecache is not None and not _waiting:
        _remember(linecache, name, text)
        return
    if _FINDER not in sys.meta_path:
        sys.meta_path.insert(0, _FINDER)
    _waiting[name] = text


def hide_lines(name):
    """Makes `linecache` forget them."""
    _waiting.pop(name, None)
    cache = getattr(sys.modules.get("linecache"), "cache", None)
    if cache is not None:
        cache.pop(name, None)


def _remember(linecache, name, text):
    # No time of change: linecache never looks for a file that is newer.
    cache = getattr(linecache, "cache", None)  # a user's module of this name has none
    if cache is not None:
        cache[name] = (len(text), None, text.splitlines(True), name)


class _Finder:
    """On sys.meta_path until linecache has been imported; finds nothing else."""

    def find_spec(self, fullname, path=None, target=None):
        if fullname != "linecache":
            return None
        for finder in list(sys.meta_path):
            find = getattr(finder, "find_spec", None)
            spec = find(fullname, path, target) if find is not None and finder is not self else None
            if spec is not None:
                if spec.loader is not None and _stdlib.is_standard_origin(spec.origin):
                    spec.loader = _Loader(spec.loader)
                return spec
        return None


class _Loader:
    """linecache's own loader; when the module is there it gets the texts."""

    def __init__(self, loader):
        self._loader = loader

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module):
        module.__loader__ = module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        while _FINDER in sys.meta_path:
            sys.meta_path.remove(_FINDER)
        while _waiting:
            _remember(module, *_waiting.popitem())


_FINDER = _Finder()
