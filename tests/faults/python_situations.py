"""Odd situations of services in Python that are healthy."""

import signal

from python_faults import LISTENER
from shared_situations import AROUND
from situation import Situation

FORK = "import multiprocessing as m, os, time\nm = m.get_context('fork')\n"
SITUATIONS = [
    *AROUND,
    Situation("a start that computes", "import time\nuntil = time.process_time() + 0.4\n"
              "while time.process_time() < until: pass", at_import=True),
    Situation("a start that imports much",
              "import asyncio, ctypes, decimal, email.mime.text, http.server, sqlite3, unittest, "
              "xml.dom.minidom, urllib.request", at_import=True),
    Situation("a request that computes",
              "import time\nuntil = time.process_time() + 0.3\nwhile time.process_time() < until: pass"),
    Situation("threads that compute", "import threading, time\ndef f():\n until = time.process_time() + 0.4\n"
              " while time.process_time() < until: pass\n"
              "[threading.Thread(target=f).start() for _ in range(4)]"),
    Situation("a forked process that ends by sys.exit(0)", "import os, sys\nif not os.fork(): sys.exit(0)"),
    Situation("a forked process that ends by sys.exit(3)", "import os, sys\nif not os.fork(): sys.exit(3)"),
    Situation("a forked process that ends by os._exit", "import os\nif not os.fork(): os._exit(1)"),
    Situation("a forked process that returns", "import os\nos.fork()"),
    Situation("a task that forks", "import asyncio, os, sys\nasync def f():\n"
              " if not os.fork(): sys.exit(1)\nasync def fault(): await asyncio.create_task(f())"),
    Situation("a thread that forks", "import os, threading\ndef f():\n if not os.fork(): os._exit(0)\n"
              "threading.Thread(target=f).start()"),
    Situation("a start that forks", "import os, sys\nif not os.fork(): sys.exit(3)", at_import=True),
    Situation("a pool of processes that is ended",
              FORK + "with m.Pool(2) as p: p.map(abs, range(9))"),
    Situation("an executor of processes",
              "import concurrent.futures as c, multiprocessing as m\n"
              "with c.ProcessPoolExecutor(1, m.get_context('fork')) as p: list(p.map(abs, range(9)))"),
    Situation("a process that is terminated", FORK + "p = m.Process(target=time.sleep, args=(99,))\n"
              "p.start(); p.terminate(); p.join()"),
    Situation("programs that end at once", "import subprocess as s\n[s.run(['true']) for _ in range(5)]"),
    Situation("programs that fail", "import subprocess as s\n[s.run(['false']) for _ in range(5)]"),
    Situation("an orphan", "import subprocess as s\ns.run(['sh', '-c', 'sleep 1 &'])"),
    Situation("tasks that are all cancelled",
              "import asyncio\nfor t in asyncio.all_tasks():\n"
              " if t.get_name() == 'watch': t.cancel()"),
    Situation("readers that come back", "import logging, os, threading, time\nkept = os.dup(1)\n"
              "r, w = os.pipe(); os.dup2(w, 1); os.dup2(w, 2)\n"
              "for i in range(1500): logging.getLogger().info('x' * 99)\ndef f():\n"
              " while True: os.write(kept, os.read(r, 9999))\n"
              "threading.Thread(target=f, daemon=True).start()"),
    Situation("a log call that raises", "import contextvars, logging\nv = contextvars.ContextVar('v')\n"
              "f = logging.Filter(); f.filter = lambda record: v.get()\n"
              "for h in logging.getLogger().handlers: h.addFilter(f)"),
    Situation("a clock that jumps", "import time\nt = time.time\ntime.time = lambda: t() + 86400"),
    Situation("signals with handlers of its own",
              "import signal\nfor n in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM):\n"
              " signal.signal(n, lambda *a: None)", signals=(signal.SIGUSR1, signal.SIGUSR2) * 20),
    Situation("a handler of its own for SIGTERM",
              "import signal, sys\nsignal.signal(signal.SIGTERM, lambda *a: sys.exit(0))",
              expected="Traceback"),
    Situation("handlers of its own for what else asks to stop",
              "import signal\nfor n in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):\n"
              " signal.signal(n, lambda *a: None)",
              signals=(signal.SIGHUP, signal.SIGINT, signal.SIGQUIT), serves=15.0),
    Situation("a timer of its own", "import signal\nsignal.signal(signal.SIGALRM, lambda *a: None)\n"
              "signal.setitimer(signal.ITIMER_REAL, 0.2, 0.2)"),
    Situation("an application that stops slowly", "import starlette.routing as r, time\n"
              "async def slow(self, *a):\n until = time.process_time() + 0.2\n"
              " while time.process_time() < until: pass\nr._DefaultLifespan.__aexit__ = slow",
              at_import=True),
    Situation("atexit that computes", "import atexit, time\ndef f():\n until = time.process_time() + 0.3\n"
              " while time.process_time() < until: pass\natexit.register(f)", at_import=True),
    Situation("a listening socket that is duplicated", LISTENER + "os.dup(number)"),
    Situation("the heartbeat lost", "import asyncio\nloop = asyncio.get_running_loop()\n"
              "for h in list(loop._scheduled):\n if 'Watch' in repr(h): h.cancel()"),
]  # fmt: skip
