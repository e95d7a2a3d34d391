"""The faults: how each is injected, the cause that the log has to name, and the exit status."""

import signal
from collections.abc import Mapping
from dataclasses import dataclass, field

MOMENT = 2.0
"""Seconds until a cause is named; SLOWLY for what has to be noticed by time."""
SLOWLY = 5.0

CONFIG, SOFTWARE, SYSTEM = 78, 70, 71
LIVES = None
"""Instead of an exit status: the service goes on, and stops with 0 when it is asked to."""

PLAIN, CONTAINER, UNSUPERVISED = "plain", "container", "without supervisor"
PLACES = (PLAIN, CONTAINER, UNSUPERVISED)


@dataclass(frozen=True)
class Fault:
    """A fault; `cause` is a regular expression for the log, empty where nobody can be told."""

    name: str
    cause: str
    status: int | str | None
    """Of the process that was started; "any" where it says nothing."""
    code: str = ""
    on_request: bool = False
    module: str = "orders.app"
    environment: Mapping[str, str] = field(default_factory=dict)
    send: tuple[signal.Signals, ...] = ()
    """To the process that was started, when the service is live."""
    inside: bool = False
    """Send them to the process that serves, instead."""
    stage: str = ""
    """A stage that the service has to have."""
    docker: tuple[str, ...] = ()
    """Flags of `docker run`; {unreadable} is a file that only root may read."""
    limit: str = ":"
    """The command of a shell that sets a limit."""
    seconds: float = MOMENT
    places: tuple[str, ...] = PLACES
    unsupervised: int | str | None = "same"
    """The exit status without a supervisor, if another one."""
    before_start: tuple[signal.Signals, ...] = ()
    """The same, when it has begun to start."""
    stop: bool = False
    """Ask it to stop once the cause is named: it goes on, but not well."""


SUPERVISED = (PLAIN, CONTAINER)


def at_import(name: str, cause: str, status: int | None, code: str, **more: object) -> Fault:
    return Fault(name, cause, status, code, **more)  # type: ignore[arg-type]


def on_request(name: str, cause: str, status: int | None, code: str, **more: object) -> Fault:
    return Fault(name, cause, status, code, on_request=True, **more)  # type: ignore[arg-type]


def setting(name: str, cause: str, **environment: str) -> Fault:
    return Fault(name, cause, CONFIG, environment=environment)


SEGFAULT = "import ctypes; ctypes.string_at(0)"
ABORT = "import os; os.abort()"
INSTALLED = "/opt/venv/lib/python3.13/site-packages/orders"

HANDLED = {signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM}
"""They ask to stop."""
IGNORED = {
    signal.SIGPIPE,
    signal.SIGXFSZ,
    signal.SIGCHLD,
    signal.SIGCONT,
    signal.SIGURG,
    signal.SIGWINCH,
}
"""By Python, or by default."""
STOPPING = {signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU}
FATAL = sorted(
    number
    for number in set(signal.Signals) - HANDLED - IGNORED - STOPPING
    if number != signal.SIGRTMAX  # the supervisor's own
)
SAMPLE = {signal.SIGKILL, signal.SIGALRM, signal.SIGUSR1, signal.SIGXCPU, signal.SIGSYS}
"""Tried in a container, too."""

