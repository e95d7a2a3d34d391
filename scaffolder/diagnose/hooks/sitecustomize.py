"""What a copy of a container has first on Python's path: it writes down what the program swallows.

The program's own Python runs this, from 3.6 on, and only in a copy. Each exception that the
program's own code handles gets a line in `raised`, beside this file; so does each end that the
program chooses: sys.exit, os._exit, or a signal to itself, with the exception that it was handling.
Where there is a file `stands`, SIGQUIT makes it write there where each thread is.
"""

import atexit
import faulthandler
import json
import os
import sys
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
RECORDS = os.path.join(HERE, "raised")
STANDS = os.path.join(HERE, "stands")
MOST, LONGEST, DEEPEST = 400, 8000, 12
"""How many lines a process writes before its end, of how many characters a traceback is, and how
many places lead to an end."""
NO_FAILURE = (
    SystemExit, StopIteration, StopAsyncIteration, GeneratorExit, KeyboardInterrupt,
    BrokenPipeError,
)  # fmt: skip
"""What is raised where nothing has failed."""

DURING = "\nDuring handling of the above exception, another exception occurred:\n\n"

WORKS = frozenset(
    ["socket.connect", "socket.bind", "subprocess.Popen", "os.exec", "os.fork", "os.posix_spawn",
     "os.system", "os.mkdir", "os.rename"]
)  # fmt: skip
"""What a program does that goes on with its work (audit events, PEP 578), beside opening files."""
IDLE = ("/proc/", "/sys/", "/dev/", "/usr/share/", "/etc/", HERE)
"""Where a program may read as it ends."""

UNCAUGHT, LOST = "uncaught", "lost"

written = [0]
has_handled = [False]
left = [None]
"""The exception that left its own code last, and the place, while nobody has handled it."""
said = [()]


def record(kind, error, place, how="", shown="", way=()):  # noqa: PLR0913, PLR0917 - fields of a line
    """Write a line about an exception, if any is given; never fail."""
    if written[0] >= (2 * MOST if kind in ("exit", "said") else MOST):
        return
    written[0] += 1
    try:
        names = []
        each = error
        while each is not None and len(names) < 20:
            names += [one.__name__ for one in type(each).__mro__[:-1]]
            each = each.__cause__ or each.__context__  # also where `from None` hides it
        if error is not None:
            shown = "".join(formatted(error))
        line = json.dumps(
            {"kind": kind, "text": shown[-LONGEST:], "place": place, "how": how, "names": names,
             "way": way}
        )  # fmt: skip
        descriptor = os.open(RECORDS, os.O_WRONLY | os.O_APPEND)
        try:
            os.write(descriptor, (line + "\n").encode())
        finally:
            os.close(descriptor)
    except Exception:  # noqa: BLE001, S110 - whatever a program's own exceptions do when they are shown
        pass


def formatted(error):
    """Return a traceback, with that of what was handled then even where `from None` hides it."""
    inner = error.__context__
    hides = error.__suppress_context__ and error.__cause__ is None and inner is not None
    before = traceback.format_exception(type(inner), inner, inner.__traceback__) if hides else []
    own = traceback.format_exception(type(error), error, error.__traceback__)
    return [*before, DURING, *own] if hides else own


def is_own(code):
    """Tell whether code is the program's, and not that of Python or of a library."""
    name = code.co_filename
    is_of_others = any(
        part in name for part in ("/site-packages/", "/dist-packages/", "/lib/python")
    )
    places = ("<frozen ", sys.prefix + "/lib/", sys.base_prefix + "/lib/", HERE)
    return not is_of_others and not name.startswith(places)


def handled(code, error, line):
    """Take note of an exception that the program's own code handles."""
    if isinstance(error, NO_FAILURE) or not is_own(code):
        return
    left[0] = None
    record("handled", error, "%s:%s" % (code.co_filename, line))
    has_handled[0] = True


