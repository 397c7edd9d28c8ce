"""The start of a worker: ties, segment, script, READY; then the calls, until main closes.

The start-up message is drawn in docs/wire-format.md. What fails before the channel is up is a sentence
on stderr and exit status 3; what fails in the user's script goes to main as a FATAL frame.
"""

import io
import os
import sys

from lockstep import _lifeline, _source

EXIT_CANNOT_START = 3
_STACKS_SIGNAL = 50  # StackFile.SIGNAL: a real-time one, which has no other meaning
_STACKS_FILE = "lockstep-stacks"  # StackFile.LINK
_LONGEST_START_UP_MESSAGE = 64 * 1024 * 1024


def main(dont_write_bytecode=False):
    """Runs a worker to its end; what it returns is the exit status. The script is run with this
    ``sys.dont_write_bytecode``."""
    try:
        calls, message, shim = _start()
    except Exception as error:  # noqa: B902 - said in a sentence, whatever it is
        print("lockstep: worker cannot start: %s" % _sentence(error), file=sys.stderr)
        return EXIT_CANNOT_START
    sys.dont_write_bytecode = dont_write_bytecode
    status = _run_script(calls, message, shim)
    if status is not None:
        return status
    from lockstep import _layout

    try:
        _send_ready(calls)
        calls.serve_forever()
    finally:
        calls.flush()
        calls.endpoint.set_worker_state(_layout.WORKER_LEAVING)
    return 0


def _sentence(error):
    text = str(error)
    if type(error).__module__ == "lockstep.errors":
        return text
    return "%s: %s" % (type(error).__name__, text)


def _start():
    """Everything before user code: (calls, start-up message, the shim's folder)."""
    from lockstep import _select

    wanted = os.environ.get(_select.VARIABLE, "auto")
    accelerator, why = _select.select(wanted) if wanted in _select.CHOICES else (None, None)
    _lifeline.die_with_parent(accelerator)
    _lifeline.lead_own_group()
    original_stdin = _lifeline.move_stdin()
    shim = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    message = _read_message(original_stdin)

    from lockstep import _call, _codec, _segment

    segment = _segment.attach(message)
    held = [original_stdin]
    if message.get("lifeline"):
        held.append(_lifeline.hold_open(message["lifeline"]))
    accelerator, why = _select.select(message.get("accelerator", "auto"))
    _codec.configure(segment.limits)
    if accelerator is not None:
        accelerator.configure(segment.limits)
        accelerator.start_lifeline(original_stdin)
        _call.choose_codec(accelerator)
        endpoint_class = accelerator.Endpoint
    else:
        from lockstep._channel import Endpoint as endpoint_class
    endpoint = endpoint_class(
        segment.buffer,
        1,
        segment.to_worker_capacity,
        segment.to_host_capacity,
        segment.limits,
        segment.sync_main_only,
    )
    calls = _call.Calls(endpoint, segment.limits, segment.sync_main_only, message["name"])
    if message.get("threads"):
        from lockstep import _threads

        calls.pool = _threads.Pool(calls, message["threads"])
    calls.describe_more = {
        "python": sys.version.split()[0],
        "implementation": sys.implementation.name,
        "accelerator": "py" if accelerator is None else "c",
        "executable": sys.executable or "",
        "pid": os.getpid(),
    }
    if why:
        calls.describe_more["why_not_c"] = why
    _lifeline.guard_forks(endpoint, held)
    _lifeline.handle_interrupts(calls.on_interrupt)
    _lifeline.ask_main_for_input(calls)
    _open_streams(calls)
    _tell_main_of_errors(calls)
    _tell_main_of_logs(calls, message)
    _enable_faulthandler()
    _publish(calls, message)
    return calls, message, shim


def _read_message(fd):
    from lockstep import _codec
    from lockstep.errors import StartUpError

    length = int.from_bytes(_lifeline.read_exactly(fd, 4), "little")
    if not 1 <= length <= _LONGEST_START_UP_MESSAGE:
        raise StartUpError(
            "start-up message refused: bytes=%d, allowed=1 to %d"
            % (length, _LONGEST_START_UP_MESSAGE)
        )
    message = _codec.decode_value(_lifeline.read_exactly(fd, length))
    if type(message) is not dict:
        raise StartUpError("start-up message refused: type=%s" % type(message).__name__)
    from lockstep._segment import check_version

    check_version(message.get("version"))
    for key, kind in _EXPECTED.items():
        if type(message.get(key)) is not kind:
            raise StartUpError(
                "start-up message refused: key=%s, type=%s, allowed=%s"
                % (key, type(message.get(key)).__name__, kind.__name__)
            )
    return message


