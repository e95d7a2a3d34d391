"""The faults of a service in Python, as code that is run in it."""

import signal

from fault import (
    CONFIG,
    CONTAINER,
    LIVES,
    PLAIN,
    RECLAIM,
    SLOWLY,
    SOFTWARE,
    SUPERVISED,
    SYSTEM,
    UNSUPERVISED,
    Fault,
    at_import,
    on_request,
)  # fmt: skip
from shared_faults import ENDING, ENVIRONMENT, FROM_OUTSIDE, SIGNALS

SEGFAULT = "import ctypes; ctypes.string_at(0)"
ABORT = "import os; os.abort()"
INSTALLED = "/opt/venv/lib/python3.13/site-packages/orders"

LISTENER = """import os, socket
for number in range(3, 99):
    try: found = socket.socket(fileno=os.dup(number))
    except OSError: continue
    if found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN): break
found.close()
"""
"""Finds the number of the listening socket."""

START = [
    at_import("syntax error", r"SyntaxError", SOFTWARE, "exec(compile('def (', 'orders.py', 'exec'))"),
    at_import("import error", r"ImportError: cannot import name", SOFTWARE, "from os import nothing"),
    at_import("missing dependency", r"ModuleNotFoundError: No module named 'absent'", SOFTWARE,
              "import absent"),
    at_import("missing file", r"FileNotFoundError.*/absent", SOFTWARE, "open('/absent')"),
    Fault("code that this user may not read", r"PermissionError.*orders/app\.py", SOFTWARE,
          docker=("--volume", f"{{unreadable}}:{INSTALLED}/app.py:ro"), places=(CONTAINER, UNSUPERVISED)),
    Fault("part of the package that this user may not read", r"user 1000 may not read .*orders/stages", SOFTWARE,
          docker=("--volume", f"{{closed}}:{INSTALLED}/stages:ro"), places=(CONTAINER, UNSUPERVISED)),
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
    *ENVIRONMENT,
    Fault("too few files", r"Too many open files", SYSTEM, limit="ulimit -n 7", places=(PLAIN,)),
    Fault("port in use", r"another process has this port", SYSTEM,
          "import builtins, os, socket\n"
          "builtins.kept = socket.create_server(('0.0.0.0', int(os.environ['PORT'])))",
          module="orders.runtime.server"),
    Fault("too little memory", r"needed more than the 12 MiB of memory", 137,
          docker=("--memory", "12m", "--memory-swap", "12m"), places=(CONTAINER,),
          seconds=20),  # the kernel first tries to make do, for as long as it likes
    Fault("barely enough memory", r"memory is so short|more than the 20 MiB of memory", "any",
          docker=("--memory", "20m", "--memory-swap", "20m"), places=(CONTAINER,), seconds=RECLAIM),
]  # fmt: skip

RUNNING = [
    on_request("exception in a handler", r"ZeroDivisionError", LIVES, "1 / 0"),
    on_request("exception in a thread", r"uncaught exception in thread worker", LIVES,
               "import threading; threading.Thread(target=lambda: 1 / 0, name='worker').start()"),
    on_request("exception in an executor", r"in an executor failed and nobody has read", LIVES,
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
               seconds=SLOWLY, docker=("--memory", "256m", "--memory-swap", "256m"),
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
                   f"import os; os.kill(os.getpid(), {int(number)})", places=places)
        for number, places in SIGNALS
    ),
    on_request("os.kill by its own code", r"SIGKILL .*which it sent to itself: kill\(\) in fault\.py:1", 137,
               "import os; os.kill(os.getpid(), 9)", places=SUPERVISED),
    on_request("SIGPIPE", r"SIGPIPE .*wrote to a pipe or connection that nobody reads", 141,
               "import os, signal; signal.signal(signal.SIGPIPE, signal.SIG_DFL)\n"
               "r, w = os.pipe(); os.close(r); os.write(w, b'x')", places=SUPERVISED),
    on_request("listening socket closed", r"listens on .* was closed(, and its number .*)?: no connection can arrive", SOFTWARE,
               LISTENER + "os.close(number)"),
    on_request("listening socket closed, its number used again", r"listens on .* in use for something else",
               SOFTWARE, LISTENER + "os.dup2(os.open('/', 0), number)"),
    on_request("event loop that accepts no connections", r"no request is answered on .* any more", LIVES,
               LISTENER + "import asyncio; asyncio.get_running_loop().remove_reader(number)",
               seconds=16, places=SUPERVISED),
    on_request("multiprocessing child that is killed", r"child process \d+ was killed by signal 9", LIVES,
               "import multiprocessing as m, os, time, builtins\n"
               "p = builtins.kept = m.get_context('fork').Process(target=time.sleep, args=(9,), daemon=True)\n"
               "p.start(); os.kill(p.pid, 9)"),
    on_request("worker of a pool that is killed", r"child process \d+ was killed by signal 9", "any",
               "import multiprocessing as m, os, builtins\n"  # which waits for its lock for ever
               "p = builtins.kept = m.get_context('fork').Pool(1)\nos.kill(p.apply(os.getpid), 9)"),
    on_request("task that is destroyed", r"Task was destroyed but it is pending! .*name='orphan'", LIVES,
               "import asyncio, gc\nasync def orphan(): await asyncio.Future()\nasync def fault():\n"
               " asyncio.create_task(orphan(), name='orphan')\n await asyncio.sleep(0)\n gc.collect()"),
    on_request("exception in a forked process", r"(?s)forked process \d+ failed.*ZeroDivisionError", LIVES,
               "import os\nif not os.fork(): 1 / 0"),
    on_request("filter that raises", r"logging failed.*LookupError.*fault\.py", LIVES,
               "import contextvars, logging\nv = contextvars.ContextVar('v')\nf = logging.Filter()\n"
               "f.filter = lambda record: v.get()\nfor h in logging.getLogger().handlers: h.addFilter(f)"),
    on_request("handler that raises", r"logging failed.*no handler", LIVES,
               "import logging\nclass H(logging.Handler):\n def emit(self, record): raise OSError('no handler')\n"
               "logging.getLogger().addHandler(H())"),
    on_request("record factory that raises", r"logging failed.*no record", LIVES,
               "import logging\ndef no(*a, **k): raise OSError('no record')\nlogging.setLogRecordFactory(no)"),
    *FROM_OUTSIDE,
]  # fmt: skip

