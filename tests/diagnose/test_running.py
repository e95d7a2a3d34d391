"""What runs: well in its own way, or unwell though its container is up."""

from datetime import timedelta
from typing import Any

import pytest
from recorded import NOW, File, case, elf, program

from examples import PYTHON, RUNNING, SERVER, looping, py, unwell, up
from scaffolder.diagnose.evidence.config import HealthCheck, Image, Port
from scaffolder.diagnose.evidence.facts import (
    Connection,
    Event,
    Health,
    Neighbour,
    Probe,
    Process,
    Socket,
    State,
    Usage,
)
from scaffolder.diagnose.evidence.phase import in_doubt
from scaffolder.diagnose.programs.purpose import is_inherited
from scaffolder.diagnose.verdict.judge import judge

EXPOSED = {"exposed": (Port(8000),)}
WEB = Image(command=("python3", "-m", "http.server", "8000"))


def running(command: str = "/app/server", **more: Any) -> dict[str, Any]:  # noqa: ANN401 - of a case
    return {"command": command, "files": SERVER, "state": RUNNING, "exit_code": 0, **more}


WELL = {
    "unix socket": running(config=EXPOSED, sources={"beside": ("unix /run/app.sock",)}),
    "udp": running(config=EXPOSED, sources={"beside": ("udp 0.0.0.0:8125",)}),
    "worker of the web image": running("/app/worker", config=EXPOSED, image=WEB),
    "worker of an image on the web image": running(
        "/app/worker",
        config=EXPOSED,
        image=Image(command=("/app/worker",)),
        sources={"made_by": ("EXPOSE map[8000/tcp:{}]", 'CMD ["server"]', 'CMD ["/app/worker"]')},
    ),
}


@pytest.mark.parametrize("name", WELL)
def test_what_does_not_listen_by_its_nature_is_healthy(name: str) -> None:
    found = judge(case(**WELL[name]))

    assert found.verdict == "healthy", found


def test_a_worker_that_differs_late_in_its_command_is_not_meant_to_listen() -> None:
    script = "cd / && . /etc/profile && echo starting up && exec "
    image = Image(command=("sh", "-c", f"{script}/app/server"))
    command = ("sh", "-c", f"{script}/app/worker")
    config = {"published": (), "exposed": (Port(8080),)}
    found = judge(case(**up(config=config, command=command, image=image)))

    assert found.verdict == "healthy", found


@pytest.mark.parametrize(
    "unwell",
    [
        running(config=EXPOSED),
        running("python3 -m http.server 9000", config=EXPOSED, image=WEB),
        running(config={"published": (Port(8000, host_port=80),)}, image=WEB),
        running(
            config=EXPOSED,
            image=Image(command=("/app/server",)),
            sources={"made_by": ("EXPOSE map[8000/tcp:{}]", 'ENTRYPOINT ["x"]', 'CMD ["y"]')},
        ),
    ],
    ids=["its own", "other arguments", "published", "one command"],
)
def test_what_was_meant_to_listen_and_does_not_is_a_fault(unwell: dict[str, Any]) -> None:
    assert judge(case(**unwell)).cause == "not-listening"


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        (["EXPOSE 8000", "CMD a"], False),
        (["CMD a", "EXPOSE 8000", "CMD b"], False),
        (["EXPOSE 8000", "CMD a", "CMD b"], True),
        (["EXPOSE 8000", "CMD a", "CMD a"], False),
        (["EXPOSE 8000", "ENTRYPOINT e", "CMD a"], False),
        (["EXPOSE 1", "CMD a", "CMD b", "EXPOSE 2"], False),
        (["/bin/sh -c #(nop)  EXPOSE 8000", "/bin/sh -c #(nop)  CMD [a]", "/bin/sh -c #(nop)  CMD [b]"], True),
        ([], False),
    ],
)  # fmt: skip
def test_an_instruction_is_inherited_when_its_command_was_replaced(
    history: list[str], *, expected: bool
) -> None:
    assert is_inherited(history, "EXPOSE") is expected