_EXPECTED = {
    "nonce": bytes,
    "host_pid": int,
    "host_start_time": int,
    "segment": str,
    "segment_bytes": int,
    "to_worker_capacity": int,
    "to_host_capacity": int,
    "sealed": bool,
    "limits": dict,
    "sync_main_only": bool,
    "name": str,
    "mode": str,
    "target": str,
}


def _open_streams(calls):
    """stdout and stderr by lines, with a note when something may be left to flush."""
    endpoint = calls.endpoint

    class Noted(io.BufferedWriter):
        def write(self, data):
            endpoint.unflushed = True
            if calls.output is not None:
                calls.output.before_write()
            return super().write(data)

    streams = []
    for name, errors in (("stdout", "surrogateescape"), ("stderr", "backslashreplace")):
        old = getattr(sys, name)
        if old is None:
            continue
        try:
            old.flush()
            fd = old.fileno()
            raw = io.FileIO(fd, "w", closefd=False)
        except (OSError, ValueError):
            continue
        raw.name = "<%s>" % name
        stream = io.TextIOWrapper(
            Noted(raw), "utf-8", errors, newline="\n", line_buffering=True, write_through=True
        )
        stream.mode = "w"
        setattr(sys, name, stream)
        setattr(sys, "__%s__" % name, stream)
        streams.append(stream)
    calls.streams = tuple(streams)


def _enable_faulthandler():
    """Main starts us with it already; here for a worker that was started without, and for stacks that are
    told while nobody can run Python: main sends the signal, the handler in C writes to the file, main reads
    it through /proc. Nothing is left of the file but an empty one until then."""
    if os.environ.get("PYTHONFAULTHANDLER") == "lockstep":  # main's, not meant for processes of the user's
        del os.environ["PYTHONFAULTHANDLER"]
    try:
        import faulthandler

        faulthandler.enable()
        made = os.memfd_create(_STACKS_FILE)
        stacks = os.open("/proc/self/fd/%d" % made, os.O_WRONLY | os.O_APPEND)
        os.close(made)
        faulthandler.register(_STACKS_SIGNAL, stacks, all_threads=True)
    except (ImportError, OSError, ValueError, RuntimeError, AttributeError):
        pass  # a closed stderr, or an interpreter or kernel that has no such thing


def _tell_main_of_errors(calls):
    """Errors in threads and finalizers go to main, unless the user's code sets hooks of its own."""
    import _thread

    def unraisable(args, otherwise=sys.unraisablehook):
        from lockstep import _report

        _report.unraisable(calls, args, otherwise)

    def in_thread(args, /):
        from lockstep import _report

        _report.thread(calls, args, otherwise)

    sys.unraisablehook = unraisable
    threading = sys.modules.get("threading")
    if threading is not None:
        otherwise = threading.excepthook
        threading.excepthook = in_thread
        return
    # `threading` takes its hook from here when it is imported; importing it now would take a millisecond.
    otherwise = getattr(_thread, "_excepthook", None)
    if otherwise is None:  # PyPy: `threading` has one of its own, unless it finds both of these
        otherwise = _print_thread_error
        _thread._ExceptHookArgs = _ThreadError
    _thread._excepthook = in_thread


class _ThreadError:
    """The arguments of `threading.excepthook` where the interpreter has no class for them."""

    def __init__(self, args):
        self.exc_type, self.exc_value, self.exc_traceback, self.thread = args


def _print_thread_error(args):
    print("Exception in thread %s:" % getattr(args.thread, "name", None), file=sys.stderr)
    sys.__excepthook__(args.exc_type, args.exc_value, args.exc_traceback)


class _BeforeLogging:
    """In ``sys.meta_path`` until `logging` is imported: there is nothing to do for scripts that do not."""

    def __init__(self, calls):
        self._calls = calls

    def find_spec(self, name, path=None, target=None):
        return self._calls.logs().find_spec(path, target) if name == "logging" else None


def _tell_main_of_logs(calls, message):
    calls.log_levels = message.get("log_levels") or {}
    calls.tells_logs = bool(message.get("logging")) and not calls.sync_main_only
    calls.before_logging = _BeforeLogging(calls)
    if "logging" in sys.modules:
        calls.logs().take(sys.modules["logging"])
    else:
        sys.meta_path.insert(0, calls.before_logging)


def _publish(calls, message):
    import lockstep
    from lockstep._sync import make_sync

    lockstep.sync = make_sync(calls)
    lockstep.config = message.get("config") or {}
    lockstep._calls = calls
    lockstep.RUNNING_IN_WORKER = True


