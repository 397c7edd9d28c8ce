"""What the harness puts into a worker before its first own line: other modules, and a stop between lines.

Found through PYTHONPATH, so it runs before anything of Lockstep.

LOCKSTEP_FAULT_MODULES   name=path pairs, separated by ``:``; a folder stands for the file in it that fits this
                         interpreter. The module is loaded from there.
LOCKSTEP_FAULT_LINE      ``file.py:function:k``: SIGSTOP before the k-th line of that function.
LOCKSTEP_FAULT_FUTEX     an errno that the kernel answers to every shared futex call.
"""

import os
import sys


def _install_modules(text):
    import importlib.machinery as machinery

    paths = dict(pair.split("=", 1) for pair in text.split(":"))

    class Finder:
        @staticmethod
        def find_spec(name, path=None, target=None):
            file = paths.get(name)
            if file is None:
                return None
            if os.path.isdir(file):
                file = os.path.join(file, name.rpartition(".")[2] + machinery.EXTENSION_SUFFIXES[0])
                if not os.path.exists(file):
                    raise ImportError("no test build for this interpreter: " + file, name=name)
            kind = machinery.SourceFileLoader if file.endswith(".py") else machinery.ExtensionFileLoader
            return machinery.ModuleSpec(name, kind(name, file), origin=file)

    sys.meta_path.insert(0, Finder)


def stop_at_line(files, functions, k):
    """SIGSTOP before the k-th line that runs in these files (and functions, unless None)."""
    import signal

    left = [k]

    def trace(frame, event, argument):
        code = frame.f_code
        if os.path.basename(code.co_filename) not in files:
            return None
        if functions is not None and code.co_name not in functions:
            return None
        if event == "line":
            left[0] -= 1
            if left[0] == 0:
                sys.settrace(None)
                os.kill(os.getpid(), signal.SIGSTOP)
        return trace

    sys.settrace(trace)


_text = os.environ.pop("LOCKSTEP_FAULT_MODULES", None)
if _text:
    _install_modules(_text)
_text = os.environ.pop("LOCKSTEP_FAULT_LINE", None)
if _text:
    _file, _function, _k = _text.split(":")
    stop_at_line({_file}, {_function}, int(_k))
_text = os.environ.pop("LOCKSTEP_FAULT_FUTEX", None)
if _text:
    import seccomp_futex

    seccomp_futex.refuse(int(_text))