def starts(*runs: tuple[float, float]) -> tuple[Event, ...]:
    """Return runs that began and ended so many seconds ago."""
    now = NOW.timestamp()
    return tuple(
        event
        for began, ended in runs
        for event in (Event(now - began, "start"), Event(now - ended, "die", 1))
    )


@pytest.mark.parametrize(
    ("seconds", "verdict"), [(60, "healthy"), (5, "undetermined"), (20, "healthy")]
)
def test_a_container_that_outlives_its_failed_starts_has_recovered(
    seconds: int, verdict: str
) -> None:
    state = {**RUNNING, "started": NOW - timedelta(seconds=seconds)}
    events = starts((90, 88), (86, 84), (82, 80))
    sources = {"happened": events, "listening": (Socket("0.0.0.0", 8000),)}

    assert judge(case(files=SERVER, state=state, restarts=3, sources=sources)).verdict == verdict


@pytest.mark.parametrize(
    ("up", "lived", "restarts", "waits"),
    [
        (4, ((90, 89.9), (86, 85.9)), 2, 6),
        (4, ((90, 80), (76, 74)), 2, 0),
        (0.5, ((90, 89.9), (86, 85.9)), 2, 0),
        (30, ((90, 89.9), (86, 85.9)), 2, 0),
        (4, ((90, 89.9), (86, 85.9)), 0, 0),
        (4, (), 2, 0),
    ],
    ids=["longer", "as long", "just begun", "settled", "never restarted", "unknown"],
)
def test_it_is_open_for_a_while_whether_restarts_are_over(
    up: float, lived: tuple[tuple[float, float], ...], restarts: int, waits: float
) -> None:
    state = State(status="running", started=NOW - timedelta(seconds=up))

    assert in_doubt(state, starts(*lived), restarts, NOW) == pytest.approx(waits)


def test_a_container_that_lives_for_a_while_each_time_is_still_in_its_loop() -> None:
    state = {**RUNNING, "started": NOW - timedelta(seconds=20)}
    found = judge(
        case(
            files=SERVER, state=state, restarts=3, sources={"happened": starts((120, 80), (79, 21))}
        )
    )

    assert found.verdict != "healthy"


MASTER = Process(7, 1, "S", "gunicorn", 900)
DYING = {
    "gunicorn": "[CRITICAL] WORKER TIMEOUT (pid:9)",
    "killed": "[ERROR] Worker (pid:52) was sent SIGKILL! Perhaps out of memory?",
    "uvicorn": "INFO:     Child process [12] died",
    "nginx": "[alert] 1#1: worker process 31 exited on signal 11",
    "php-fpm": "WARNING: [pool www] child 12 exited on signal 11 (SIGSEGV) after 3.2 seconds",
    "puma": "[1] ! Terminating timed out worker (worker failed to check in): 12",
    "celery": "billiard.exceptions.WorkerLostError: Worker exited prematurely: signal 9 (SIGKILL)",
    "supervisord": "WARN exited: web (exit status 1; not expected)",
    "postgres": "LOG:  server process (PID 55) was terminated by signal 9: Killed",
}


def test_workers_that_end_well_and_are_replaced_are_no_fault() -> None:
    found = judge(
        case(
            **up(
                (Socket("0.0.0.0", 8080),),
                log=5 * "worker 109 died (code 0, signal null), starting another\n",
                sources={
                    "running": (Process(7, 1, "S", "node", 90), Process(9, 7, "S", "node", 2))
                },
            )
        )
    )

    assert found.verdict == "healthy"


@pytest.mark.parametrize(
    ("log", "config", "verdict"),
    [
        ("batch did not fit, trying a smaller one\nall rows written\n", {}, "healthy"),
        ("batch did not fit, trying a smaller one\n", {}, "proven"),
        ("all rows written\n", {"restart": "always"}, "proven"),
        ("", {}, "proven"),
    ],
    ids=["copes", "does not say so", "is to stay", "silent"],
)
def test_a_job_that_loses_a_child_for_memory_and_is_done_is_well(
    log: str, config: dict[str, Any], verdict: str
) -> None:
    config = {"memory": 48 << 20, **config}
    found = judge(
        case(files=SERVER, exit_code=0, state={"oom_killed": True}, log=log, config=config)
    )

    assert (found.verdict, found.cause) == (
        verdict,
        "none" if verdict == "healthy" else "oom-child",
    )


