"""One recorded example for each cause: what must be found in it, first of all."""

import gzip
from dataclasses import replace
from datetime import timedelta
from typing import Any

from compiled import compiled, jar, kind
from pems import CERTIFICATE, NAMED, OTHER, OVER
from recorded import IDENTITY, NOW, File, Tree, elf, folder, link, program

from scaffolder.diagnose.evidence.build import Build
from scaffolder.diagnose.evidence.config import HealthCheck, Host, Image, Mount, Port
from scaffolder.diagnose.evidence.facts import (
    Connection,
    Event,
    Health,
    Locked,
    Neighbour,
    Probe,
    Process,
    Socket,
    Thread,
    Usage,
)
from scaffolder.diagnose.evidence.kernel_log import Message
from scaffolder.diagnose.evidence.stuck import Stand, Stuck
from scaffolder.diagnose.evidence.swallowed import Ending, Swallowed

SERVER = {"/app/server": program(elf())}
STATIC = SERVER["/app/server"]
PYTHON = {"/usr/local/bin/python3": program(elf()), "/app": folder()}
RUNNING = {
    "status": "running",
    "exit_code": 0,
    "started": NOW - timedelta(seconds=60),
    "finished": None,
}
CREATED = {"status": "created", "exit_code": 127}
RUNC = "OCI runtime create failed: runc create failed: unable to start container process: "
HTTP = (Port(8080, host_port=8080),)
DIED = NOW - timedelta(seconds=59)


STARTED = "P\t0\t7\t/app/server\t/app/server\\x00\n"


def tried(call: str, before: str = "", **more: Any) -> dict[str, Any]:  # noqa: ANN401 - of a case
    """Return a container whose copy ended silently over a system call."""
    trace = f"{STARTED}{before}C\t1\t7\t7\t{call}\nX\t2\t7\t1\t0"
    return {"files": SERVER, "trace": trace, **more}


