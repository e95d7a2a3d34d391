"""Faults that come from around a service, or need no code of it: the same in every language."""

import signal

from fault import (
    CONTAINER,
    LIVES,
    PLAIN,
    SLOWLY,
    SUPERVISED,
    SYSTEM,
    UNSUPERVISED,
    Fault,
    setting,
)  # fmt: skip

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
"""By the language, or by default."""
STOPPING = {signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU}
FATAL = sorted(
    number
    for number in set(signal.Signals) - HANDLED - IGNORED - STOPPING
    if number != signal.SIGRTMAX  # the supervisor's own
)
SAMPLE = {signal.SIGKILL, signal.SIGALRM, signal.SIGUSR1, signal.SIGXCPU, signal.SIGSYS}
"""Tried in a container, too."""
SIGNALS = [(number, SUPERVISED if number in SAMPLE else (PLAIN,)) for number in FATAL]

ENVIRONMENT = [
    Fault("working directory that is gone", r"working directory cannot be used: No such file", LIVES,
          limit='cd "$(mktemp -d)" && rmdir "$PWD"', places=(PLAIN,)),
    setting("empty setting", r"setting PORT is empty: expected", PORT=""),
    setting("malformed setting", r"setting PORT is 'eighty': expected a whole number", PORT="eighty"),
    setting("setting out of range", r"setting PORT is '70000': expected", PORT="70000"),
    setting("bad log level", r"setting LOG_LEVEL is 'LOUD': expected one of", LOG_LEVEL="LOUD"),
    setting("several settings", r"(?s)setting PORT is.*setting LOG_LEVEL is", PORT="x", LOG_LEVEL="y"),
    Fault("address that is not there", r"cannot listen on 192\.0\.2\.1.*set HOST", SYSTEM,
          environment={"HOST": "192.0.2.1"}),
    Fault("name that is no address", r"HOST is not an address or name", SYSTEM,
          environment={"HOST": "no.such.host.invalid"}, seconds=SLOWLY),
    Fault("privileged port", r"this user may not use the port", SYSTEM, environment={"PORT": "80"},
          docker=("--sysctl", "net.ipv4.ip_unprivileged_port_start=1024"),
          places=(CONTAINER, UNSUPERVISED)),
    Fault("too few processes", r"cannot start a second process: .*pids-limit", SYSTEM,
          docker=("--pids-limit", "1"), places=(CONTAINER,)),
]  # fmt: skip

FROM_OUTSIDE = [
    Fault("SIGSTOP", r"stopped by a signal \(SIGSTOP\)", LIVES, send=(signal.SIGSTOP,), inside=True,
          places=SUPERVISED, seconds=SLOWLY),
    Fault("SIGKILL from outside", r"killed by SIGKILL .*from outside; not for its memory", 137,
          send=(signal.SIGKILL,), inside=True, places=SUPERVISED),
    Fault("SIGKILL from outside, among JSON lines", r'"logger":"supervisor","service":"orders","message":"killed by SIGKILL', 137,
          send=(signal.SIGKILL,), inside=True, places=SUPERVISED, stage="logging"),
    Fault("SIGKILL of the supervisor", r"the supervisor, .*, was killed", "any",
          send=(signal.SIGKILL,), places=(PLAIN,)),
]  # fmt: skip

ENDING = [
    *(
        Fault(f"{number.name}", rf"stopped by {number.name}", 0, send=(number,))
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)
    ),
    Fault("SIGTERM, where it was ignored", r"stopped by SIGTERM", 0, send=(signal.SIGTERM,),
          limit="trap '' TERM", places=(PLAIN,)),
    Fault("SIGCHLD ignored at the start", r"stopped by SIGTERM", 0, send=(signal.SIGTERM,),
          limit='set -- env --ignore-signal=CHLD "$@"', places=(PLAIN,)),
    Fault("SIGTERM twice", r"stopped by SIGTERM", 0, send=(signal.SIGTERM, signal.SIGTERM)),
    Fault("SIGKILL of all of it", "", 137, send=(signal.SIGKILL,), places=(CONTAINER,)),
]  # fmt: skip