@pytest.mark.parametrize("server", DYING)
@pytest.mark.parametrize(("times", "cause"), [(1, "none"), (3, "workers-die")])
def test_workers_that_die_again_and_again_are_named(server: str, times: int, cause: str) -> None:
    processes = (MASTER, Process(99, 7, "S", "gunicorn", 2))
    log = times * f"{DYING[server]}\n"
    found = judge(case(**up((Socket("0.0.0.0", 8080),), log=log, sources={"running": processes})))

    assert found.cause == cause, found
    assert found.verdict == ("proven" if cause == "workers-die" else "healthy")


@pytest.mark.parametrize(
    ("line", "verdict"),
    [
        ("worker 12 died", "likely"),
        ("worker 12 died with status 3", "proven"),
        ("worker 12 killed", "proven"),
        ("worker 12 died (recycled)", "healthy"),
        ("worker 12 exited: max_requests reached, worker 12 died", "healthy"),
        ("worker: job limit reached\nworker 12 died with status 3", "healthy"),
        (
            "worker: job limit reached\nworker: job limit reached\nworker 1 died\nworker 2 died",
            "healthy",
        ),
        ("worker: limit of 20 jobs\nworker 1 died with 3\nworker 2 died with 3", "proven"),
        ("worker: memory limit reached\nworker 12 died with status 3", "proven"),
    ],
)
def test_workers_that_are_replaced_on_purpose_do_not_die(line: str, verdict: str) -> None:
    processes = (MASTER, Process(99, 7, "S", "prefork", 0))
    log = 3 * f"{line}\n"
    found = judge(case(**up((Socket("0.0.0.0", 8080),), log=log, sources={"running": processes})))

    assert found.verdict == verdict, found


@pytest.mark.parametrize(
    ("last", "times", "ago", "child", "cause"),
    [
        ("ValueError: boom", 4, 1, 1, "restarted-in-a-loop"),
        ("Killed", 4, 1, 1, "restarted-in-a-loop"),
        ("python3: can't open file '/nope.py': [Errno 2] No such file", 4, 1, 1, "restarted-in-a-loop"),
        ("ValueError: boom", 2, 1, 1, "none"),
        ("ValueError: boom", 4, 600, 1, "none"),
        ("ValueError: boom", 4, 1, 800, "none"),
        ("backup failed: retry later", 4, 1, 1, "none"),
    ],
    ids=["raises", "killed", "not there", "twice", "long ago", "one goes on", "goes on itself"],
)  # fmt: skip
def test_a_program_that_a_shell_starts_in_vain_is_named(
    last: str, times: int, ago: float, child: int, cause: str
) -> None:
    config = {"published": ()}
    found = judge(case(**up(log=times * f"{last}\n", **looping(times, ago, child), config=config)))

    assert found.cause == cause, found
    assert found.verdict == ("healthy" if cause == "none" else "likely")


JOBS = """#!/bin/sh
# each job is done on its own
while :; do
  n=$((n + 1))
  if /app/server %s; then
    echo "jobs: $n is done"
  else
    echo "jobs: $n failed with $?" >&2
  fi
  sleep 5
done
"""
EACH = "#!/bin/sh\nwhile true; do\n  for f in /in/*; do\n    /app/server %s || mv $f /bad\n  done\n  sleep 5\ndone\n"
WAITS = "#!/bin/sh\nwhile true; do\n  until nc -z db 1; do\n    echo waits for db\n  done\n  /app/server $n\ndone\n"
DIES = "Segmentation fault"