def refused(words: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - of a case
    """Return a container that the runtime could not start."""
    return {"state": {**CREATED, "error": RUNC + words}, **more}


def missing(name: str) -> str:
    return f'exec: "{name}": stat {name}: no such file or directory: unknown'


def denied(name: str) -> str:
    return f'exec: "{name}": permission denied: unknown'


def sh(text: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - of a case
    """Return a container that runs a shell script."""
    files = {**SERVER, "/s.sh": program(text), **more.pop("files", {})}
    return {"command": "/s.sh", "files": files, **more}


def py(text: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - of a case
    """Return a container that runs a Python script."""
    files = {**PYTHON, "/app/main.py": File(text.encode()), **more.pop("files", {})}
    return {"command": "python3 /app/main.py", "files": files, **more}


def unwell(test: str, output: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - of a case
    """Return a running container whose health check fails."""
    health = Health("unhealthy", 3, (Probe(1, output),))
    check = HealthCheck(("CMD-SHELL", test), 1.0, 2.0, 0.0, 2)
    config = {"check": check, "exposed": (Port(8080),), **more.pop("config", {})}
    sources = {"listening": (Socket("0.0.0.0", 8080),), **more.pop("sources", {})}
    files = {**SERVER, "/usr/bin/curl": program(elf()), **more.pop("files", {})}
    return {
        "files": files,
        "state": {**RUNNING, "health": health},
        "config": config,
        "sources": sources,
        **more,
    }


def up(listening: tuple[Socket, ...] = (), **more: Any) -> dict[str, Any]:  # noqa: ANN401 - of a case
    """Return a running container that publishes a port."""
    config = {"published": HTTP, **more.pop("config", {})}
    sources = {"listening": listening, **more.pop("sources", {})}
    return {"files": SERVER, "state": RUNNING, "config": config, "sources": sources, **more}


def said(log: str, exit_code: int = 1, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - of a case
    return {"files": SERVER, "log": log, "exit_code": exit_code, **more}


def own(words: str, page: str, exit_code: int = 70) -> dict[str, Any]:
    line = f"2026-11-24 09:20:40,851 CRITICAL supervisor: orders: {words} (process 7, up 0.5 s); docs/runbook.md#{page}"
    return {"command": "python -m orders", "log": line, "exit_code": exit_code, "files": PYTHON}


def killed(*signals: int, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - of a case
    events = (
        Event(1.0, "start"),
        *(Event(2.0, "kill", signal=n) for n in signals),
        Event(3.0, "die", 137),
    )
    return {"files": SERVER, "exit_code": 137, "sources": {"happened": events}, **more}


def looping(times: int, ago: float = 1, child: int = 1, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - of a case
    """Return a shell's loop, and when it wrote each of its lines; the last one `ago` seconds ago."""
    said_at = [(NOW - timedelta(seconds=ago + 5 * n)).isoformat() for n in range(times)]
    running = (Process(7, 1, "S", "sh /s.sh", 900), Process(9, 7, "S", "python3", child))
    return {
        "command": "/s.sh",
        "files": {**SERVER, "/s.sh": program("#!/bin/sh\nwhile true; do\n  /app/server\ndone\n")},
        "sources": {"timed": tuple(reversed(said_at)), "running": running},
        **more,
    }


def bind(source: str, destination: str, **more: Any) -> Mount:  # noqa: ANN401 - of a mount
    return Mount("bind", source, destination, **more)


SECCOMP = 'seccomp={"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO"}]}'
STAGE = "2026-11-24 09:12:41,431 CRITICAL orders.server: "
OWN_RUST = "2026-11-26 23:17:07,605 CRITICAL orders::runtime::"
GOROUTINE = "\n\ngoroutine 1 [running]:\nmain.main()\n\t/src/main.go:7 +0x1d"
TRACEBACK = (
    'Traceback (most recent call last):\n  File "/app/main.py", line 1, in <module>\n    f()\n'
)
CACHE = Neighbour(
    "cache",
    "running",
    networks=("net",),
    names=("cache",),
    command=("redis-server", "--requirepass", "s3cret"),
)
REPLICA = Neighbour(
    "cache",
    "running",
    networks=("net",),
    names=("cache",),
    command=("redis-server", "--replicaof", "first", "6379"),
)
DATA = Mount("volume", "/srv/data", "/data", name="data")
INDEX = Neighbour("index", "running", identity="i" * 64, mounts=(DATA,))
DATABASE = Neighbour("db", "running", networks=("net",), names=("db",))
TMPFS = {"tmpfs": {"/tmp": ""}}
RUST = elf(text=b"/rustc/abc/library")
DUMMY = elf(needed=("libc.so.6",), text=b"/rustc/abc/library")

RESTARTED = (
    STARTED
    + "".join(
        f"N\t{at}\t{at}\t7\nP\t{at}\t{at}\t/app/worker\t/app/worker\\x00-q\\x00\n"
        f"C\t{at}\t{at}\t{at}\topenat\t-2\tp=/etc/worker/env\tx=0\nX\t{at + 1}\t{at}\t1\t0\n"
        f"N\t{at}\t{at + 50}\t7\nP\t{at}\t{at + 50}\t/bin/sleep\tsleep\\x001\\x00\nX\t{at + 99}\t{at + 50}\t0\t0\n"
        for at in (100, 1100, 2100)
    )
    + "T\t7000\n"
)
"""A shell that starts a worker in a loop, and sleeps in between."""

EXAMPLES: dict[str, dict[str, Any]] = {
    "own-setting": {**own("", ""), "log": STAGE + "setting PORT is 'x': expected a whole number", "exit_code": 78},
    "own-listen": {**own("", ""), "log": STAGE + "cannot listen on 0.0.0.0:8080: another process has this port; stop it", "exit_code": 71},
    "own-port-privileged": {**own("", ""), "log": STAGE + "cannot listen on 0.0.0.0:80: this user may not use the port; set PORT", "exit_code": 71},
    "own-memory": own("killed by the kernel: it needed more than the 96 MiB of memory", "pattern-memory", 137),
    "own-killed": own("killed by SIGKILL (signal 9) from outside; not for its memory", "killed-from-outside", 137),
    "own-stuck": own("nothing has moved for 60 s; the stacks follow, and it is killed", "nothing-moves"),
    "own-native-crash": own("killed by SIGSEGV (signal 11): native code used memory", "pattern-dependencies", 139),
    "own-ended": own("it ended with status 1 and did not say why", "ended-without-a-word", 1),
    "own-deaf": {**own("", ""), "log": OWN_RUST + "watchdog: the socket that listens on 0.0.0.0:8080 was closed: no connection can arrive any more, the service stops; docs/runbook.md#answers-nobody"},
    "own-limit": own("cannot start a second process: Try again; raise its limit of processes", "check-resources", 71),
    "own-stack": own("killed by SIGABRT (signal 6): worker 2 has overflowed its stack", "ended-without-a-word", 134),
    "own-stage": {**own("", ""), "log": OWN_RUST + "server: stage auth did not open: data/users.json: Permission denied"},
    "no-command": {"command": (), "kind": "image"},
    "shell-missing": {**refused(missing("/bin/sh")), "command": ("/bin/sh", "-c", "/server"), "files": {"/bin/sh": link("/nowhere/sh")}},
    "command-in-one-word": refused(missing("/app/server --port 1"), command=("/app/server --port 1",), files=SERVER),
    "variable-as-program": refused(missing("$APP"), command=("$APP",)),
    "flag-as-program": refused('exec: "--port": executable file not found in $PATH', command="--port 1", image=Image(command=("/app/server",))),
    "mount-hides-program": refused(missing("/app/server"), files={"/app": folder()}, image_files=SERVER, config={"mounts": (bind("/host", "/app"),)}),
    "dangling-link": refused(missing("/app/s"), command="/app/s", files={"/app/s": link("/opt/s")}),
    "binary-not-found": refused(missing("/app/server"), files={"/usr/local/bin/server": STATIC}),
    "workdir": refused('chdir to cwd ("/srv/x") set in config.json failed: no such file or directory', files=SERVER, config={"workdir": "/srv/x"}),
    "crlf": {"command": "/s.sh", "files": {"/s.sh": program("#!/bin/sh\r\n")}, "log": "exec /s.sh: no such file or directory"},
    "no-shebang": {"command": "/s.sh", "files": {"/s.sh": program("echo hi\n")}, "log": "exec /s.sh: exec format error"},
    "wrong-architecture": {"files": {"/app/server": program(elf(183))}, "log": "exec /app/server: exec format error"},
    "not-a-program": {"files": {"/app/server": program(b"version https://git-lfs.github.com/spec/v1\n")}, "log": "exec /app/server: exec format error"},
    "interpreter-missing": {"command": "/s.sh", "files": {"/s.sh": program("#!/bin/bash\n")}, "log": "exec /s.sh: no such file or directory"},
    "loader-missing": {"files": {"/app/server": program(elf(interpreter="/lib64/ld-linux-x86-64.so.2")), "/lib/ld-musl-x86_64.so.1": STATIC}, "log": "exec /app/server: no such file or directory"},
    "not-executable": refused(denied("/app/server"), files={"/app/server": program(elf(), 0o644)}),
    "path-closed": refused(denied("/root/server"), command="/root/server", files={"/root": folder(0o700), "/root/server": STATIC}, config={"user": "1000"}),
    "program-is-directory": refused(denied("/app"), command="/app", files=SERVER),
    "noexec": sh("#!/bin/sh\nexec /tmp/server\n", log="/s.sh: line 2: /tmp/server: Permission denied", exit_code=126, config=TMPFS),
    "exec-refused": refused(denied("/app/server"), files=SERVER),
    "library-missing": said("/app/server: error while loading shared libraries: libpq.so.5: cannot open shared object file: No such file or directory", 127, files={"/app/server": program(elf(needed=("libpq.so.5",)))}),
    "libc-too-old": said("/app/server: /lib/libc.so.6: version `GLIBC_2.34' not found (required by /app/server)", files={"/app/server": program(elf(needed=("libc.so.6",), versions={"libc.so.6": ("GLIBC_2.34",)})), "/lib/libc.so.6": program(elf(text=b"\0GLIBC_2.2.5\0GLIBC_2.31\0"))}),
    "symbol-missing": said("Error relocating /app/server: __snprintf_chk: symbol not found", 127),
    "library-foreign": said("ImportError: /app/x.so: invalid ELF header", files={**SERVER, "/app/x.so": File(b"\xcf\xfa\xed\xfe")}),
    "user-unknown": refused("unable to find user ann: no matching entries in passwd file", files=SERVER, config={"user": "ann"}),
    "read-only-root": said("open /var/log/app.log: read-only file system", config={"read_only": True}),
    "privileged-port": said("listen tcp 0.0.0.0:80: bind: permission denied", config={"user": "1000"}),
    "capability-missing": said("chown: /data: Operation not permitted", config={"capabilities_dropped": ("ALL",)}),
    "key-of-another-certificate": {"files": {**SERVER, "/tls/tls.crt": File(CERTIFICATE), "/tls/tls.key": File(OTHER)}, "log": "startup failed", "trace": f"{STARTED}C\t1\t7\t7\topenat\t3\tp=/tls/tls.crt\tx=0\nC\t2\t7\t7\topenat\t3\tp=/tls/tls.key\tx=0\nX\t9\t7\t1\t0"},
    "ruby-gem-missing": {"files": SERVER, "trace": STARTED + "".join(f"C\t1\t7\t7\tnewfstatat\t-2\tp={place}/puma{ending}\n" for place in ("/var/lib/gems/3.3.0/gems/abbrev-0.1.2/lib", "/usr/lib/ruby/3.3.0") for ending in (".rb", ".so")) + "X\t99\t7\t1\t0"},
    "key-encrypted": {"files": {**SERVER, "/tls/tls.key": File(b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIF\n-----END ENCRYPTED PRIVATE KEY-----\n")}, "trace": f"{STARTED}C\t1\t7\t7\topenat\t3\tp=/tls/tls.key\tx=0\nC\t2\t7\t7\topenat\t-6\tp=/dev/tty\tx=0\nX\t9\t7\t1\t0"},
    "pem-broken": {"files": {**SERVER, "/tls/tls.crt": File(CERTIFICATE[:300])}, "log": "startup failed", "trace": f"{STARTED}C\t1\t7\t7\topenat\t3\tp=/tls/tls.crt\tx=0\nX\t9\t7\t1\t0"},
    "account-closed": {"command": ("su", "web", "-c", "/app/server"), "files": {**SERVER, "/usr/bin/su": program(elf()), "/etc/passwd": File(b"web:x:33:33::/:/usr/sbin/nologin\n")}, "log": "This account is currently not available."},
    "uid-without-name": said("KeyError: 'getpwuid(): uid not found: 12345'", config={"user": "12345"}),
    "owner-refused": said("fatal: detected dubious ownership in repository at '/repo'", 128),
    "journal-refused": said("sqlite3.OperationalError: attempt to write a readonly database", trace=f"{STARTED}C\t1\t7\t7\topenat\t3\tp=/data/a.db\tx=2\nX\t2\t7\t1\t0", files={**SERVER, "/data": folder(), "/data/a.db": File(uid=1000)}, config={"user": "1000"}),
    "file-closed": said("open /data/x: permission denied", files={**SERVER, "/data": folder()}, config={"user": "1000"}),
    "not-writable-silent": {"files": {"/app/server": program(elf(text=b"\0/var/log/app/app.log\0")), "/var/log/app": folder()}, "config": {"read_only": True}},
    "mount-kind": refused('error mounting "/host/a.toml" to rootfs at "/etc/a.toml": mount: not a directory: unknown: Are you trying to mount a directory onto a file (or vice-versa)?', image_files={"/etc/a.toml": File(b"x")}, config={"mounts": (bind("/host/a.toml", "/etc/a.toml"),)}),
    "mount-directory-for-file": said("open /etc/a.toml: is a directory", files={**SERVER, "/etc/a.toml": folder()}, config={"mounts": (bind("/host/a.toml", "/etc/a.toml"),)}),
    "mount-fails": refused('error while mounting volume "/var/lib/x/_data": failed to mount local volume: no such device', config={"mounts": (Mount("volume", "/var/lib/x/_data", "/data", name="x"),)}),
    "port-taken": refused("driver failed: Bind for 0.0.0.0:8080 failed: port is already allocated", config={"published": HTTP}, sources={"around": (Neighbour("other", "running", published=HTTP),)}),
    "network-fails": refused("network 0123abcd not found", files=SERVER),
    "device-missing": refused("error gathering device information while adding custom device: no such file or directory", files=SERVER),
    "limit-refused": refused("error setting rlimit type 7: operation not permitted", files=SERVER),
    "log-driver-fails": refused("failed to initialize logging driver: dial tcp 127.0.0.1:24224: connect: connection refused", files=SERVER, config={"log_driver": "fluentd"}),
    "start-disk-full": refused("mkdir /var/lib/docker/x: no space left on device", files=SERVER),
    "mount-hides-files": {"command": "python3 /app/main.py", "log": "python3: can't open file '/app/main.py': [Errno 2] No such file or directory", "files": PYTHON, "image_files": {**PYTHON, "/app/main.py": File(b"1")}, "config": {"mounts": (bind("/host", "/app"),)}},
    "volume-stale": {"files": {"/app/server": program(elf(text=b"old"))}, "image_files": SERVER, "config": {"mounts": (Mount("volume", "", "/app", name="v"),)}},
    "image-outdated": {"files": SERVER, "image": Image(id="sha256:1", tagged="sha256:2")},
    "start-refused": refused("something that nobody has seen before", files=SERVER),
    "oom-start": refused("container init was OOM-killed (memory limit too low?)", files=SERVER, config={"memory": 4 << 20}),
    "oom-killed": {"files": SERVER, "exit_code": 137, "state": {"oom_killed": True}, "config": {"memory": 48 << 20}},
    "oom-child": {"files": SERVER, "exit_code": 0, "state": {"oom_killed": True}, "config": {"memory": 48 << 20}},
    "memory-near-limit": up((Socket("0.0.0.0", 8080),), config={"memory": 64 << 20}, sources={"used": Usage(memory=63 << 20)}),
    "memory-exhausted": said("MemoryError", config={"memory": 64 << 20}),
    "pids-limit": said("RuntimeError: can't start new thread", config={"pids": 10}),
    "pids-near-limit": up((Socket("0.0.0.0", 8080),), config={"pids": 10}, sources={"used": Usage(pids=10)}),
    "kernel-limit": tried("mq_open\t-22\tp=/jobs"),
    "ulimit-refused": tried("prlimit64\t-22\ti=0\ti=7"),
    "locked-memory-limit": tried("mlock\t-12"),
    "files-limit": said("OSError: [Errno 24] Too many open files: '/x'", config={"ulimits": {"nofile": 32}}),
    "disk-full": said("OSError: [Errno 28] No space left on device: '/scratch/x'", config={"tmpfs": {"/scratch": "size=8m"}}),
    "shared-memory": {"files": SERVER, "exit_code": 135, "config": {"shm": 64 << 20}},
    "file-size-limit": {"files": SERVER, "exit_code": 153, "config": {"ulimits": {"fsize": 1024}}},
    "stack-overflow": said("thread 'main' has overflowed its stack\nfatal runtime error: stack overflow", 134),
    "cpu-starved": unwell("curl localhost:8080", "", config={"cpus": 0.01}, sources={"used": Usage(throttled=0.97)}) | {"files": {**SERVER, "/usr/bin/curl": program(elf())}},
    "aborted": {"files": {"/app/server": program(elf(text=b"\xf4\x00\xbf\x09\0\0\0\x00\xbf\x7f\0\0\0"))}, "exit_code": 139},
    "segfault": {"files": SERVER, "exit_code": 139, "sources": {"messages": (Message(DIED.timestamp(), "server[7]: segfault at 0 ip 1 sp 2 error 4"),)}},
    "illegal-instruction": {"files": SERVER, "exit_code": 132, "host": Host(flags=frozenset({"avx"}))},
    "forbidden-call": {"files": SERVER, "exit_code": 159, "config": {"security": ("seccomp=/p.json",)}},
    "ended-by-signal": {"files": SERVER, "exit_code": 141},
    "stop-ignored": {"files": SERVER, "exit_code": 137, "command": ("/bin/sh", "-c", "/app/server; echo done")},
    "killed-from-outside": killed(9),
    "time-limit-in-script": sh("#!/bin/sh\ntimeout 1 /app/server || exit $?\n", exit_code=124),
    "stopping-hangs": up((Socket("0.0.0.0", 8080),), sources={"happened": (Event(1.0, "start"), Event(2.0, "kill", signal=15))}),
    "paused": {"files": SERVER, "state": {**RUNNING, "status": "paused"}},
    "check-does-nothing": {
        "command": "python3 -m orders",
        "files": {**PYTHON, "/app/orders/probe.py": File(b'"""Ask."""\n\nimport os\n\nOK = 200\n\n\ndef main():\n    return os.getpid()\n')},
        "state": {**RUNNING, "health": Health("healthy")},
        "config": {"check": HealthCheck(("CMD", "python", "-m", "orders.probe")), "workdir": "/app"},
    },
    "check-tool-missing": unwell("wget -q localhost:8080", "/bin/sh: wget: not found"),
    "check-not-allowed": unwell("/check.sh", "/bin/sh: /check.sh: Permission denied", files={"/check.sh": program("#!/bin/sh\n", 0o644)}),
    "check-wrong-port": unwell("curl http://localhost:9000/", "curl: (7) Failed to connect"),
    "check-address-family": unwell("curl http://[::1]:8080/", "curl: (7) Failed to connect to ::1"),
    "check-timeout": unwell("curl http://localhost:8080/", "Health check exceeded timeout (2s)"),
    "check-wrong-path": unwell("curl -f http://localhost:8080/healthz", "curl: (22) The requested URL returned error: 404"),
    "check-login": unwell("redis-cli -p 8080 ping", "NOAUTH Authentication required.", files={"/usr/bin/redis-cli": STATIC}),
    "check-too-early": unwell("curl http://localhost:8080/", "curl: (7) Failed to connect", sources={"listening": ()}),
    "check-broken": unwell("curl http://localhost:8080/ | false", ""),
    "bind-loopback": up((Socket("127.0.0.1", 8080),), config={"env": {"BIND": "127.0.0.1"}}),
    "service-variable": said(
        "ValueError: invalid literal for int() with base 10: 'tcp://10.96.0.12:6379'",
        config={"env": {"REDIS_PORT": "tcp://10.96.0.12:6379"}},
    ),
    "port-picked": up((Socket("0.0.0.0", 40487),), config={"env": {"PORT": ""}}),
    "port-mismatch": up((Socket("0.0.0.0", 3000),)),
    "no-network": up((Socket("0.0.0.0", 8080),), config={"network": "none"}),
    "not-accepting": up((Socket("0.0.0.0", 8080, waiting=3),)),
    "frozen": up((Socket("0.0.0.0", 8080),), sources={"running": (Process(7, 1, "T", "/app/server", 9),)}),
    "child-dead": up(sources={"running": (Process(7, 1, "S", "tail -f /dev/null", 9),)}) | {"command": "/s.sh", "files": {**SERVER, "/s.sh": program("#!/bin/sh\n/app/server &\nexec tail -f /dev/null\n")}},
    "not-listening": up(sources={"running": (Process(7, 1, "S", "/app/server", 9),)}),
    "not-published": up((Socket("0.0.0.0", 8080),), config={"published": (Port(8080, "udp", "", 8080),)}),
    "connection-refused": said("dial tcp: connect to db:5432: connection refused", config={"networks": {"net": "10.0.0.2"}}, sources={"around": (DATABASE,), "peers": {"db": ()}}),
    "peer-refuses": {"files": SERVER, "config": {"env": {"CACHE": "redis://cache:6379"}, "networks": {"net": ""}}, "sources": {"around": (CACHE,), "peers": {"cache": (Socket("0.0.0.0", 6379),)}}},
    "connection-closed": tried("resolve\t0\tn=cache", exit_code=141, config={"networks": {"net": ""}}, sources={"around": (CACHE,)}),
    "certificate-of-another": tried("resolve\t0\tn=cache", config={"networks": {"net": ""}, "env": {"CACHE_URL": "rediss://cache:6380"}}, sources={"around": (replace(CACHE, command=("serve", "/tls/own.crt")),), "theirs": {"cache": Tree({"/tls/own.crt": File(NAMED)})}}),
    "schema-unknown": {**py("import sqlite3\nv = db.execute('PRAGMA user_version')\n", log="KeyError: 8", exit_code=1, files={"/data/t.db": File(b"SQLite format 3\0" + bytes(44) + b"\0\0\0\x08" + bytes(36))}), "trace": "P\t0\t7\t/usr/local/bin/python3\tpython3\\x00/app/main.py\\x00\nC\t1\t7\t7\topenat\t3\tp=/data/t.db\tx=2\nX\t2\t7\t1\t0"},
    "certificate-over": tried("openat\t3\tp=/app/client.crt\tx=0", files={**SERVER, "/app/client.crt": File(OVER)}),
    "peer-proxied": tried("resolve\t0\tn=proxy.example.org", config={"env": {"HTTP_PROXY": "http://proxy.example.org:3128", "STOCK_URL": "http://cache:6379/stock"}, "networks": {"net": ""}}, sources={"around": (CACHE,)}),
    "workers-gone": up((Socket("0.0.0.0", 8080, waiting=3),), sources={"running": (Process(7, 1, "S", "nginx: master process nginx", 9),)}),
    "mount-empties": up(config={"mounts": (bind("/srv/sites", "/etc/sites"),)}) | {"image_files": {**SERVER, "/etc/sites/a.conf": File(b"x")}},
    "thread-awaited": up(config={"published": ()}, sources={"threads_running": (Thread(7, "futex_do_wait"),)}, trace=f"{STARTED}C\t1\t7\t8\topenat\t3\tp=/srv/a\tx=0\nW\t9\t7\t7\tfutex\t1200\nT\t9"),
    "proxy-unreachable": tried("connect\t-111\ta=inet:127.0.0.1:3128", config={"env": {"HTTP_PROXY": "http://127.0.0.1:3128"}}),
    "peer-read-only": said("redis.exceptions.ReadOnlyError: You can't write against a read only replica.", config={"env": {"CACHE": "redis://cache:6379"}, "networks": {"net": ""}}, sources={"around": (REPLICA,)}),
    "name-unresolved": said("dial tcp: lookup db on 127.0.0.11:53: no such host"),
    "peer-unreachable-silent": {"files": SERVER, "config": {"env": {"DATABASE_URL": "postgres://u:p@db:5432/x"}, "networks": {"net": "10.0.0.2"}}, "sources": {"around": (DATABASE,), "peers": {"db": ()}}},
    "port-in-use-inside": said("listen tcp 0.0.0.0:8080: bind: address already in use", config={"network": "host"}),
    "address-not-available": said("bind: cannot assign requested address", config={"env": {"HOST": "10.9.9.9"}}),
    "unreachable": said("connect: network is unreachable", config={"network": "none"}),
    "login-refused": said('FATAL: password authentication failed for user "app"'),
    "certificate": said("x509: certificate signed by unknown authority"),
    "link-variable": {"command": "/app/serve", "files": {"/app/serve": program("#!/usr/bin/env node\nstart(process.env.REDIS_PORT || 6379)\n"), "/usr/bin/node": program(elf())}, "config": {"links": {"redis": "redis"}, "env": {"PATH": "/usr/bin"}}},
    "variable-missing": said("KeyError: 'API_KEY'"),
    "variable-quoted": said("invalid port number: '\"8080\"'", config={"env": {"PORT": '"8080"'}}),
    "home-not-expanded": said("cannot read ~/orders.conf", config={"env": {"CONF": "~/orders.conf"}}),
    "variable-not-expanded": said("invalid port number: '$PORT'", command="/app/server --port $PORT"),
    "secret-missing": said("cannot read /run/secrets/pw", config={"env": {"PW_FILE": "/run/secrets/pw"}}),
    "file-missing": said("open /etc/app/config.yml: no such file or directory"),
    "link-target-missing": said("open /etc/app/config.yml: no such file or directory", files={**SERVER, "/etc/app/config.yml": link("/data/config.yml")}),
    "line-endings": tried("chdir\t-2\tp=/srv/x\\x0d", files={**SERVER, "/app/env": File(b"DATA=/srv/x\r\n")}, before="C\t1\t7\t7\topenat\t3\tp=/app/env\tx=0\n"),
    "workdir-overridden": said("open conf/app.yml: no such file or directory", files={**SERVER, "/app/conf/app.yml": File(b"x")}, config={"workdir": "/tmp"}, image=Image(workdir="/app")),
    "workdir-wrong": said("open conf/app.yml: no such file or directory", files={**SERVER, "/app/conf/app.yml": File(b"x")}),
    "not-built-in": said("bad upstream", files={"/app/server": program(elf(text=b"\0SEND_TO\0-tls +gzip\0"))}, config={"env": {"SEND_TO": "tls://logs:6514"}}),
    "kernel-setting-refused": tried("openat\t-30\tp=/proc/sys/net/core/somaxconn\tx=513"),
    "password-unencoded": {"files": SERVER, "exit_code": 78, "config": {"env": {"DATABASE_URL": "postgres://shop:a/b#c@db:5432/shop"}}},
    "config-malformed": said("yaml.scanner.ScannerError: mapping values are not allowed here"),
    "locale-missing": said("locale.Error: unsupported locale setting", config={"env": {"LC_ALL": "de_DE.UTF-8"}}),
    "not-utf-8": said("UnicodeDecodeError: 'utf-8' codec can't decode byte 0xe9 in position 3: invalid continuation byte"),
    "timezone-missing": said("panic: unknown time zone Europe/Rome"),
    "clock-wrong": said("jwt: token used before issued"),
    "usage-printed": said("usage: server [-h] --port PORT", 2),
    "licence": said("FATAL: licence has expired"),
    "schema-mismatch": said('ERROR: relation "users" does not exist'),
    "database-corrupt": said('FATAL: lock file "postmaster.pid" already exists'),
    "terminal-missing": said("EOFError: EOF when reading a line"),
    "said-why": said("ERROR the moon is not full"),
    "python-module-missing": py("import flask", log=TRACEBACK + "ModuleNotFoundError: No module named 'flask'"),
    "python-script-missing": {"command": "python3 main.py", "files": PYTHON, "log": "python3: can't open file '/main.py': [Errno 2] No such file or directory", "exit_code": 2},
    "python-version": py("", log=TRACEBACK + "ImportError: cannot import name 'StrEnum' from 'enum'"),
    "python-home": py("", log="Fatal Python error: init_fs_encoding: failed to get the Python codec", config={"env": {"PYTHONHOME": "/x"}}),
    "python-server": py("", log='ERROR: Error loading ASGI app. Attribute "app" not found in module "main".'),
    "python-exception": py("", log=TRACEBACK + "ZeroDivisionError: division by zero"),
    "node-module-missing": said("Error: Cannot find module 'express'\nRequire stack:\n- /app/index.js"),
    "node-module-system": said("SyntaxError: Cannot use import statement outside a module"),
    "node-heap": said("FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory", 134, config={"env": {"NODE_OPTIONS": "--max-old-space-size=64"}}),
    "node-package-script": said('npm ERR! Missing script: "start"'),
    "node-native": said("Error: was compiled against a different Node.js version using NODE_MODULE_VERSION 93"),
    "node-error": said("TypeError: x is not a function\n    at main (/app/index.js:3:1)"),
    "java-heap": said('Exception in thread "main" java.lang.OutOfMemoryError: Java heap space', command="java -Xmx32m -jar /app.jar"),
    "java-class-version": said("java.lang.UnsupportedClassVersionError: Main has been compiled by a more recent version of the Java Runtime (class file version 65.0), this version of the Java Runtime only recognizes class file versions up to 61.0"),
    "java-jar": said("Error: Unable to access jarfile /app/app.jar", command="java -jar /app/app.jar"),
    "java-options": said("Unrecognized VM option 'UseFoo'\nError: Could not create the Java Virtual Machine."),
    "java-log-nowhere": said("SLF4J(W): No SLF4J providers were found.\nSLF4J(W): Defaulting to no-operation (NOP) logger implementation"),
    "java-class-missing": said("java.lang.NoClassDefFoundError: org/slf4j/Logger"),
    "java-framework": said("APPLICATION FAILED TO START\n***************************\n\nDescription:\n\nNo bean of type Clock."),
    "rust-panic": said("thread 'main' panicked at src/main.rs:3:17:\nattempt to subtract with overflow", 101),
    "rust-error": said("Error: the moon is full", files={"/app/server": program(RUST)}),
    "go-panic": said("panic: assignment to entry in nil map" + GOROUTINE, 2),
    "assertion": said("server: main.c:3: main: Assertion `x > 0' failed.", 134),
    "ruby-php": said("cannot load such file -- sinatra (LoadError)"),
    "command-single-quotes": {"command": ("/bin/sh", "-c", "['python3', '/app/main.py']"), "log": "/bin/sh: 1: [python3,: not found", "exit_code": 127},
    "program-closed-in-script": sh("#!/bin/sh\nexec /app/server\n", files={"/app/server": program(elf(), 0o644)}, log="/s.sh: line 2: /app/server: Permission denied", exit_code=126),
    "program-broken-in-script": sh("#!/bin/sh\nexec /app/server\n", files={"/app/server": program(elf(183))}, log="/s.sh: line 2: /app/server: Exec format error", exit_code=126),
    "path-wrong-in-script": sh("#!/bin/sh\nexec /app/sever\n", log="/s.sh: exec: line 2: /app/sever: not found", exit_code=127),
    "command-missing-in-script": sh("#!/bin/sh\nenvsubst\n", log="/s.sh: line 2: envsubst: not found", exit_code=127),
    "script-for-other-shell": sh("#!/bin/sh\nA=(a b)\n", log='/s.sh: 2: Syntax error: "(" unexpected', exit_code=2),
    "script-guard": sh('#!/bin/sh\n[ -r "$PW_FILE" ] || exit 1\nexec /app/server\n', config={"env": {"PW_FILE": "/run/secrets/pw"}}),
    "script-guard-there": sh("#!/bin/sh\nif [ -e /run/app.pid ]; then exit 1; fi\nexec /app/server\n", files={"/run/app.pid": File(b"7")}),
    "script-empties-input": sh("#!/bin/sh\nset -e\njq . /data/a.json > /data/a.json\n", files={"/data/a.json": File(b"")}),
    "value-split": tried("chdir\t-2\tp=/srv/my", files={**SERVER, "/s.sh": program("#!/bin/sh\ncd $APP_DIR\n")}, command="/s.sh", config={"env": {"APP_DIR": "/srv/my app"}}),
    "pattern-unmatched": tried("openat\t-2\tp=/etc/app.d/*.sh\tx=0", files={**SERVER, "/s.sh": program("#!/bin/sh\n. /etc/app.d/*.sh\n")}, command="/s.sh"),
    "value-in-sed": sh('#!/bin/sh\nset -e\nsed "s/@URL@/$URL/" /app.tpl > /app.conf\n', log="sed: -e expression #1, char 16: unknown option to `s'", config={"env": {"URL": "http://a/b"}}),
    "errexit": sh("#!/bin/sh\nset -e\nTLS=$(grep ^tls= /etc/a.conf)\nexec /app/server\n", files={"/etc/a.conf": File(b"port=1\n")}),
    "pipe-read-in-part": sh("#!/bin/bash\nset -eo pipefail\nTOP=$(zcat /a.gz | head -n 1)\nexec /app/server\n", exit_code=141),
    "command-empty": sh('#!/bin/sh\numask 027\nexec "$@"\n', exit_code=0, command=(), config={"entrypoint": ("/s.sh",)}),
    "entrypoint-without-exec": sh("#!/bin/sh\nmkdir -p /tmp/x\n", exit_code=0, command=("/app/server",), config={"entrypoint": ("/s.sh",), "restart": "always"}),
    "background-only": sh("#!/bin/sh\n/app/server &\necho started\n", exit_code=0, log="started"),
    "status-masked": sh("#!/bin/sh\n/app/server | tee /tmp/log\n", exit_code=0, log="ERROR the moon is not full"),
    "test-command-missing": sh("#!/bin/sh\nuntil nc -z db 5432 2>/dev/null; do\n  echo 'db: timed out'; exit 1\ndone\n", log="db: timed out"),
    "waits-forever": up() | {"command": "/s.sh", "files": {**SERVER, "/s.sh": program("#!/bin/sh\nuntil nc -z cache 6379; do sleep 1; done\nexec /app/server\n")}},
    "output-in-file": {"files": {**SERVER, "/var/log/app.log": File(b"ERROR the moon is not full\n")}, "sources": {"changed": (("A", "/var/log/app.log"),)}},
    "log-discarded": py("raise SystemExit('FATAL: key expired')", config={"log_driver": "none"}),
    "python-buffered": py("import os\nprint('FATAL: no server')\nos._exit(3)", exit_code=3),
    "java-resource-missing": {"command": "java -jar /app/shop.jar", "log": "java.lang.NullPointerException", "exit_code": 1, "files": {"/usr/bin/java": STATIC, "/app/shop.jar": File(jar(shop_Main=compiled("/tariffs/2026.csv", uses="getResourceAsStream")))}},
    "java-provider-missing": {"command": "java -jar /app/shop.jar", "exit_code": 1, "files": {"/usr/bin/java": STATIC, "/app/shop.jar": File(jar(shop_Main=kind("shop/Main", is_abstract=False, refers=("java/util/ServiceLoader", "shop/Codec")), shop_Codec=kind("shop/Codec", is_abstract=True)))}},
    "java-argument-missing": {"command": "java -jar /app/shop.jar", "exit_code": 2, "files": {"/usr/bin/java": STATIC, "/app/shop.jar": File(jar(shop_Main=compiled("usage: shop COMMAND")))}},
    "argument-missing": py("import sys\nUSAGE = 'usage: shop --tenant NAME'\nsys.exit(64)\n", exit_code=64),
    "go-flag-value": {"files": {"/app/server": program(elf() + b"\xff Go buildinf:\0flag provided but not defined\0")}, "command": ("/app/server", "-once", "false", "-interval", "15s"), "exit_code": 1},
    "usage-refused": {"files": SERVER, "exit_code": 64},
    "python-quiet-exit": py("import sys\nif True:\n    sys.exit(1)\n"),
    "main-guard": {"command": "node /app/start.js", "exit_code": 0, "files": {"/usr/local/bin/node": STATIC, "/app/start.js": File(b"require('./server')\n"), "/app/server.js": File(b"const app = make()\nif (require.main === module) {\n  app.listen(8080)\n}\n")}},
    "module-shadowed": py("import urllib.request\n", log="ModuleNotFoundError: No module named 'email.parser'; 'email' is not a package", files={"/app/email.py": File(b"")}),
    "lfs-pointer": tried("openat\t3\tp=/srv/model.bin\tx=0", files={**SERVER, "/srv/model.bin": File(b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n")}),
    "application-not-served": py("from flask import Flask\napp = Flask(__name__)\n", exit_code=0, config={"workdir": "/app"}),
    "log-unwritten": {"files": SERVER, "unwritten": Swallowed("schema 9 is newer than 7", frozenset(), "/app/main.py:8", "error")},
    "input-closed": {"command": "python3", "files": PYTHON, "exit_code": 0},
    "init-system": {"command": "/sbin/init", "exit_code": 255, "files": {"/sbin/init": link("/lib/systemd/systemd"), "/lib/systemd/systemd": STATIC}},
    "daemonises": {"command": "nginx", "files": {"/usr/sbin/nginx": STATIC}, "exit_code": 0},
    "dummy-main": {"files": {"/app/server": program(DUMMY)}, "exit_code": 0, "log": "Hello, world!", "config": {"restart": "always"}},
    "nothing-keeps-it": {"files": SERVER, "exit_code": 0, "config": {"published": HTTP}},
    "ends-again-and-again": {"files": SERVER, "exit_code": 0, "log": "done", "state": {"status": "restarting"}, "restarts": 5, "config": {"restart": "always"}},
    "path-replaced": refused('exec: "sh": executable file not found in $PATH', command=("sh", "-c", "/server"), config={"env": {"PATH": "/opt/bin"}}),
    "seccomp-refuses": said("mkdir: cannot create directory '/data': Operation not permitted", config={"security": (SECCOMP,)}),
    "no-temporary-directory": said("FileNotFoundError: [Errno 2] No usable temporary directory found in ['/tmp', '/var/tmp', '/usr/tmp', '/app']", config={"read_only": True, "user": "1000"}),
    "zombies": up((Socket("0.0.0.0", 8080),), config={"pids": 10}, sources={"used": Usage(pids=10), "running": (Process(7, 1, "S", "/app/server", 90), *(Process(n, 7, "Z", "[job] <defunct>", 9) for n in range(8, 16)))}),
    "check-proxied": unwell("curl -fsS http://localhost:8080/", "curl: (7) Failed to connect to 127.0.0.1 port 3128 after 0 ms: Could not connect to server", config={"env": {"http_proxy": "http://127.0.0.1:3128"}}),
    "check-method": unwell("wget -q --spider http://localhost:8080/health", "wget: server returned error: HTTP/1.1 405 Method Not Allowed", files={"/usr/bin/wget": program(elf())}),
    "check-inherited": unwell("curl -f http://localhost:8080/", "curl: (7) Failed to connect", command="/app/worker", log="task done", image=Image(command=("/app/server",), check=HealthCheck(("CMD-SHELL", "curl -f http://localhost:8080/"))), sources={"listening": ()}),
    "directory-empty": {"files": {**SERVER, "/data": folder()}, "config": {"mounts": (DATA,)}, "exit_code": 1, "trace": f"{STARTED}C\t1\t7\t7\topenat\t3\tp=/data\tx=90800\nX\t2\t7\t1\t0"},
    "child-fails-again": up((), config={"published": ()}, trace=RESTARTED),
    "path-empty": {"files": {**SERVER, "/etc/a.ini": File(b"[a]\n")}, "exit_code": 1, "trace": f"{STARTED}C\t1\t7\t7\topenat\t3\tp=/etc/a.ini\tx=0\nC\t2\t7\t7\tnewfstatat\t-2\tp=\td=/app\nX\t3\t7\t1\t0"},
    "file-awaited": up((), files={**SERVER, "/data": folder(), "/data/migration.done": File(b"")}, trace=f"{STARTED}C\t1\t7\t7\tnewfstatat\t-2\tp=/data/migrations.done\nC\t601\t7\t7\tnewfstatat\t-2\tp=/data/migrations.done\nR\t601\t7\t7\t9\n"),
    "polls-elsewhere": up((), config={"published": (), "mounts": (Mount("volume", "/v/ipc", "/run/engine", name="ipc"),)}, files={**SERVER, "/run/engine/engine.sock": File(b"", kind="socket")}, trace=f"{STARTED}C\t1\t7\t7\tnewfstatat\t-2\tp=/ipc/engine.sock\nR\t1\t7\t7\t9\n"),
    "workers-die": up((Socket("0.0.0.0", 8080),), log=3 * "[CRITICAL] WORKER TIMEOUT (pid:9)\n", sources={"running": (Process(7, 1, "S", "gunicorn", 90), Process(9, 7, "S", "gunicorn", 2))}),
    "restarted-in-a-loop": up(log=4 * "ValueError: boom\n", **looping(4), config={"published": ()}),
    "supervised-down": {"files": SERVER, "state": RUNNING, "log": "INFO exited: web (exit status 1; not expected)\nINFO gave up: web entered FATAL state, too many start retries too quickly"},
    "command-swallowed": {"files": SERVER, "exit_code": 0, "log": "starting", "command": ("--port", "9000"), "config": {"entrypoint": ("/bin/sh", "-c", "/app/server")}},
    "daemon-threads-only": py("from threading import Thread\nThread(target=print, daemon=True).start()\n", exit_code=0, trace="P\t0\t7\t/usr/local/bin/python3\tpython3\\x00\nC\t2\t7\t7\tclone3\t8\nW\t9\t7\t8\tfutex\t4\nX\t9\t7\t0\t0"),
    "await-unsettled": {"command": "node /app/main.js", "files": {"/usr/local/bin/node": STATIC, "/app/main.js": File(b"async function main() {\n  await ready()\n  serve()\n}\nmain()\n")}, "exit_code": 0, "remains": '{"kind": "left", "text": "/app/main.js:1", "place": "/app/main.js:2", "how": "main", "names": []}'},
    "node-unsettled-await": {"command": "node /app/main.mjs", "files": {"/usr/local/bin/node": STATIC, "/app/main.mjs": File(b"await new Promise(() => {})\n")}, "exit_code": 13},
    "data-version": said("FATAL: database files are incompatible with server\nDETAIL: The data directory was initialized by PostgreSQL version 16, which is not compatible with this version 17.6.", files={**SERVER, "/data/PG_VERSION": File(b"16\n")}, config={"mounts": (Mount("volume", "", "/data", name="pgdata"),)}),
    "stop-slow": killed(15, 9, sources={"happened": (Event(DIED.timestamp() - 20, "start"), Event(DIED.timestamp() - 10, "kill", signal=15), Event(DIED.timestamp(), "kill", signal=9), Event(DIED.timestamp(), "die", 137)), "timed": ((DIED - timedelta(seconds=9)).isoformat(),)}, log="LOG: received smart shutdown request"),
    "python-holds-output": py("import time\nprint('ready')\nwhile True:\n    time.sleep(9)\n", state=RUNNING, exit_code=0, sources={"running": (Process(7, 1, "S", "python3", 60),)}),
    "limit-in-script": sh("#!/bin/sh\nulimit -t 2\n/app/calc\n", log="Killed", exit_code=1),
    "peer-awaited": up(config={"env": {"STORE_ADDR": "store:6500"}, "networks": {"net": ""}, "network": "net"}, log="waiting", trace=f"{STARTED}" + "".join(f"C\t{at}\t7\t7\tresolve\t0\tn=store\n" for at in (10, 300, 1200, 3400)) + "T\t8000"),
    "host-overridden": {"files": SERVER, "exit_code": 1, "config": {"hosts": ("cache:192.0.2.1",), "networks": {"net": ""}}, "sources": {"around": (CACHE,)}},
    "lease-in-milliseconds": up(log="up", config={"mounts": (Mount("volume", "/v", "/state", name="state"),), "published": ()}) | {"files": {**SERVER, "/state": folder(), "/state/lease": File(f"expires={int((NOW - timedelta(days=1)).timestamp())}000".encode())}},
    "proxy-answers": tried("resolve\t-101\tn=cache", config={"networks": {"net": ""}, "env": {"HTTP_PROXY": "http://cache:3128"}}, sources={"around": (CACHE,)}),
    "children-unwaited": {"files": SERVER, "exit_code": 1, "log": "check failed", "trace": f"{STARTED}N\t1\t8\t7\nX\t3\t8\t0\t0\nC\t4\t7\t7\twait4\t-10\ti=8\nX\t9\t7\t1\t0"},
    "peer-unanswered": up(sources={"connected": (Connection("10.9.8.7", 5432, is_tried=True),)}),
    "pipe-unopened": up(files={**SERVER, "/run/app/feed": File(kind="other")}, sources={"threads_running": (Thread(7, "wait_for_partner"),), "changed": (("A", "/run/app/feed"),)}),
    "pipe-full": up(sources={"running": (Process(7, 1, "S", "python3 export.py", 60), Process(8, 7, "S", "dump", 60)), "threads_running": (Thread(7, "do_wait"), Thread(8, "anon_pipe_write"))}),
    "own-lock": up(sources={"running": (Process(7, 1, "S", "/bin/sh deploy.sh", 60), Process(8, 7, "S", "flock 9", 60)), "kept_locked": (Locked("/run/deploy.lock", "c" * 64, is_awaited=True, between=(8, 7)),)}),
    "exception-kept": {"command": "ruby /app.rb", "files": {"/usr/bin/ruby": STATIC, "/app.rb": File(b"begin\n")}, "trace": "P\t0\t7\t/usr/bin/ruby\truby\\x00/app.rb\\x00\nX\t2\t7\t1\t0", "swallowed": Swallowed("/app.rb:2:in 'rate': no such rate (Rates::Unknown)", frozenset({"Rates::Unknown"}), "/app.rb:3", "exit(1)")},
    "program-broken-before": {"files": {**SERVER, "/opt/scale": program("#!/usr/bin/ruby\n"), "/srv/db": File(b"x")}, "exit_code": 5, "trace": f"{STARTED}C\t1\t7\t7\texecve\t-2\tp=/opt/scale\nC\t5\t7\t7\topenat\t3\tp=/srv/db\tx=0\nX\t9\t7\t5\t0"},
    "program-broken": tried("execve\t-2\tp=/opt/scale", files={**SERVER, "/opt/scale": program(elf(interpreter="/lib64/ld-linux-x86-64.so.2"))}),
    "directory-for-file": tried("read\t-21\tf=3:/etc/app", files={**SERVER, "/etc/app": folder()}),
    "file-damaged": {"files": {**SERVER, "/data/a.gz": File(gzip.compress(bytes(999))[:-9])}, "trace": f"{STARTED}C\t1\t7\t7\topenat\t3\tp=/data/a.gz\tx=0\nX\t2\t7\t4\t0", "exit_code": 4},
    "without-network": tried("connect\t-101\ta=inet:10.0.0.9:5140\tf=3:socket:[9]", exit_code=0, config={"network": "none"}),
    "no-workers": py("import os\nfor i in range(int(os.environ['WORKERS'])): pass\n", exit_code=0, config={"env": {"WORKERS": "0"}}),
    "nothing-done": tried("execve\t-2\tp=/usr/bin/wkhtmltopdf", log="2 documents in inbox, 0 converted", exit_code=0),
    "program-not-found": tried("execve\t-2\tp=/usr/bin/ffmpeg"),
    "kept-out-of-image": said("FileNotFoundError: [Errno 2] No such file or directory: '/app/config/app.toml'", image=Image(built_from=Build("/home/me/orders", ("config/app.toml",), "FROM a\nCOPY . /app\n", "config\n"))),
    "file-missing-silent": {"files": {"/app/server": program(elf(text=b"\0/etc/orders/app.toml\0"))}},
    "killed-from-inside": {"files": SERVER, "exit_code": 137, "trace": f"{STARTED}N\t1\t8\t7\nC\t2\t8\t8\tkill\t0\ti=7\ti=9\nX\t3\t7\t0\t9"},
    "stopped-from-inside": {"files": SERVER, "exit_code": 0, "trace": f"{STARTED}C\t1\t7\t7\tlisten\t0\ta=inet:0.0.0.0:80\nN\t1\t8\t7\nC\t2\t8\t8\tstatx\t-2\tp=/run/app/beat\nC\t3\t8\t8\tkill\t0\ti=7\ti=15\nS\t3\t7\t15\t0\t8\nX\t9\t7\t0\t0"},
    "device-not-given": tried("openat\t-2\tp=/dev/fuse\tx=2"),
    "reads-last": tried("openat\t3\tp=/data/VERSION\tx=0", files={**SERVER, "/data/VERSION": File(b"2\n")}),
    "mount-replaced": tried("renameat\t-16\tp=/etc/app/.flags\tp=/etc/app/flags.json", config={"mounts": (bind("/srv/flags.json", "/etc/app/flags.json"),)}),
    "check-stops-it": {"files": SERVER, "exit_code": 0, "state": {"health": Health("unhealthy", 1, (Probe(127, "/bin/sh: 1: curl: not found\n"),))}, "config": {"check": HealthCheck(("CMD-SHELL", "curl -f localhost || kill -TERM 1"), 1.0, 2.0, 0.0, 2)}},
    "validity-over": tried("openat\t3\tp=/etc/app/licence\tx=0", files={**SERVER, "/etc/app/licence": File(b"valid_until: 2024-12-31\n")}),
    "checksum-differs": tried("openat\t3\tp=/data/SUMS\tx=0", files={**SERVER, "/data/tax.dat": File(b"x"), "/data/SUMS": File(b"d41d8cd98f00b204e9800998ecf8427e  tax.dat\n")}),
    "account-missing": tried("openat\t3\tp=/etc/passwd\tx=0"),
    "socket-missing": tried("connect\t-2\ta=unix:/run/db.sock\tf=3:socket:[9]"),
    "left-over": tried("openat\t-17\tp=/run/app.pid\tx=c1", files={**SERVER, "/run/app.pid": File(b"7")}),
    "mounts-swapped": tried("openat\t-2\tp=/data/index/FORMAT\tx=0", files={**SERVER, "/data/log/FORMAT": File(b"1")}, config={"mounts": (bind("/srv/log", "/data/index"), bind("/srv/index", "/data/log"))}),
    "file-empty": tried("openat\t3\tp=/srv/key\tx=0", files={**SERVER, "/srv/key": File()}),
    "not-a-directory": tried("openat\t-20\tp=/srv/conf/app.toml\tx=0", files={**SERVER, "/srv/conf": File(b"x")}),
    "rename-across-mounts": tried("rename\t-18\tp=/tmp/x\tp=/data/x", config=TMPFS),
    "waits-in-call": up() | {"trace": f"{STARTED}W\t3000\t7\t7\tflock\t2900\ti=2\tf=3:/data/lock\nT\t3000", "config": {"published": ()}},
    "root-required": {"command": "/run.sh", "exit_code": 1, "config": {"user": "1000"}, "files": {**SERVER, "/run.sh": program('#!/bin/sh\n[ "$(id -u)" -eq 0 ] || exit 1\nexec /app/server\n')}},
    "root-refused": said("orders: refusing to start as root"),
    "pid-1-refused": said("agent: must not be run as PID 1"),
    "host-name-refused": said(f"no ordinal in hostname {IDENTITY[:12]}"),
    "variable-misspelled": py("import os, sys\nif not os.environ.get('SESSION_CACHE'): sys.exit(3)\n", exit_code=3, config={"env": {"SESSIONS_CACHE": "x"}}),
    "key-misspelled": {**py("import json, sys\nc = json.load(open('/etc/shop.json'))\nif not c.get('port'): sys.exit(3)\n", exit_code=3, files={"/etc/shop.json": File(b'{"prot": 8080}')}), "trace": "P\t0\t7\t/usr/local/bin/python3\tpython3\\x00/app/main.py\\x00\nC\t1\t7\t7\topenat\t3\tp=/etc/shop.json\tx=0\nX\t2\t7\t3\t0"},
    "keystore-password": said("java.io.IOException: keystore password was incorrect"),
    "byte-order-mark": said("json.decoder.JSONDecodeError: Unexpected UTF-8 BOM (decode using utf-8-sig): line 1 column 1 (char 0)"),
    "php-env-empty": {
        "command": "php /app/a.php", "image": Image(),
        "files": {"/usr/bin/php": program(elf()), "/app/a.php": File(b"<?php $dsn = $_ENV['DSN'];"), "/etc/php/8.4/cli/php.ini": File(b'variables_order = "GPCS"\n')},
        "config": {"env": {"DSN": "smtp://localhost"}},
    },
    "php-memory-limit": said("PHP Fatal error:  Allowed memory size of 50331648 bytes exhausted"),
    "php-basedir": {
        "command": "php /app/a.php",
        "files": {"/usr/bin/php": program(elf()), "/app/a.php": File(b"<?php exit(1);"), "/mnt/drop": folder(), "/etc/php/8.4/cli/php.ini": File(b"open_basedir = /app:/tmp\n")},
        "config": {"env": {"DROP_DIR": "/mnt/drop"}},
    },
    "php-extension-missing": {"command": "php /app/a.php", "files": {"/usr/bin/php": STATIC, "/app/a.php": File(b"<?php\n")}, "log": "PHP Fatal error:  Uncaught Error: Call to undefined function bcadd() in /app/a.php:3", "exit_code": 255},
    "perl-module-missing": said("Can't locate JSON/XS.pm in @INC (you may need to install the JSON::XS module) (@INC entries checked: /etc/perl) at /app/x.pl line 3."),
    "cron-environment": unwell("test -e /out/a", "", config={"env": {"FEED": "http://feed"}, "exposed": ()}, files={"/etc/cron.d/pull": File(b"* * * * * root curl -o /out/a $FEED\n")}, sources={"running": (Process(7, 1, "S", "/usr/sbin/cron -f", 60),), "listening": ()}),
    "cron-file-ignored": up(config={"published": ()}) | {"files": {"/etc/cron.d/report.v2": File(b"* * * * * root /app/report\n")}, "sources": {"running": (Process(7, 1, "S", "/usr/sbin/cron -f", 60),), "listening": ()}},
    "deadlock": up() | {"stuck": Stuck((Stand("main", "Transfer.java:6"), Stand("settler", "Transfer.java:6")), is_deadlock=True), "config": {"published": ()}},
    "no-branch": sh('#!/bin/sh\ncase "$1" in\n  server) exec /app/server ;;\nesac\n', exit_code=0),
    "status-unasked": sh("#!/bin/sh\n/app/server &\nwhile kill -0 $!; do sleep 1; done\n", exit_code=0, trace="P\t0\t7\t/bin/sh\tsh\\x00/s.sh\nN\t2\t8\t7\nP\t3\t8\t/app/server\t/app/server\nX\t5\t8\t1\t0\nC\t9\t7\t7\tkill\t-3\ti=8\ti=0\nX\t9\t7\t0\t0"),
    "java-daemon-threads": {"command": "java -jar /app.jar", "exit_code": 0, "files": {"/usr/bin/java": program(elf()), "/app.jar": File(jar(shop_Main=compiled("scheduleAtFixedRate", "setDaemon", uses="shop/Main", refers=True)))}, "trace": "P\t0\t7\t/usr/bin/java\tjava\nX\t9\t7\t0\t0"},
    "java-task-over": up() | {"stuck": Stuck((), task=Swallowed("java.lang.NumberFormatException: null", frozenset(), "app.Rates.refresh", "runAndReset")), "config": {"published": ()}},
    "child-awaited": {"files": SERVER, "state": RUNNING, "trace": f"{STARTED}N\t1\t8\t7\nX\t3\t8\t1\t0\nW\t7000\t7\t7\tread\t6000\tf=3:pipe:[9]\nT\t7000\n", "sources": {"threads_running": (Thread(7, "anon_pipe_read"),)}},
    "thread-over": up() | {"stuck": Stuck((), thread=Swallowed("Date::Error: invalid date", frozenset(), "/app/closing.rb:27", "lost")), "config": {"published": ()}},
    "any-child-ends-all": sh("#!/bin/bash\napi &\nwarm &\nwait -n\nkill $(jobs -p)\n", exit_code=0, log="up", trace="P\t0\t7\t/bin/bash\t/bin/bash\\x00/s.sh\\x00\nN\t1\t8\t7\nN\t1\t9\t7\nX\t900\t9\t0\t0\nC\t950\t7\t7\tkill\t0\ti=8\ti=15\nX\t990\t8\t0\t15\nX\t999\t7\t0\t0"),
    "output-thrown-away": sh("#!/bin/sh\nexec /app/server >/dev/null 2>&1"),
    "ends-itself": {"files": SERVER, "ending": Ending("/app/main.js:5", "process.exit(1)", ("bufferutil",))},
    "file-elsewhere": {"files": SERVER, "trace": f"{STARTED}P\t1\t8\t/app/worker\t/app/worker\\x00\nC\t2\t8\t8\topenat\t3\tp=/tmp/x.beat\tx=241\nC\t3\t7\t7\tnewfstatat\t-2\tp=/run/x.beat\nC\t4\t7\t7\tnewfstatat\t-2\tp=/run/x.beat\nX\t5\t7\t75\t0"},
    "volume-in-use": tried("openat\t3\tp=/data/write.lock\tx=42", config={"mounts": (DATA,)}, sources={"around": (INDEX,), "locks": {"/srv/data/write.lock": ("i" * 64,)}}),
    "port-as-path": up(config={"env": {"PORT": '"8080"'}}, sources={"beside": ('unix "8080"',)}),
    "check-host-refused": unwell("curl -f http://localhost:8080/healthz", "HTTP/1.1 403 Forbidden\n\nBlocked hosts: localhost:8080"),
    "last-call": tried("openat\t-21\tp=/conf.d\tx=1"),
}  # fmt: skip

SILENT: dict[str, dict[str, Any]] = {
    "library-missing": {"files": {"/app/server": program(elf(needed=("libpq.so.5",)))}, "exit_code": 127},
    "variable-missing": {"files": {"/app/server": program(elf(text=b"\0DATABASE_URL\0"))}},
    "python-module-missing": py("import sys\ntry:\n    import psycopg\nexcept ImportError:\n    sys.exit(3)\n", exit_code=3),
    "config-malformed": tried("openat\t3\tp=/app/c.json\tx=0") | {"files": {**SERVER, "/app/c.json": File(b'{"port": 1,}')}},
    "command-missing-in-script": sh("#!/bin/sh\nset -e\nport=$(cat /c.json | jq -r .port 2>/dev/null)\n", exit_code=127),
}  # fmt: skip
"""Examples of causes that are found, too, where nobody says a word."""