START = [
    at_import("syntax error", r"SyntaxError", SOFTWARE, "exec(compile('def (', 'orders.py', 'exec'))"),
    at_import("import error", r"ImportError: cannot import name", SOFTWARE, "from os import nothing"),
    at_import("missing dependency", r"ModuleNotFoundError: No module named 'absent'", SOFTWARE,
              "import absent"),
    at_import("missing file", r"FileNotFoundError.*/absent", SOFTWARE, "open('/absent')"),
    Fault("code that this user may not read", r"PermissionError.*orders/app\.py", SOFTWARE,
          docker=("--volume", f"{{unreadable}}:{INSTALLED}/app.py:ro"), places=(CONTAINER, UNSUPERVISED)),
    Fault("working directory that is gone", r"working directory cannot be used: No such file", LIVES,
          limit='cd "$(mktemp -d)" && rmdir "$PWD"', places=(PLAIN,)),
    at_import("wrong working directory", r"(?s), in /.*No such file or directory: 'config/rates\.csv'",
              SOFTWARE, "open('config/rates.csv')"),
    at_import("exception", r"RuntimeError: no luck", SOFTWARE, "raise RuntimeError('no luck')"),
    at_import("sys.exit(0)", r"sys\.exit\(0\) was called", SOFTWARE, "import sys; sys.exit(0)"),
    at_import("sys.exit(3)", r"sys\.exit\(3\) was called", 3, "import sys; sys.exit(3)"),
    at_import("prints and exits", r"sys\.exit\(\) was called", SOFTWARE,
              "print('farewell', end=''); raise SystemExit"),
    at_import("os._exit(1)", r"ended with status 1 and did not say why", 1, "import os; os._exit(1)",
              places=SUPERVISED),
    at_import("os._exit(0)", r"ended with status 0 and did not say why", SOFTWARE,
              "import os; os._exit(0)", places=SUPERVISED),
    at_import("segmentation fault", r"Segmentation fault", 139, SEGFAULT),
    at_import("abort", r"Fatal Python error: Aborted", 134, ABORT, unsupervised="any"),
    at_import("hangs", r"(?s)start hangs.*fault\.py|fault\.py.*start hangs", SOFTWARE,
              "import time; time.sleep(99)", seconds=SLOWLY, places=SUPERVISED,
              environment={"START_SECONDS": "5"}),
    at_import("start-up code of the application raises", r"RuntimeError: no start", SOFTWARE,
              "import starlette.routing as r\nasync def no(self): raise RuntimeError('no start')\n"
              "r._DefaultLifespan.__aenter__ = no"),
    at_import("start-up code of the application hangs",
              r"start-up code of the application has not ended.*fault\.py:3 no", SOFTWARE,
              "import asyncio, starlette.routing as r\nasync def no(self):\n"
              " await asyncio.sleep(99)\nr._DefaultLifespan.__aenter__ = no", seconds=SLOWLY,
              environment={"START_SECONDS": "6"}),
    at_import("stage that raises", r"RuntimeError: no stage", SOFTWARE,
              "raise RuntimeError('no stage')", module="orders.stages.auth.users", stage="auth"),
    at_import("stage that hangs", r"(?s)start hangs.*fault\.py|fault\.py.*start hangs", SOFTWARE,
              "import time; time.sleep(99)", module="orders.stages.auth.users", stage="auth",
              seconds=SLOWLY, places=SUPERVISED, environment={"START_SECONDS": "5"}),
    at_import("missing setting", r"setting RATES_KEY is not set: expected some text", CONFIG,
              "import dataclasses, orders.config as c\n"
              "key = ('key', str, c.setting('RATES_KEY', c.text, secret=True))\n"
              "c.Settings = dataclasses.make_dataclass('S', [key], bases=(c.Settings,),\n"
              " frozen=True, kw_only=True)", module="orders.stages"),
    setting("empty setting", r"setting PORT is empty: expected", PORT=""),
    setting("malformed setting", r"setting PORT is 'eighty': expected a whole number", PORT="eighty"),
    setting("setting out of range", r"setting PORT is '70000': expected", PORT="70000"),
    setting("bad log level", r"setting LOG_LEVEL is 'LOUD': expected one of", LOG_LEVEL="LOUD"),
    setting("several settings", r"(?s)setting PORT is.*setting LOG_LEVEL is", PORT="x", LOG_LEVEL="y"),
    Fault("address that is not there", r"cannot listen on 192\.0\.2\.1.*set HOST", SYSTEM,
          environment={"HOST": "192.0.2.1"}),
    Fault("name that is no address", r"HOST is not an address or name", SYSTEM,
          environment={"HOST": "no.such.host.invalid"}, seconds=SLOWLY),
    Fault("port in use", r"another process has this port", SYSTEM,
          "import builtins, os, socket\n"
          "builtins.kept = socket.create_server(('0.0.0.0', int(os.environ['PORT'])))",
          module="orders.server"),
    Fault("privileged port", r"this user may not use the port", SYSTEM, environment={"PORT": "80"},
          docker=("--sysctl", "net.ipv4.ip_unprivileged_port_start=1024"),
          places=(CONTAINER, UNSUPERVISED)),
    Fault("too few processes", r"cannot start a second process: .*pids-limit", SYSTEM,
          docker=("--pids-limit", "1"), places=(CONTAINER,)),
    Fault("too few files", r"Too many open files", SYSTEM, limit="ulimit -n 7", places=(PLAIN,)),
    Fault("too little memory", r"needed more than the 12 MiB of memory", 137,
          docker=("--memory", "12m", "--memory-swap", "12m"), places=(CONTAINER,),
          seconds=20),  # the kernel first tries to make do, for as long as it likes
    Fault("barely enough memory", r"memory is so short|more than the 20 MiB of memory", "any",
          docker=("--memory", "20m", "--memory-swap", "20m"), places=(CONTAINER,), seconds=SLOWLY),
]  # fmt: skip