@pytest.mark.parametrize(
    ("script", "log", "is_named"),
    [
        (JOBS % "$n", "jobs: 1 is done\njobs: 2 is done\n!\njobs: 3 failed with 139\njobs: 4 is done", False),
        (JOBS % "", "jobs: 1 is done\njobs: 2 is done\n!\njobs: 3 failed with 139\njobs: 4 is done", False),
        (JOBS % "$n", "!\njobs: 3 failed with 139", True),
        (JOBS % "", "!\njobs: 3 failed with 139", True),
        (JOBS % "", "not jobs: 1 is done\n" * 3 + "!", True),
        (EACH % '"$f"', "worked\n!", False),
        (EACH % "--loop", "worked\n!", True),
        (WAITS, "waits for db\n" * 4 + "!", True),
    ],
    ids=[
        "jobs", "jobs that are not told", "each job", "the program", "other words", "files",
        "no files", "waits first",
    ],
)  # fmt: skip
def test_a_loop_whose_jobs_also_end_well_is_told_from_one_in_vain(
    script: str, log: str, *, is_named: bool
) -> None:
    lines = 4 * f"{log.replace('!', DIES)}\n"
    example = up(log=lines, **looping(lines.count("\n"), child=1), config={"published": ()})
    example["files"] = {**SERVER, "/s.sh": program(script), "/usr/bin/nc": program(elf())}
    found = judge(case(**example))

    assert (found.cause == "restarted-in-a-loop") == is_named, found


def test_evidence_gets_no_older_while_copies_run() -> None:
    of = case(**up())
    of.recorded = None

    assert of.now == of.now


@pytest.mark.parametrize(
    ("script", "health", "cause"),
    [
        ("touch /tmp/alive; exec sleep infinity", Health("healthy"), "none"),
        ("mkdir -p /data; exec tail -f /dev/null", None, "none"),
        ("/app/server & exec sleep infinity", None, "child-dead"),
        ("/app/server --daemon; exec tail -f /dev/null", None, "child-dead"),
        ("feed() { cat /rows; }\nfeed & exec sleep infinity", None, "none"),
    ],
)
def test_what_only_prepares_is_no_server_that_has_died(
    script: str, health: Health | None, cause: str
) -> None:
    idle = script.partition("exec ")[2]
    more: dict[str, Any] = {"command": ("sh", "-c", script), "config": {"published": ()}}
    sources = {"running": (Process(7, 1, "S", idle, 90),)}
    found = judge(case(**up(sources=sources, **more) | {"state": {**RUNNING, "health": health}}))

    assert found.cause == cause, found


def test_process_1_is_told_from_workers_where_the_numbers_of_the_host_begin_anew() -> None:
    processes = (
        *(Process(32001, 31990, "S", "gunicorn", 90), Process(12, 32001, "S", "gunicorn", 2)),
        Process(40, 31990, "S", "sh", 5),
    )
    log = 3 * f"{DYING['gunicorn']}\n"
    found = judge(case(**up((Socket("0.0.0.0", 8080),), log=log, sources={"running": processes})))

    assert (found.cause, found.verdict) == ("workers-die", "proven")


@pytest.mark.parametrize(
    ("ago", "last", "fine"),
    [
        (1, "trying again in 3 s", False),
        (300, "trying again in 3 s", True),
        (1, "connected", True),
        (1, "connected after 4 tries", True),
        (1, "not connected, 4 tries", False),
        (1, "worker: 20 rows moved", True),
        (1, "running without the cache", False),
        (1, "giving up on db", False),
    ],
)
def test_a_wait_for_others_that_is_over_is_no_fault(ago: int, last: str, *, fine: bool) -> None:
    said_at = [(NOW - timedelta(seconds=ago + n)).isoformat() for n in (3, 2, 1, 0)]
    log = 3 * "dial tcp db:5432: connection refused\n" + f"{last}\n"
    sources = {"timed": tuple(said_at), "running": (MASTER,)}
    found = judge(case(**up(log=log, sources=sources, config={"published": ()})))

    assert (found.verdict == "healthy") is fine, found


