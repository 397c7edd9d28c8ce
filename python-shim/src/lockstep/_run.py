"""Scripts that main hands over while the worker lives: ``run`` and ``missing_imports``.

A run is a call of a builtin function, so deadlines, cancelling, nesting and errors are those of calls.
Its script has globals of its own, which begin with the names of its context. Without top-level `await`
it runs on the main thread as a plain function does; with it it is a coroutine and becomes a task of the
worker's event loop, where any number of runs take turns.

Imported at the first run: a worker that only serves calls does not pay for it.
"""

import sys
from _ast import Expr, Expression
from _contextvars import ContextVar

from lockstep import _source
from lockstep._stdlib import load

_ONLY_AST = 0x400
_TOP_LEVEL_AWAIT = 0x2000
_CO_COROUTINE = 0x80

#: This many scripts, the last ones, show their lines in tracebacks, also after their end.
REMEMBERED = 64

#: The `Run` whose code runs here, or None.
current = ContextVar("lockstep_run", default=None)

_alive = {}  # id of a run's globals -> Run
_names = []  # of the scripts whose lines are shown, oldest first
_started = 0


class ScriptExit(Exception):
    """Carries the SystemExit of a script out of the run: it ends the run, not the worker."""

    def __init__(self, error):
        super().__init__(error)
        self.script_exit = error


class Run:
    """One script, from its text to its value."""

    def __init__(self, calls, text, context, file, output):
        self.calls = calls
        self.context = context
        self.file = file
        self.text = text
        self.output = output  # its number where main wants its output apart, else 0
        self.scope = {"__name__": "__main__", "__builtins__": sys.modules["builtins"], **context}
        if file[:1] != "<":
            self.scope.setdefault("__file__", file)

    def start(self):
        """The value, or a coroutine for it."""
        _show_lines(self.file, self.text)
        body, last = self._compile()
        if (body.co_flags | (0 if last is None else last.co_flags)) & _CO_COROUTINE:
            return self._awaited(lambda: _evaluate_async(body, last, self.scope))
        token = current.set(self)
        try:
            self._begin()
            if self.calls.pending_interrupt:
                self.calls.check_interrupt()
            value = _evaluate(body, last, self.scope)
        except SystemExit as error:
            raise ScriptExit(error) from None
        except BaseException:
            self._failed()
            raise
        finally:
            try:
                self._end()
            finally:
                current.reset(token)
        # As a browser's promise: nobody wants a coroutine that nobody awaited.
        return self._awaited(lambda: value) if hasattr(type(value), "__await__") else value

    async def _awaited(self, begin):
        current.set(self)  # in a context of this task's own
        try:
            self._begin()
            if self.calls.pending_interrupt:
                self.calls.check_interrupt()
            value = begin()
            while hasattr(type(value), "__await__"):
                value = await value
            return value
        except SystemExit as error:
            raise ScriptExit(error) from None
        except BaseException:
            self._failed()
            raise
        finally:
            self._end()

    def _compile(self):
        """Code of all but the last expression, and of that; None if the script ends otherwise."""
        tree = compile(
            self.text, self.file, "exec", _ONLY_AST | _TOP_LEVEL_AWAIT, dont_inherit=True
        )
        last = None
        if tree.body and isinstance(tree.body[-1], Expr):
            last = self._code(Expression(tree.body.pop().value), "eval")
        return self._code(tree, "exec"), last

    def _code(self, tree, mode):
        return compile(tree, self.file, mode, _TOP_LEVEL_AWAIT, dont_inherit=True)

    def _failed(self):
        # Another run may have had a script of this name since: the traceback shows these lines.
        _show_lines(self.file, self.text)

    def _begin(self):
        _alive[id(self.scope)] = self
        if self.output:
            if self.calls.output is None:
                from lockstep._output import Output

                self.calls.output = Output(self.calls)
            self.calls.output.begin(self)

    def _end(self):
        if _alive.pop(id(self.scope), None) is not None and self.output:
            self.calls.output.end(self)


def _evaluate(body, last, scope):
    """In a function of its own: an interrupt may hit it anywhere, as it may the script itself."""
    exec(body, scope)
    if last is not None:
        return eval(last, scope)


async def _evaluate_async(body, last, scope):
    coroutine = eval(body, scope)
    if body.co_flags & _CO_COROUTINE:
        await coroutine
    if last is None:
        return None
    value = eval(last, scope)
    return await value if last.co_flags & _CO_COROUTINE else value


INTERRUPTIBLE = (_evaluate.__code__, _evaluate_async.__code__)


def _show_lines(file, text):
    if file in _names:
        _names.remove(file)
    _names.append(file)
    _source.show_lines(file, text)
    if len(_names) > REMEMBERED:
        _source.hide_lines(_names.pop(0))


def run_here(depth):
    """The run that runs here; in a thread that a run started, where no ContextVar has come along, the
    run whose code is on the stack. `depth` is how many frames of the stack are the shim's."""
    run = current.get()
    if run is not None or not _alive:
        return run
    frame = sys._getframe(depth + 1)
    while frame is not None:
        run = _alive.get(id(frame.f_globals))
        if run is not None:
            return run
        frame = frame.f_back
    return None


# ---- the builtin functions -----------------------------------------------------------------------------


def run(calls, text, context=None, file=None, output=0):
    """Main's ``run``: the value of the script's last expression."""
    global _started
    _started += 1
    text = dedented(text)
    return Run(calls, text, context or {}, file or "<run %d>" % _started, output).start()


def dedented(text):
    """A script that is indented as a whole, as in a text block, is what it would be without."""
    for line in text.splitlines():
        if line.strip():
            return load("textwrap").dedent(text) if line[0] in " \t" else text
    return text


def missing_imports(calls, text, file=None):
    """Main's ``missing_imports``: the modules that the script imports and that are not here.

    Top-level names, in the order of the script. Nothing is imported to find out.
    """
    tree = compile(
        dedented(text), file or "<script>", "exec", _ONLY_AST | _TOP_LEVEL_AWAIT, dont_inherit=True
    )
    missing = []
    for name in _imported(tree):
        if name not in missing and not _is_here(name):
            missing.append(name)
    return missing


def _imported(tree):
    found = []
    for node in load("ast").walk(tree):
        kind = type(node).__name__
        if kind == "Import":
            names = [alias.name for alias in node.names]
        elif kind == "ImportFrom" and not node.level:
            names = [node.module]
        else:
            continue
        found += [(node.lineno, node.col_offset, name.partition(".")[0]) for name in names]
    return [name for _, _, name in sorted(found, key=lambda one: one[:2])]


def _is_here(name):
    if name in sys.modules or name in sys.builtin_module_names:
        return True
    try:
        return load("importlib.util").find_spec(name) is not None
    except (ImportError, ValueError):
        return False


BUILTINS = {"run": run, "missing_imports": missing_imports}