RUNNING = [
    on_request("exception in a handler", r"ZeroDivisionError", LIVES, "1 / 0"),
    on_request("exception in a thread", r"uncaught exception in thread worker", LIVES,
               "import threading; threading.Thread(target=lambda: 1 / 0, name='worker').start()"),
    on_request("exception in an executor", r"in an executor failed and nobody asks", LIVES,
               "from concurrent.futures import ThreadPoolExecutor as E\nimport builtins\n"
               "builtins.kept = E().submit(lambda: 1 / 0)"),
    on_request("exception in a finalizer", r"ZeroDivisionError", LIVES,
               "class A:\n def __del__(self): 1 / 0\nA()"),
    on_request("exception in a callback of the loop", r"(?s)in the event loop: .*ZeroDivision",
               LIVES, "import asyncio; asyncio.get_running_loop().call_soon(lambda: 1 / 0)"),
    on_request("exception in a task nobody awaits", r"task orphan failed and nobody awaits it", LIVES,
               "import asyncio\nasync def fail(): 1 / 0\nasync def fault():\n"
               " asyncio.create_task(fail(), name='orphan')"),
    on_request("exception in a task that is kept", r"task kept failed and nobody awaits it", LIVES,
               "import asyncio, builtins\nasync def fail(): 1 / 0\nasync def fault():\n"
               " builtins.kept = asyncio.create_task(fail(), name='kept')"),
    on_request("SystemExit in a handler", r"SystemExit", LIVES, "raise SystemExit(3)"),
    on_request("SystemExit in a task", r"sys\.exit\(3\) was called", 3,
               "import asyncio, builtins\nasync def fail(): raise SystemExit(3)\nasync def fault():\n"
               " builtins.kept = asyncio.create_task(fail())"),
    on_request("SystemExit in a thread", r"(?s)uncaught exception in thread worker.*SystemExit", LIVES,
               "import sys, threading; threading.Thread(target=sys.exit, args=(3,), name='worker').start()"),
    on_request("os._exit(0)", r"ended with status 0 and did not say why", SOFTWARE,
               "import os; os._exit(0)", places=SUPERVISED),
    on_request("os._exit(7)", r"ended with status 7 and did not say why", 7,
               "import os; os._exit(7)", places=SUPERVISED),
    on_request("segmentation fault", r"Segmentation fault", 139, SEGFAULT),
    on_request("abort", r"Fatal Python error: Aborted", 134, ABORT, unsupervised="any"),
    on_request("stack overflow in C", r"Segmentation fault", 139,
               "import ctypes, resource as r\n"
               "r.setrlimit(r.RLIMIT_STACK, (1 << 19, r.getrlimit(r.RLIMIT_STACK)[1]))\n"
               "F = ctypes.CFUNCTYPE(None)\n@F\ndef f(): g()\ng = F(lambda: f())\n"
               "import sys; sys.setrecursionlimit(10**9); f()"),
    on_request("stack overflow in Python", r"RecursionError", LIVES, "def f(): f()\nf()"),
    on_request("child process that is killed", r"child process \d+ was killed by signal 9", LIVES,
               "import subprocess as s; p = s.Popen(['sleep', '9']); p.kill(); p.wait()"),
    on_request("memory up to the limit", r"needed more than the 96 MiB of memory", 137,
               "x = []\nwhile True: x.append(bytearray(1 << 20))", seconds=SLOWLY,
               docker=("--memory", "96m", "--memory-swap", "96m"), places=(CONTAINER,)),
    on_request("memory of a child up to the limit", r"kernel killed a child process", LIVES,
               "import subprocess as s, sys\n"
               "s.Popen([sys.executable, '-c', 'x = []\\nwhile 1: x.append(bytearray(1 << 20))'])",
               seconds=SLOWLY, docker=("--memory", "128m", "--memory-swap", "128m"),
               places=(CONTAINER,)),
    on_request("MemoryError", r"MemoryError", LIVES, "bytearray(1 << 60)"),
    on_request("blocked event loop", r"(?s)event loop is blocked.*fault\.py|fault\.py.*event loop is blocked", LIVES,
               "import time; time.sleep(6)", seconds=SLOWLY, places=SUPERVISED),
    on_request("event loop that waits for a deadlocked thread", r"event loop is blocked", SOFTWARE,
               "import threading; l = threading.Lock(); l.acquire(); l.acquire()", seconds=SLOWLY,
               places=SUPERVISED, stop=True),
    on_request("deadlocked thread", r"(?s)has no answer after 4 s.*AnyIO worker.*fault\.py", LIVES,
               "import anyio.to_thread, threading\ndef f():\n l = threading.Lock(); l.acquire()\n"
               " l.acquire(timeout=9)\nasync def fault(): await anyio.to_thread.run_sync(f)",
               seconds=SLOWLY),
    on_request("handler that never ends", r"/fault' has no answer after 4 s.*fault\.py:2 fault", LIVES,
               "import asyncio\nasync def fault(): await asyncio.Event().wait()", seconds=SLOWLY),
    on_request("files exhausted", r"Too many open files", LIVES,
               "import os, time\nkept = []\ntry:\n while True: kept.append(os.open('/', 0))\n"
               "finally: [os.close(f) for f in kept]"),
    on_request("threads exhausted", r"can't start new thread", LIVES,
               "import threading as t\ne = t.Event()\ntry:\n"
               " while True: t.Thread(target=e.wait, daemon=True).start()\nfinally: e.set()",
               docker=("--pids-limit", "40"), places=(CONTAINER, UNSUPERVISED)),
    on_request("full disk", r"No space left on device", LIVES, "open('/dev/full', 'w').write('x' * 99999)"),
    on_request("read-only root", r"Read-only file system", LIVES, "open('/opt/x', 'w')",
               docker=("--read-only", "--user", "0"), places=(CONTAINER, UNSUPERVISED)),
    on_request("processes exhausted", r"Resource temporarily unavailable", LIVES,
               "import subprocess as s\nkept = []\ntry:\n while True: kept.append(s.Popen(['sleep', '9']))\n"
               "finally: [(p.terminate(), p.wait()) for p in kept]",
               docker=("--pids-limit", "40"), places=(CONTAINER, UNSUPERVISED)),
    *(
        on_request(f"os.kill with {number.name}", rf"{number.name}|Fatal Python error", 128 + number,
                   f"import os; os.kill(os.getpid(), {int(number)})",
                   places=SUPERVISED if number in SAMPLE else (PLAIN,))
        for number in FATAL
    ),
    Fault("SIGKILL from outside", r"killed by SIGKILL .*from outside; not for its memory", 137,
          send=(signal.SIGKILL,), inside=True, places=SUPERVISED),
    Fault("SIGKILL of the supervisor", r"the supervisor, .*, was killed", "any",
          send=(signal.SIGKILL,), places=(PLAIN,)),
]  # fmt: skip

