"""Odd situations around a service, the same in every language."""

import signal

from situation import Situation

AROUND = [
    Situation("nothing at all"),
    Situation("a storm of signals", signals=(signal.SIGWINCH, signal.SIGCONT, signal.SIGURG) * 50),
    Situation("a pause of all of it", paused=6.0),
    Situation("a long pause of all of it", paused=20.0),
    Situation("requests to stop, one after the other", signals=(signal.SIGTERM,) * 5),
    Situation("SIGCHLD ignored at the start", limit='set -- env --ignore-signal=CHLD "$@"'),
    Situation("many requests", requests=300),
    Situation("many connections", connections=400),
]
