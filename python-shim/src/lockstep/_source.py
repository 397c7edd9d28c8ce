"""The lines of a script that is no file, for tracebacks and `inspect`.

Both take them from `linecache`, and to import that takes longer than all the rest of a start. So it is
not imported here: a finder waits until somebody else does, and puts the text in then.
"""

import sys

from lockstep import _stdlib


def show_lines(name, text):
    """Makes `linecache` know the lines of the code whose file is called `name`."""
    linecache = sys.modules.get("linecache")
    if linecache is not None:
        _remember(linecache, name, text)
    else:
        sys.meta_path.insert(0, _Finder(name, text))


def _remember(linecache, name, text):
    # No time of change: linecache never looks for a file that is newer.
    linecache.cache[name] = (len(text), None, text.splitlines(True), name)


class _Finder:
    """On sys.meta_path until linecache has been imported; finds nothing else."""

    def __init__(self, name, text):
        self._name = name
        self._text = text

    def find_spec(self, fullname, path=None, target=None):
        if fullname != "linecache":
            return None
        for finder in list(sys.meta_path):
            find = getattr(finder, "find_spec", None)
            spec = find(fullname, path, target) if find is not None and finder is not self else None
            if spec is not None:
                if spec.loader is not None and _stdlib.is_standard_origin(spec.origin):
                    spec.loader = _Loader(spec.loader, self)
                return spec
        return None

    def imported(self, linecache):
        if self in sys.meta_path:
            sys.meta_path.remove(self)
        _remember(linecache, self._name, self._text)


class _Loader:
    """linecache's own loader, and a word to the finder when the module is there."""

    def __init__(self, loader, finder):
        self._loader = loader
        self._finder = finder

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module):
        module.__loader__ = module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        self._finder.imported(module)