# ---- the user's script -------------------------------------------------------------------------------


def _run_script(calls, message, shim):
    """Runs the script as __main__; None, or the exit status after FATAL has been sent."""
    try:
        _set_path(message, shim)
        scope = _execute(message)
        _export(calls, scope)
    except SystemExit as error:
        return _fatal_exit(calls, error)
    except BaseException as error:  # noqa: B902 - main is told, whatever it is
        from lockstep import _faults

        _send_fatal(calls, _faults.describe(error))
        return 1
    return None


def _fatal_exit(calls, error):
    from lockstep import _faults

    code = error.code
    status = 0 if code is None else code if isinstance(code, int) else 1
    if not isinstance(code, (int, type(None))):
        print(code, file=sys.stderr)
    described = _faults.fault(
        "exception",
        "SystemExit",
        "the script ended itself before it was ready: sys.exit code=%s" % (code,),
        types=["SystemExit", "BaseException"],
        attributes={"code": status},
    )
    _send_fatal(calls, described)
    return status


def _send_fatal(calls, payload):
    from lockstep import _layout
    from lockstep.errors import LockstepError

    calls.flush()
    try:
        calls.endpoint.send(_layout.FATAL, 0, 0, 0, 0, payload)
    except LockstepError as error:
        print("lockstep: main was not told: %s" % error, file=sys.stderr)
    calls.endpoint.set_worker_state(_layout.WORKER_LEAVING)


def _set_path(message, shim):
    """The user's folder first, then what the host adds; the shim's last: nothing of ours shadows what is
    theirs."""
    path = [entry for entry in sys.path if os.path.abspath(entry or ".") != shim]
    target = message["target"]
    if message["mode"] == "script":
        first = os.path.dirname(os.path.abspath(target))
        argv0 = target
    else:
        first = ""
        argv0 = "-c" if message["mode"] == "source" else target
    more = message.get("path") or []
    sys.path[:] = [first, *more, *path, shim]
    sys.argv[:] = [argv0, *(message.get("argv") or [])]


def _execute(message):
    """The globals of the script after it has run to its end."""
    mode, target = message["mode"], message["target"]
    module = type(sys)("__main__")
    module.__builtins__ = sys.modules["builtins"]
    if mode == "script":
        with io.open_code(os.path.abspath(target)) as file:
            source = file.read()
        module.__file__ = target
        code = compile(source, target, "exec", dont_inherit=True)
    elif mode == "source":
        name = "<%s>" % message["name"]
        _source.show_lines(name, target)
        code = compile(target, name, "exec", dont_inherit=True)
    elif mode == "module":
        code = _module_code(module, target)
    else:
        raise ValueError(
            "start-up message refused: mode=%s, allowed=script, source, module" % mode
        )
    # The boot file was __main__ until here; it stays alive through this frame.
    sys.modules["__main__"] = module
    exec(code, module.__dict__)
    return module.__dict__


def _module_code(module, target):
    import importlib.util

    spec = importlib.util.find_spec(target)
    if spec is not None and spec.submodule_search_locations is not None:
        spec = importlib.util.find_spec(target + ".__main__")
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError("no module to run: name=%s" % target, name=target)
    code = spec.loader.get_code(spec.name)
    if code is None:
        raise ImportError("module has no code: name=%s" % target, name=target)
    module.__spec__ = spec
    module.__loader__ = spec.loader
    module.__package__ = spec.parent
    module.__file__ = spec.origin
    sys.argv[0] = spec.origin
    return code


def _export(calls, scope):
    """Offers what ``__export__`` names, beside what was assigned to `sync`."""
    names = scope.get("__export__")
    if names is None:
        return
    if not isinstance(names, (list, tuple)) or not all(isinstance(name, str) for name in names):
        raise TypeError(
            "__export__ refused: type=%s, allowed=a list of names" % type(names).__name__
        )
    for name in names:
        if name not in scope:
            raise NameError("__export__ names what is not defined: name=%s" % name)
        if not callable(scope[name]):
            raise TypeError(
                "__export__ names what cannot be called: name=%s, type=%s"
                % (name, type(scope[name]).__name__)
            )
        calls.export(name, scope[name])


def _send_ready(calls):
    from lockstep import _codec, _layout

    calls.booting = False
    calls.flush()
    ready = {
        key: calls.describe_more[key]
        for key in ("python", "implementation", "accelerator", "executable")
    }
    ready["exports"] = calls.exported_names()
    calls.endpoint.set_worker_state(_layout.WORKER_READY)
    calls.endpoint.send(_layout.READY, 0, 0, 0, 0, _codec.encode_value(ready))