@pytest.mark.parametrize(
    ("made", "fine"),
    [
        (Connection("172.18.0.2", 5432), True),
        (Connection("172.18.0.2", 5432, is_tried=True), False),
        (Connection("172.18.0.2", 6379), False),
        (Connection("172.18.0.3", 5432), False),
    ],
    ids=["connected", "tried", "another-port", "another-peer"],
)
def test_who_is_connected_by_now_has_complained_of_the_past(
    made: Connection, *, fine: bool
) -> None:
    at = tuple((NOW - timedelta(seconds=n)).isoformat() for n in (3, 2, 1))
    log = "".join(f"WARN db:5432: ECONNREFUSED, next try in {n} ms\n" for n in (250, 500, 1000))
    peer = Neighbour("db", "running", names=("db", "172.18.0.2"))
    sources = {"timed": at, "running": (MASTER,), "around": (peer,), "connected": (made,)}
    found = judge(case(**up(log=log, sources=sources, config={"published": ()})))

    assert (found.verdict == "healthy") is fine, found


def test_workers_that_died_long_ago_are_no_fault_of_now() -> None:
    old = tuple((NOW - timedelta(hours=1)).isoformat() for _ in range(3))
    log = 3 * f"{DYING['gunicorn']}\n"
    state = {**RUNNING, "started": NOW - timedelta(hours=2)}
    sources = {"timed": old, "running": (MASTER,)}
    found = judge(
        case(**up((Socket("0.0.0.0", 8080),), log=log, sources=sources) | {"state": state})
    )

    assert found.verdict == "healthy"


GONE = "INFO gave up: web entered FATAL state, too many start retries too quickly\n"
BACK = "INFO success: web entered RUNNING state, process has stayed up for > than 1 seconds\n"


@pytest.mark.parametrize(
    ("log", "cause"),
    [(GONE, "supervised-down"), (GONE + BACK, "none"), (BACK + GONE, "supervised-down")],
)
def test_a_program_that_supervisord_gave_up_is_named_unless_it_came_back(
    log: str, cause: str
) -> None:
    assert judge(case(**running(log=log))).cause == cause


def test_the_reason_of_a_supervised_program_is_read_in_its_own_log() -> None:
    path = "/var/log/supervisor/web-stderr---supervisor-x.log"
    files = {**SERVER, path: File(b"KeyError: 'API_KEY'\n")}
    found = judge(
        case(**running(log=GONE) | {"files": files, "sources": {"changed": (("A", path),)}})
    )

    assert "API_KEY" in found.text


def zombies(count: int, limit: int) -> dict[str, Any]:
    dead = tuple(Process(n, 7, "Z", "[job] <defunct>", 9) for n in range(8, 8 + count))
    usage = Usage(pids=limit)
    return up(
        (Socket("0.0.0.0", 8080),),
        config={"pids": limit},
        sources={"used": usage, "running": (MASTER, *dead)},
    )


@pytest.mark.parametrize(("count", "cause"), [(15, "zombies"), (3, "pids-near-limit")])
def test_zombies_are_not_cured_by_a_higher_limit(count: int, cause: str) -> None:
    found = judge(case(**zombies(count, 20)))

    assert (found.cause, found.verdict) == (cause, "proven")
    assert ("--init" in found.fix) is (cause == "zombies")


HOLDS = {
    "print('ready')\nwhile True:\n    time.sleep(9)": "proven",
    "def main():\n    print('ready')\n    serve_forever()\n\nif __name__ == '__main__':\n    main()": "proven",
    "while True:\n    time.sleep(1)\n    print('done')": "proven",
    "connect()\nprint('ready')\nserve_forever()": "likely",
    "print('ready', flush=True)\nserve_forever()": "healthy",
    "print('ready')\nsys.stdout.flush()\nserve_forever()": "healthy",
    "print('ready', file=sys.stderr)\nserve_forever()": "healthy",
    "every = float(os.environ.get('EVERY', '2'))\nprint(', '.join(names))\nserve_forever()": "proven",
    "root = os.path.join(here, 'data')\nprint(root)\nserve_forever()": "proven",
    "serve_forever()\nprint('bye')": "healthy",
    "queue.get()\nprint('got one')": "healthy",
    "thread.join()\nprint('bye')": "healthy",
    "if debug:\n    print('x')\nserve_forever()": "healthy",
    "def never():\n    print('x')\nserve_forever()": "healthy",
}