OUTPUT = [
    on_request("stdout closed", r"stdout cannot be written to", LIVES,
               "import os; os.close(1)\nimport logging; logging.getLogger().error('lost?')"),
    on_request("stdout full", r"stdout is full, and nobody reads it", LIVES,
               "import os, logging; r, w = os.pipe(); os.dup2(w, 1)\n"
               "for i in range(9): logging.getLogger().error('x' * 9000)"),
    on_request("stdout without a reader", r"stdout cannot be written to \(Broken pipe\)", LIVES,
               "import os, logging; r, w = os.pipe(); os.dup2(w, 1); os.close(r)\n"
               "logging.getLogger().error('lost?')"),
    on_request("stdout on a full disk", r"stdout cannot be written to \(No space left", LIVES,
               "import os, logging; os.dup2(os.open('/dev/full', 1), 1)\nlogging.getLogger().error('x')"),
    on_request("stderr without a reader", r"stderr cannot be written to \(Broken pipe\)", LIVES,
               "import os, sys; r, w = os.pipe(); os.dup2(w, 2); os.close(r); print('x', file=sys.stderr)"),
    on_request("stderr closed", r"stderr cannot be written to", LIVES,
               "import os, sys; os.close(2); print('x', file=sys.stderr)"),
    on_request("stderr full", r"stderr is full, and nobody reads it", LIVES,
               "import os, sys; r, w = os.pipe(); os.dup2(w, 2); sys.stderr.write('x' * 99999)"),
    on_request("both full", "", LIVES,
               "import os, logging; r, w = os.pipe(); os.dup2(w, 1); os.dup2(w, 2)\n"
               "for i in range(99): logging.getLogger().error('x' * 9000)"),
    on_request("both closed", "", 74,
               "import os; os.close(1); os.close(2); print('x')"),
    on_request("both without a reader", "", 74,
               "import os; r, w = os.pipe(); os.dup2(w, 1); os.dup2(w, 2); os.close(r); print('x')"),
    on_request("record that cannot be formatted",
               r"not all arguments converted|cannot be formatted", LIVES,
               "import logging; logging.getLogger().error('no place', 1)"),
    on_request("record that cannot be encoded", r"udc80", LIVES,
               "import logging; logging.getLogger().error('odd: \\udc80')"),
    on_request("line of 10 MB", r"after the long one", LIVES,
               "import logging; l = logging.getLogger(); l.error('x' * 10_000_000)\n"
               "l.error('after the long one')", seconds=SLOWLY),
    at_import("logging configuration that raises", r"ValueError", SOFTWARE,
              "import logging.config; logging.config.dictConfig({'version': 2})"),
    at_import("logging configuration that disables loggers", r"RuntimeError: no luck", SOFTWARE,
              "import logging.config; logging.config.dictConfig({'version': 1})\n"
              "raise RuntimeError('no luck')"),
    at_import("logging to a file", r"RuntimeError: no luck", SOFTWARE,
              "import logging; logging.basicConfig(filename='/dev/null', force=True)\n"
              "raise RuntimeError('no luck')"),
    at_import("logging that is off", r"RuntimeError: no luck", SOFTWARE,
              "import logging; logging.disable(); raise RuntimeError('no luck')"),
    on_request("exception in a handler, loggers disabled", r"ZeroDivisionError", LIVES,
               "import logging.config; logging.config.dictConfig({'version': 1})\n"
               "import asyncio\nasync def fault():\n await asyncio.sleep(1)\n 1 / 0"),
    on_request("text in the last buffer", r"last words", 139, "print('last words', end='')\n" + SEGFAULT),
]  # fmt: skip