class Listens:
    """Have warnings and errors noted that the program logs, as soon as it has loaded `logging`.

    It is not loaded for this: the program may have a module of that name.
    """

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        """Find `logging` as the others do, and change it once it is loaded."""
        if name != "logging":
            return None
        sys.meta_path.remove(cls)
        found = (finder.find_spec(name, path, target) for finder in sys.meta_path)
        spec = next((one for one in found if one is not None), None)
        load = getattr(getattr(spec, "loader", None), "exec_module", None)

        def loads(module):
            load(module)
            cls.change(module)

        if load is not None:
            try:
                spec.loader.exec_module = loads
            except AttributeError:
                pass
        return spec

    @staticmethod
    def change(module):
        """Put methods that take note in the place of those of a logger."""
        logger = getattr(module, "Logger", None)
        for name in ("warning", "error", "critical", "log"):
            if callable(getattr(logger, name, None)):
                setattr(logger, name, noted(getattr(logger, name), name))


def noted(original, name):
    """Return a method of a logger that takes note of what it is told, whoever hears of it."""

    def says(self, *args, **kwargs):
        level, told = (args[0], args[1:]) if name == "log" else (name, args)
        try:
            if told and (name != "log" or level >= 30):
                words = str(told[0]) % told[1:] if told[1:] else str(told[0])
                said[0] = (own_caller(), str(level), words)
        except Exception:  # noqa: BLE001, S110 - its own handlers would not fail over it, either
            pass
        kwargs["stacklevel"] = kwargs.get("stacklevel", 1) + 1
        return original(self, *args, **kwargs)

    return says


def tells():
    """Write what the program logged last, as it ends."""
    if said[0]:
        place, level, words = said[0]
        said[0] = ()
        record("said", None, place, level, words)


def works(event, arguments):
    """Take note that the program goes on after it has handled an exception, or logged an error."""
    if not (has_handled[0] or said[0]) or (event not in WORKS and event != "open"):
        return
    path = arguments[0] if event == "open" else ""
    if isinstance(path, bytes):
        path = path.decode("utf-8", "replace")
    if event == "open" and (
        not isinstance(path, str)
        or path.startswith(IDLE)
        or path.endswith((".py", ".pyc"))
        or "/lib/python" in path
    ):
        return
    said[0] = ()
    if has_handled[0]:
        has_handled[0] = False
        record("works", None, "")


def way_to(frame):
    """Return the places of the program's own code that led to one, the innermost first."""
    found = []
    while frame is not None and len(found) < DEEPEST:
        if is_own(frame.f_code):
            place = "%s:%s" % (frame.f_code.co_filename, frame.f_lineno)
            found.append((place, frame.f_code.co_name))
        frame = frame.f_back
    return found


def own_place(error):
    """Return the innermost place of the program's own code where an exception came from."""
    place, trace = "", error.__traceback__
    while trace is not None:
        if is_own(trace.tb_frame.f_code):
            place = "%s:%s" % (trace.tb_frame.f_code.co_filename, trace.tb_lineno)
        trace = trace.tb_next
    return place


def exits(error, place, frame):
    """Take note of a SystemExit that is raised, with what was being handled then."""
    inner = error.__cause__ or error.__context__  # also where `from None` hides it
    while isinstance(inner, SystemExit):
        inner = inner.__cause__ or inner.__context__
    told = None if isinstance(inner, NO_FAILURE) else inner
    tells()
    record("exit", told, place, "sys.exit(%r)" % (error.code,), "", way_to(frame))


def caller():
    """Return the place that called what was put in the place of a function."""
    frame = sys._getframe(2)
    return "%s:%s" % (frame.f_code.co_filename, frame.f_lineno)


def own_caller():
    """Return the place in the program's own code from where what logs was called."""
    frame = sys._getframe(2)
    while frame.f_back is not None and not is_own(frame.f_code):
        frame = frame.f_back
    return "%s:%s" % (frame.f_code.co_filename, frame.f_lineno)