@pytest.mark.parametrize("source", HOLDS)
def test_a_running_python_that_buffers_what_it_prints(source: str) -> None:
    sources = {"running": (Process(7, 1, "S", "python3", 60),)}
    found = judge(case(**py(source, state=RUNNING, exit_code=0, sources=sources)))

    assert found.verdict == HOLDS[source], found
    assert found.verdict == "healthy" or found.cause == "python-holds-output"


@pytest.mark.parametrize(
    "more",
    [{"env": {"PYTHONUNBUFFERED": "1"}}, {"tty": True}],
    ids=["PYTHONUNBUFFERED", "terminal"],
)
def test_a_python_that_does_not_buffer_is_left_alone(more: dict[str, Any]) -> None:
    sources = {"running": (Process(7, 1, "S", "python3", 60),)}
    example = py("print('a')\nserve_forever()", state=RUNNING, exit_code=0, sources=sources)

    assert judge(case(**example, config=more)).verdict == "healthy"


CURL = "curl -fsS http://localhost:8080/health"
FORBIDDEN = "curl: (22) The requested URL returned error: 403"
PROXY = {"env": {"http_proxy": "http://proxy:3128"}}


@pytest.mark.parametrize(
    ("test", "output", "config", "answer"),
    [
        (CURL, "Failed to connect to proxy port 3128", PROXY, ("check-proxied", "proven")),
        (CURL, FORBIDDEN, PROXY, ("check-proxied", "likely")),
        (CURL, FORBIDDEN, {}, ("check-wrong-path", "proven")),
        (CURL, FORBIDDEN, {"env": {"HTTP_PROXY": "http://proxy:3128"}}, ("check-wrong-path", "proven")),
        (CURL, FORBIDDEN, {"env": {**PROXY["env"], "no_proxy": "localhost"}}, ("check-wrong-path", "proven")),
        ("curl --noproxy '*' http://localhost:8080/", FORBIDDEN, PROXY, ("check-wrong-path", "proven")),
        ("curl -f http://api.example.com:8080/", FORBIDDEN, {}, ("check-wrong-path", "likely")),
        ("curl -f http://localhost:8080/", "curl: (22) error: 500", {}, ("check-wrong-path", "likely")),
    ],
)  # fmt: skip
def test_a_status_is_the_services_own_only_where_nobody_is_between(
    test: str, output: str, config: dict[str, Any], answer: tuple[str, str]
) -> None:
    found = judge(case(**unwell(test, output, config=config)))

    assert (found.cause, found.verdict) == answer, found


WGET = "wget -q --spider http://localhost:8080/health"
REFUSED_HEAD = '"HEAD /health HTTP/1.1" 405 -'


@pytest.mark.parametrize(
    ("test", "output", "log", "answer"),
    [
        (WGET, "broken link!!!", REFUSED_HEAD, ("check-method", "proven")),
        (WGET, "server returned error: HTTP/1.1 405", "", ("check-method", "proven")),
        (WGET, "broken link!!!", "", ("check-method", "likely")),
        (WGET, "server returned error: HTTP/1.1 404 Not Found", "", ("check-wrong-path", "proven")),
        ("curl -fI http://localhost:8080/", "returned error: 405", "", ("check-method", "proven")),
        ("curl -f http://localhost:8080/", "returned error: 405", "", ("check-wrong-path", "proven")),
    ],
)  # fmt: skip
def test_head_is_told_from_a_missing_route(
    test: str, output: str, log: str, answer: tuple[str, str]
) -> None:
    files = {"/usr/bin/wget": program(elf())}
    found = judge(case(**unwell(test, output, log=log, files=files)))

    assert (found.cause, found.verdict) == answer, found


def worker(argv: tuple[str, ...], log: str, image: Image | None) -> dict[str, Any]:
    check = HealthCheck(("CMD-SHELL", CURL))
    state = {**RUNNING, "health": Health("unhealthy", 3, (Probe(7, "Failed to connect"),))}
    files = {**PYTHON, "/usr/bin/curl": program(elf()), "/app/worker": program(elf())}
    config = {"check": check}
    return {"command": argv, "log": log, "files": files, "state": state, "config": config, "image": image}  # fmt: skip