END = [
    *(
        Fault(f"{number.name}", rf"stopped by {number.name}", 0, send=(number,))
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)
    ),
    Fault("SIGTERM, where it was ignored", r"stopped by SIGTERM", 0, send=(signal.SIGTERM,),
          limit="trap '' TERM", places=(PLAIN,)),
    Fault("SIGTERM twice", r"stopped by SIGTERM", 0, send=(signal.SIGTERM, signal.SIGTERM)),
    Fault("SIGTERM during start", r"stopped by SIGTERM", 0, "import time; time.sleep(20)",
          before_start=(signal.SIGTERM,)),
    Fault("SIGTERM during a long request", r"stopped by SIGTERM", 0,
          "import asyncio\nasync def fault(): await asyncio.sleep(3)", on_request=True,
          send=(signal.SIGTERM,), seconds=SLOWLY),
    Fault("SIGTERM while blocked", r"event loop is blocked|Timeout \(", SOFTWARE,
          "import time; time.sleep(30)", on_request=True, send=(signal.SIGTERM,), seconds=SLOWLY,
          places=SUPERVISED),
    Fault("SIGKILL of all of it", "", 137, send=(signal.SIGKILL,), places=(CONTAINER,)),
    Fault("exception in shutdown code", r"RuntimeError: no end", 0,
          "import starlette.routing as r\nasync def no(self, *a): raise RuntimeError('no end')\n"
          "r._DefaultLifespan.__aexit__ = no", send=(signal.SIGTERM,)),
    Fault("shutdown code that hangs", r"the stop has not ended after 4 s.*fault\.py:3 no", SOFTWARE,
          "import asyncio, starlette.routing as r\nasync def no(self, *a):\n"
          " await asyncio.sleep(99)\nr._DefaultLifespan.__aexit__ = no", send=(signal.SIGTERM,),
          seconds=SLOWLY, unsupervised=1),
    Fault("atexit that raises", r"ZeroDivisionError", 0,
          "import atexit; atexit.register(lambda: 1 / 0)", send=(signal.SIGTERM,)),
    Fault("thread that does not end", r"it does not stop|Timeout \(", SOFTWARE,
          "import threading, time; threading.Thread(target=time.sleep, args=(60,)).start()",
          send=(signal.SIGTERM,), seconds=12, unsupervised=1),
]  # fmt: skip

GROUPS = {"start": START, "running": RUNNING, "output": OUTPUT, "end": END}