def instead(module, name, is_meant):
    """Put a function in the place of one that ends the process, if its arguments say so."""
    original = getattr(module, name)

    def ending(*args, **kwargs):
        if is_meant(*args):
            error = sys.exc_info()[1]
            told = None if isinstance(error, NO_FAILURE) else error
            words = ", ".join(str(arg) for arg in args)
            tells()
            how = "%s.%s(%s)" % (module.__name__, name, words)
            record("exit", told, caller(), how, "", way_to(sys._getframe(1)))
        return original(*args, **kwargs)

    setattr(module, name, ending)


def lost():
    """Take note of an exception that nobody handled: it is printed, unless that was prevented."""
    tells()
    error = getattr(sys, "last_value", None)
    if error is not None and not isinstance(error, NO_FAILURE):
        is_replaced = sys.excepthook is not sys.__excepthook__
        record("exit", error, "sys.excepthook" if is_replaced else "standard error", UNCAUGHT)
    elif left[0] is not None and error is None:
        record("exit", left[0][0], left[0][1], LOST)  # a task or a thread has it


def monitored():
    """Watch by sys.monitoring, which costs nothing where nothing is raised (Python 3.12)."""
    monitoring = sys.monitoring
    tool = 4
    monitoring.use_tool_id(tool, "viscaffold")

    def last(error):
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        return trace

    def raised(code, _offset, error):
        trace = last(error)
        if isinstance(error, SystemExit) and (trace is None or trace.tb_frame.f_code is code):
            place = "%s:%s" % (code.co_filename, trace.tb_lineno if trace else "?")
            exits(error, place, trace.tb_frame if trace else None)

    def unwound(code, _offset, error):
        if is_own(code) and not isinstance(error, NO_FAILURE):
            left[0] = (error, own_place(error) or code.co_filename)

    def caught(code, _offset, error):
        trace = error.__traceback__
        handled(code, error, trace.tb_lineno if trace else "?")

    events = monitoring.events
    monitoring.register_callback(tool, events.RAISE, raised)
    monitoring.register_callback(tool, events.EXCEPTION_HANDLED, caught)
    monitoring.register_callback(tool, events.PY_UNWIND, unwound)
    monitoring.set_events(tool, events.RAISE | events.EXCEPTION_HANDLED | events.PY_UNWIND)


def traced():
    """Watch by sys.settrace: what passes a frame last is handled there, or above all of them."""
    import threading

    def inner(frame, event, argument):
        if event == "exception":
            error = argument[1]
            if isinstance(error, SystemExit):
                if argument[2].tb_next is None:
                    exits(error, "%s:%s" % (frame.f_code.co_filename, frame.f_lineno), frame)
            elif isinstance(error, BaseException):
                handled(frame.f_code, error, frame.f_lineno)
        return inner

    def outer(frame, _event, _argument):
        if not is_own(frame.f_code):
            return None
        try:
            frame.f_trace_lines = False
        except AttributeError:
            pass
        return inner

    threading.settrace(outer)
    sys.settrace(outer)


def theirs():
    """Load the sitecustomize that this one hides."""
    sys.path[:] = [path for path in sys.path if os.path.abspath(path or ".") != HERE]
    own = sys.modules.pop("sitecustomize", None)
    try:
        import sitecustomize  # noqa: F401
    except ImportError:
        if own is not None:
            sys.modules["sitecustomize"] = own


theirs()
if os.access(RECORDS, os.W_OK):
    if hasattr(sys, "addaudithook"):
        sys.addaudithook(works)
        # With it came `stacklevel` (Python 3.8).
        if "logging" in sys.modules:
            Listens.change(sys.modules["logging"])
        else:
            sys.meta_path.insert(0, Listens)
    atexit.register(lost)
    try:
        faulthandler.enable()  # where native code crashed
    except (RuntimeError, ValueError, OSError):  # it has no stderr
        pass
    instead(os, "_exit", lambda *_: True)
    instead(os, "abort", lambda *_: True)
    instead(os, "kill", lambda number, signal=0, *_: signal and number in (os.getpid(), 1))
    if hasattr(sys, "monitoring"):
        monitored()
    else:
        traced()
if os.access(STANDS, os.W_OK):
    import faulthandler
    import signal

    faulthandler.register(signal.SIGQUIT, open(STANDS, "a"))  # noqa: SIM115 - kept open