OWN = Image(command=("/app/server",), check=HealthCheck(("CMD-SHELL", CURL)))
OTHER = Image(command=("/app/server",), check=HealthCheck(("CMD-SHELL", "true")))


@pytest.mark.parametrize(
    ("argv", "log", "image", "answer"),
    [
        (("/app/worker",), "task done", OWN, ("check-inherited", "proven")),
        (("/app/worker",), "", OWN, ("check-inherited", "likely")),
        (("/app/worker",), "ERROR cannot listen", OWN, ("check-inherited", "likely")),
        (("/app/worker", "--port", "8080"), "task done", OWN, ("check-inherited", "likely")),
        (("/app/server", "--verbose"), "x", OWN, ("check-too-early", "likely")),
        (("/app/worker",), "task done", OTHER, ("check-too-early", "likely")),
    ],
)
def test_a_check_of_another_command_is_told_from_a_service_that_does_not_listen(
    argv: tuple[str, ...], log: str, image: Image, answer: tuple[str, str]
) -> None:
    found = judge(case(**worker(argv, log, image)))

    assert (found.cause, found.verdict) == answer, found


@pytest.mark.parametrize(
    ("address", "log", "says"),
    [
        ("172.18.0.2", "", "is connected to collector:9000; it has said nothing yet"),
        ("172.18.0.9", "", "is connected to 172.18.0.9:9000; it has said nothing yet"),
        ("172.18.0.2", "ready", "it runs"),
    ],
    ids=["a neighbour", "somebody else", "a consumer that says that it is ready"],
)
def test_to_whom_a_silent_container_is_connected_is_told(address: str, log: str, says: str) -> None:
    peer = Neighbour("collector", "running", names=("collector", "172.18.0.2"))
    sources = {"connected": (Connection(address, 9000),), "around": (peer,)}
    found = judge(case(**running(log=log, sources=sources)))

    assert found.verdict == "healthy"
    assert says in found.text
    assert ("connected" in found.text) == (not log)


@pytest.mark.parametrize(
    ("status", "more", "is_told"),
    [
        ("paused", {"log": "polling"}, True),
        ("running", {"log": "polling"}, False),
        ("paused", {"sources": {"listening": (Socket("0.0.0.0", 8080),)}}, False),
    ],
)
def test_who_is_connected_to_a_paused_container_waits_for_it(
    status: str, more: dict[str, Any], *, is_told: bool
) -> None:
    peer = Neighbour("db", status, names=("db", "172.18.0.2"))
    made = (Connection("172.18.0.2", 5432),)
    sources = {"connected": made, "around": (peer,), **more.pop("sources", {})}
    found = judge(case(**up(sources=sources, config={"published": ()}, **more)))

    assert (found.cause == "peer-unanswered") == is_told, found
    assert not is_told or "the container db is paused" in found.text


@pytest.mark.parametrize(
    ("more", "is_told"),
    [
        ({}, True),
        ({"log": "starting"}, True),
        ({"sources": {"listening": (Socket("0.0.0.0", 8080),)}}, False),
        ({"log": "polling", "config": {"published": ()}}, False),
        ({"sources": {"connected": (Connection("172.18.0.2", 5432),)}}, False),
    ],
    ids=["silent", "is to serve", "serves", "a worker", "connected"],
)
def test_a_peer_that_does_not_answer_is_told(more: dict[str, Any], *, is_told: bool) -> None:
    peer = Neighbour("db", "running", names=("db", "172.18.0.2"))
    tried = (Connection("172.18.0.2", 5432, is_tried=True),)
    sources = {"connected": tried, "around": (peer,), **more.pop("sources", {})}
    found = judge(case(**up(sources=sources, **more)))

    assert (found.cause == "peer-unanswered") == is_told, found
    assert not is_told or "db (172.18.0.2:5432)" in found.text