OUTPUT = [
    on_request("stdout closed", r"stdout cannot be written to", LIVES,
               "import os; os.close(1)\nimport logging; logging.getLogger().error('lost?')"),
    on_request("stdout full", r"stdout is full, and nobody reads it", LIVES,
               "import os, logging; r, w = os.pipe(); os.dup2(w, 1)\n"
               "for i in range(9): logging.getLogger().info('x' * 9000)"),
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
    Fault("stdout closed at the start", r"stdout cannot be written to \(Bad file descriptor\)", LIVES,
          limit="exec >&-", places=(PLAIN,)),
    Fault("both closed at the start", "", 74, limit="exec >&- 2>&-", places=(PLAIN,)),
    on_request("stdout closed, its number used again", r"stdout cannot be written to .*in use for something", LIVES,
               "import os, builtins; os.close(1); builtins.kept = open('/dev/null'); print('x')"),
    on_request("both full for a while", r"\d+ lines are lost: since", LIVES,
               "import logging, os, threading, time\nkept = os.dup(1); r, w = os.pipe(); os.dup2(w, 1); os.dup2(w, 2)\n"
               "for i in range(1500): logging.getLogger().info('x' * 99)\ndef read():\n"
               " while True: os.write(kept, os.read(r, 9999))\n"
               "threading.Thread(target=read, daemon=True).start()", seconds=SLOWLY),
    on_request("both full", "", LIVES,
               "import os, logging; r, w = os.pipe(); os.dup2(w, 1); os.dup2(w, 2)\n"
               "for i in range(99): logging.getLogger().info('x' * 9000)"),
    on_request("both closed", r"stderr cannot be written to .*lines go to a copy of it", LIVES,
               "import os; os.close(1); os.close(2); print('x')"),
    on_request("both without a reader", r"stderr cannot be written to .*lines go to a copy of it", LIVES,
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
    *ENDING,
    Fault("SIGTERM, set back by a library", r"stopped by SIGTERM .*without finishing.*reset it", 0,
          "import signal; signal.signal(signal.SIGTERM, signal.SIG_DFL)", on_request=True,
          send=(signal.SIGTERM,), places=SUPERVISED),
    Fault("SIGTERM during start", r"stopped by SIGTERM", 0, "import time; time.sleep(20)",
          before_start=(signal.SIGTERM,)),
    Fault("SIGTERM during a long request", r"stopped by SIGTERM", 0,
          "import asyncio\nasync def fault(): await asyncio.sleep(3)", on_request=True,
          send=(signal.SIGTERM,), seconds=SLOWLY),
    Fault("SIGTERM while blocked", r"event loop is blocked|Timeout \(", SOFTWARE,
          "import time; time.sleep(30)", on_request=True, send=(signal.SIGTERM,), seconds=SLOWLY,
          places=SUPERVISED),
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
