"""The faults that are the same in every language: from around a container, or by a shell in it."""

from .drill import LIVES, Drill

CONFIG, SOFTWARE, SYSTEM, OUTPUT = 78, 70, 71, 74

FILLS_MEMORY = (
    "fill() { head -c $1 /dev/zero >>/dev/shm/full; }; fill 60000000; "
    "while kill -0 $1; do fill 200000; done"
)
"""Little by little at the end: the rest has room where the service was, its supervisor lives."""

START = (
    Drill("wrong setting", r"setting PORT is 'eighty'", CONFIG, settings={"PORT": "eighty"}),
    Drill("several wrong settings", r"(?s)setting PORT is '0x50'.*setting LOG_LEVEL is 'LOUD'",
          CONFIG, settings={"PORT": "0x50", "LOG_LEVEL": "LOUD"}),
    Drill("port taken", r"cannot listen on .*has this port", SYSTEM, beside=True),
    Drill("address of another machine", r"cannot listen on 192\.0\.2\.1", SYSTEM,
          settings={"HOST": "192.0.2.1"}),
    Drill("name that nobody resolves", r"HOST is not an address or name", SYSTEM,
          settings={"HOST": "no.such.host.invalid"}),
    Drill("privileged port", r"this user may not use the port", SYSTEM, settings={"PORT": "80"},
          options=("--sysctl", "net.ipv4.ip_unprivileged_port_start=1024")),
    Drill("no second process", r"cannot start a second process", SYSTEM,
          options=("--pids-limit", "1")),
    Drill("panic or exception at the start", r"Operation not permitted", SOFTWARE,
          refused=("socketpair", "eventfd2", "epoll_create1")),
    Drill("loopback address", r"HOST=127\.0\.0\.1 is reachable only from inside", LIVES,
          settings={"HOST": "127.0.0.1"}),
    Drill("no network at all", r"listening on", LIVES, options=("--network", "none")),
    Drill("nothing to write to", r"listening on", LIVES,
          options=("--user", "12345:12345", "--tmpfs", "/app/data:ro")),
)  # fmt: skip

OUTPUTS = (
    Drill("log on a full disk", r"stdout cannot be written to \(No space left", LIVES,
          line='exec "$@" >/dev/full'),
    Drill("stdout closed", r"stdout cannot be written to \(Bad file descriptor", LIVES,
          line='exec "$@" >&-'),
    Drill("stdout and stderr closed", "", OUTPUT, line='exec "$@" >&- 2>&-'),
)  # fmt: skip

RUNNING = (
    Drill("killed process", r"killed by SIGKILL .*from outside; not for its memory", 137,
          inject="kill -KILL $1"),
    Drill("crash in native code", r"killed by SIGSEGV", 139, inject="kill -SEGV $1"),
    Drill("abort", r"killed by SIGABRT", 134, inject="kill -ABRT $1"),
    Drill("frozen process", r"stopped by a signal \(SIGSTOP\)", LIVES,
          inject="kill -STOP $1", cure="kill -CONT $1"),
    Drill("memory of the service up to the limit", r"needed more than the 96 MiB of memory", 137,
          options=("--memory", "96m", "--memory-swap", "96m", "--shm-size", "1g"),
          inject=FILLS_MEMORY),
    Drill("memory of a child up to the limit", r"kernel killed a child process", LIVES,
          options=("--memory", "256m", "--memory-swap", "256m"),
          inject="x=$(tr '\\0' x </dev/zero)"),
    Drill("SIGKILL of all of it", "", 137, signal="KILL"),
)  # fmt: skip

END = (
    Drill("request to stop", r"stopped by SIGTERM", 0, signal="TERM"),
    Drill("stop of the process that serves", r"stopped by SIGTERM", 0, inject="kill -TERM $1"),
    Drill("SIGTERM during a request", r"stopped by SIGTERM", 0, request=True, signal="TERM"),
)  # fmt: skip

DRILLS = (*START, *OUTPUTS, *RUNNING, *END)
