"""The right words: faults that look alike are told apart."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from recorded import File, case, elf, folder, link, program

from examples import DIED, RUNNING, SERVER, STARTED, STATIC, refused, said, sh
from scaffolder.diagnose.evidence.config import Image, Mount
from scaffolder.diagnose.evidence.facts import Event, Neighbour, Socket
from scaffolder.diagnose.verdict.factors import factors
from scaffolder.diagnose.verdict.judge import judge

SH = {"/bin/sh": STATIC, "/usr/bin/envsubst": STATIC}
NOWHERE = {"env": {"PATH": "/opt/bin"}}


@pytest.mark.parametrize(
    ("example", "answer"),
    [
        (refused('exec: "sh": executable file not found in $PATH', command="sh -c x", config=NOWHERE), "path-replaced"),
        (refused('exec: "server": executable file not found in $PATH', command="server", files={"/usr/local/bin/server": STATIC}, config=NOWHERE), "path-replaced"),
        (sh("#!/bin/sh\nenvsubst\n", files=SH, log="/s.sh: line 2: envsubst: not found", exit_code=127, config=NOWHERE), "path-replaced"),
        (refused('exec: "sh": executable file not found in $PATH', command="sh -c x", files={"/bin/sh": link("/gone")}, config=NOWHERE), "shell-missing"),
        (refused('exec: "server": executable file not found in $PATH', command="server"), "binary-not-found"),
        (refused('exec: "/bin/bash": stat /bin/bash: no such file or directory', command="/bin/bash -c x"), "binary-not-found"),
        (sh("#!/bin/sh\nenvsubst\n", log="/s.sh: line 2: envsubst: not found", exit_code=127, config=NOWHERE), "command-missing-in-script"),
    ],
    ids=["shell", "program", "in a script", "no shell", "no program", "no bash", "not in the image"],
)  # fmt: skip
def test_a_path_that_was_replaced_is_told_from_what_the_image_lacks(
    example: dict[str, Any], answer: str
) -> None:
    found = judge(case(**example))

    assert (found.cause, found.verdict) == (answer, "proven"), found


@pytest.mark.parametrize(
    ("path", "script", "is_told"),
    [
        ("/opt/bin", "envsubst </t 2>/dev/null", True),
        ("/opt/bin:/usr/bin", "envsubst </t 2>/dev/null", False),
        ("/opt/bin", "echo a; /usr/bin/envsubst </t", False),
        ("/opt/bin", "gone </t 2>/dev/null", False),
    ],
    ids=["its command", "there", "by its path", "nowhere"],
)
def test_a_path_that_leads_a_script_to_no_command_is_told_without_a_word_of_it(
    path: str, script: str, *, is_told: bool
) -> None:
    files = {**SH, "/usr/bin/envsubst": STATIC}
    example = sh(f"#!/bin/sh\n{script}\nexit 5\n", files=files, exit_code=5, log="agent: 0 rows")
    found = judge(case(**example, config={"env": {"PATH": path}}))

    assert (found.cause == "path-replaced") is is_told, found
    assert not is_told or found.verdict == "likely"


def test_a_path_of_the_images_own_is_not_said_to_be_replaced() -> None:
    example = refused('exec: "sh": executable file not found in $PATH', command="sh -c x")
    found = judge(case(**example, config=NOWHERE, image=Image(env=NOWHERE["env"])))

    assert found.cause == "path-replaced"
    assert "run time" not in found.text


NO_TEMP = "FileNotFoundError: [Errno 2] No usable temporary directory found in ['/tmp', '/app']"


@pytest.mark.parametrize(
    ("files", "config", "verdict"),
    [
        ({}, {"read_only": True}, "proven"),
        ({"/tmp": folder(0o755)}, {"user": "1000"}, "proven"),
        ({"/tmp": folder(0o777)}, {"user": "1000"}, "likely"),
        ({"/tmp": folder(0o755)}, {}, "likely"),
        ({}, {"read_only": True, "tmpfs": {"/tmp": ""}}, "likely"),
    ],
)  # fmt: skip
def test_a_missing_place_for_temporary_files(
    files: dict[str, File], config: dict[str, Any], verdict: str
) -> None:
    found = judge(case(files={**SERVER, **files}, log=NO_TEMP, config=config))

    assert (found.cause, found.verdict) == ("no-temporary-directory", verdict), found
    assert "/tmp" in found.fix


@pytest.mark.parametrize(
    ("entrypoint", "command", "swallows"),
    [
        (("/bin/sh", "-c", "/app/server"), ("--port", "9000"), True),
        (("sh", "-c"), ("/app/server", "--port", "9000"), True),
        (("/bin/sh", "-c", "/app/server"), (), False),
        (("/bin/sh", "-c", '/app/server "$@"'), ("--port", "9000"), False),
        (("/bin/sh", "-c"), ("/app/server --port 9000",), False),
        ((), ("/bin/sh", "-c", "/app/server", "x"), False),
        (("/bin/sh",), ("-c", "/app/server", "x"), False),
    ],
)  # fmt: skip
def test_an_entrypoint_in_the_shell_form_swallows_the_command(
    entrypoint: tuple[str, ...], command: tuple[str, ...], *, swallows: bool
) -> None:
    found = judge(case(command, "one\ntwo", 0, SERVER, config={"entrypoint": entrypoint}))

    assert (found.cause == "command-swallowed") is swallows, found
    assert found.verdict == ("proven" if swallows else "healthy")


@pytest.mark.parametrize(
    ("log", "exit_code", "state"),
    [("KeyError: 'QUEUE_SIZE'", 1, {}), ("ready", 0, RUNNING)],
    ids=["ended for something else", "serves"],
)
def test_a_swallowed_command_is_not_blamed_for_what_has_another_cause(
    log: str, exit_code: int, state: dict[str, Any]
) -> None:
    config = {"entrypoint": ("/bin/sh", "-c", "/app/server")}
    sources = {"listening": (Socket("0.0.0.0", 8080),)} if state else {}
    found = judge(
        case(("serve",), log, exit_code, SERVER, config=config, state=state, sources=sources)
    )

    assert found.cause != "command-swallowed", found


def test_an_entrypoint_of_several_commands_keeps_its_shell() -> None:
    config = {"entrypoint": ("/bin/sh", "-c", "echo hi && exec /app/server")}
    found = judge(case(("serve",), "hi", 0, SERVER, config=config))

    assert 'ENTRYPOINT ["sh", "-c", "echo hi && exec /app/server \\"$@\\"", "--"]' in found.fix


@pytest.mark.parametrize(
    "command",
    [
        ("/app/server", "sh", "-c", "chmod 700 $PGDATA; exec postgres"),
        ("/app/server", "-e", "console.log(`at ${place}`)"),
    ],
)
def test_a_variable_for_a_shell_or_another_language_is_expanded_by_it(
    command: tuple[str, ...],
) -> None:
    found = judge(case(command, "FATAL: invalid permissions", 1, SERVER))

    assert found.cause != "variable-not-expanded", found


def test_a_stop_whose_first_signal_is_forgotten_is_no_docker_kill() -> None:
    events = (Event(2.0, "kill", signal=9), Event(3.0, "die", 137), Event(3.1, "stop"))
    found = judge(case("/app/server", "", 137, SERVER, sources={"happened": events}))

    assert (found.verdict, found.others[0][0]) == ("healthy", "stop-ignored"), found


NODE = {"/usr/local/bin/node": STATIC, "/app/main.mjs": File(b"await new Promise(() => {})")}
WARNING = "Warning: Detected unsettled top-level await at file:///app/main.mjs:1"


@pytest.mark.parametrize(
    ("command", "exit_code", "log", "named"),
    [
        ("node /app/main.mjs", 13, "", True),
        ("node /app/other.mjs", 13, WARNING, True),
        ("node /app/main.mjs", 12, "", False),
        ("/app/server", 13, "", False),
    ],
)  # fmt: skip
def test_exit_code_13_of_node_alone_is_an_unsettled_await(
    command: str, exit_code: int, log: str, *, named: bool
) -> None:
    found = judge(case(command, log, exit_code, {**SERVER, **NODE}))

    assert (found.cause == "node-unsettled-await") is named, found


INCOMPATIBLE = (
    "FATAL: database files are incompatible with server\nDETAIL: The data directory was"
    " initialized by PostgreSQL version 16, which is not compatible with this version 17.6."
)
VOLUME = {"mounts": (Mount("volume", "", "/data", name="pgdata"),)}


@pytest.mark.parametrize(
    ("kept", "verdict"), [(b"16\n", "proven"), (b"17\n", "likely"), (None, "likely")]
)
def test_data_of_another_version_is_proven_by_its_own_mark(
    kept: bytes | None, verdict: str
) -> None:
    files = {**SERVER, **({"/data/PG_VERSION": File(kept)} if kept else {})}
    found = judge(case(files=files, log=INCOMPATIBLE, config=VOLUME))

    assert (found.cause, found.verdict) == ("data-version", verdict), found
    assert "keep the old volume" in found.fix
    assert not any("volume rm" in command for command in found.commands)


def stopped(said_at: datetime | None, signals: tuple[int, ...]) -> dict[str, Any]:
    """Return a container that was stopped, and killed ten seconds later."""
    asked = DIED.timestamp() - 10
    kills = [Event(asked + 10 * i, "kill", signal=n) for i, n in enumerate(signals)]
    events = (Event(asked - 5, "start"), *kills, Event(DIED.timestamp(), "die", 137))
    sources = {"happened": events, "timed": ((said_at.isoformat(),) if said_at else ())}
    return said("LOG: received smart shutdown request", 137, sources=sources)


@pytest.mark.parametrize(
    ("said_at", "signals", "cause"),
    [
        (DIED - timedelta(seconds=9), (15, 9), "stop-slow"),
        (DIED - timedelta(seconds=12), (15, 9), "stop-ignored"),
        (None, (15, 9), "stop-ignored"),
    ],
)
def test_a_slow_stop_is_told_from_a_signal_that_nobody_handles(
    said_at: datetime | None, signals: tuple[int, ...], cause: str
) -> None:
    found = judge(case(**stopped(said_at, signals)))

    assert (found.verdict, found.others[0][0]) == ("healthy", cause), found
    assert found.text.startswith("it was stopped on purpose")
    assert found.fix


def test_what_a_program_says_all_the_time_is_no_sign_that_it_shuts_down() -> None:
    example = stopped(None, (15, 9))
    at = [(DIED - timedelta(seconds=second)).isoformat() for second in (14, 12, 9, 6)]
    timed = {**example["sources"], "timed": tuple(at)}
    lines = ["samples=10 max=2.07", "samples=12 max=2.16", "samples=9 max=2.50"]
    busy = judge(case(**{**example, "sources": timed, "log": "\n".join([*lines, lines[0]])}))
    slow = judge(case(**{**example, "sources": timed, "log": "\n".join([*lines, "draining"])}))

    assert (busy.others[0][0], slow.others[0][0]) == ("stop-ignored", "stop-slow")


@pytest.mark.parametrize(
    ("signals", "state"), [((9,), {}), ((1, 9), {}), ((15, 9), {"oom_killed": True})]
)
def test_a_kill_that_no_stop_asked_for_is_a_fault(
    signals: tuple[int, ...], state: dict[str, Any]
) -> None:
    found = judge(case(**stopped(DIED - timedelta(seconds=9), signals), state=state))

    assert found.verdict != "healthy", found


@pytest.mark.parametrize(
    ("restart", "seconds", "verdict"),
    [
        ("always", 60, "healthy"),
        ("on-failure", 60, "healthy"),
        ("on-failure", 5, "likely"),
        ("no", 60, "likely"),
    ],
)
def test_what_nothing_restarted_was_stopped_where_its_end_is_forgotten(
    restart: str, seconds: int, verdict: str
) -> None:
    state = {"started": DIED - timedelta(seconds=seconds), "finished": DIED}
    found = judge(case(exit_code=137, files=SERVER, state=state, config={"restart": restart}))

    assert found.verdict == verdict, found


REALTIME = Neighbour("realtime", "running", networks=("other",), names=("realtime", "rt"))
NETWORK = {"networks": {"net": "10.0.0.2"}}


@pytest.mark.parametrize(
    "log",
    [
        'nginx: [emerg] host not found in upstream "rt" in /etc/nginx/nginx.conf:3',
        'nginx: [emerg] host not found in upstream "rt:4000" in /etc/nginx/nginx.conf:3',
        "[ALERT] config : [/haproxy.cfg:9] : 'server web/rt' : could not resolve address 'rt:4000'.",
        "[error] 7#7: *1 rt could not be resolved (3: Host not found)",
    ],
)
def test_the_name_of_an_upstream_is_a_matter_of_networks(log: str) -> None:
    found = judge(case(files=SERVER, log=log, config=NETWORK, sources={"around": (REALTIME,)}))

    assert (found.cause, found.pattern) == ("name-unresolved", "network"), found


def test_an_upstream_on_another_network_is_named() -> None:
    log = 'nginx: [emerg] host not found in upstream "rt" in /etc/nginx/nginx.conf:3'
    found = judge(case(files=SERVER, log=log, config=NETWORK, sources={"around": (REALTIME,)}))

    assert found.verdict == "proven"
    assert "network other" in found.text


NODE_CLIENTS = {
    "pg": "Error: connect ECONNREFUSED 127.0.0.1:5432\n    at TCPConnectWrap.afterConnect",
    "happy eyeballs": (
        "AggregateError [ECONNREFUSED]: \n    at internalConnectMultiple (node:net:1122:18) {\n"
        "  code: 'ECONNREFUSED',\n  [errors]: [\n    Error: connect ECONNREFUSED ::1:5432\n"
        "      code: 'ECONNREFUSED',\n      address: '::1',\n"
        "    Error: connect ECONNREFUSED 127.0.0.1:5432\n      code: 'ECONNREFUSED',\n"
    ),
    "IPv6 alone": "Error: connect ECONNREFUSED ::1:5432\n  code: 'ECONNREFUSED',",
}


@pytest.mark.parametrize("client", NODE_CLIENTS)
def test_the_localhost_of_a_node_client_is_the_container_itself(client: str) -> None:
    found = judge(case("node /app/x.js", NODE_CLIENTS[client], 1, {**SERVER, **NODE}))

    assert (found.cause, found.verdict) == ("connection-refused", "proven"), found
    assert ":5432 is the container itself" in found.text


def origin(program_path: str) -> dict[str, Any]:
    """Return an image whose program is a link to one that has its libraries beside it."""
    native = elf(needed=("libx.so.1",), run_path="$ORIGIN/../lib")
    files = {
        "/opt/app/bin/server": program(native),
        "/opt/app/lib/libx.so.1": program(elf()),
        "/usr/local/bin/server": link("/opt/app/bin/server"),
    }
    return {"command": program_path, "files": files, "exit_code": 127}


@pytest.mark.parametrize("path", ["/opt/app/bin/server", "/usr/local/bin/server"])
def test_the_origin_of_a_program_is_where_its_file_is_not_where_a_link_is(path: str) -> None:
    assert judge(case(**origin(path))).cause != "library-missing"


def test_a_library_that_is_not_beside_the_program_is_missing() -> None:
    example = origin("/usr/local/bin/server")
    del example["files"]["/opt/app/lib/libx.so.1"]

    assert judge(case(**example)).cause == "library-missing"


def test_a_listening_server_beside_a_refused_localhost_is_not_blamed() -> None:
    log = "Error: connect ECONNREFUSED 127.0.0.1:5432"
    state = {"status": "running", "started": DIED}
    sources = {"listening": (Socket("0.0.0.0", 8080),)}

    assert judge(case(files=SERVER, log=log, state=state, sources=sources)).verdict == "healthy"


AGAIN = 3 * "db: connect ECONNREFUSED 127.0.0.1:5432, trying again\n"


@pytest.mark.parametrize(
    ("log", "cause"),
    [
        (AGAIN, "connection-refused"),
        (AGAIN + "connected\nwaiting for jobs\njob 1 done\njob 2 done\n", "none"),
        ("db: connect ECONNREFUSED 127.0.0.1:5432, trying again\n", "none"),
    ],
)
def test_a_worker_that_is_refused_again_and_again_is_not_well(log: str, cause: str) -> None:
    state = {"status": "running", "started": DIED}

    assert judge(case(files=SERVER, log=log, exit_code=0, state=state)).cause == cause


@pytest.mark.parametrize(
    ("env", "cause"),
    [
        ({"METRICS_URL": "http://127.0.0.1:5432/push"}, "none"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:5432"}, "none"),
        ({"DATABASE_URL": "postgres://127.0.0.1:5432/x"}, "connection-refused"),
        ({"METRICS_URL": "http://127.0.0.1:1/", "DB_URL": "pg://db:5432/x"}, "connection-refused"),
    ],
)
def test_a_worker_whose_metrics_nobody_takes_is_well(env: dict[str, str], cause: str) -> None:
    state = {"status": "running", "started": DIED}
    of = case(files=SERVER, log=AGAIN, exit_code=0, state=state, config={"env": env})

    assert judge(of).cause == cause


def test_a_ulimit_that_stops_the_runtime_is_named() -> None:
    words = "runc create failed: error adding seccomp filter rule: cannot allocate memory"
    failed = {"status": "created", "exit_code": 128, "error": words}

    limited = judge(case(state=failed, config={"ulimits": {"data": "50000000"}}))
    assert "ulimit data" in limited.text
    assert "host" in judge(case(state=failed)).text


HOOKED = '#!/bin/sh\nfor hook in /hooks/*.sh; do\n  . "$hook"\ndone\necho "set up"\nexec "$@"\n'


@pytest.mark.parametrize(
    ("text", "log", "is_empty"),
    [
        (HOOKED, "set up", True),
        (HOOKED, "", True),
        (HOOKED.replace("done\n", "done\n[ -f /off ] && exit 0\n"), "turned off", False),
        (HOOKED.replace('exec "$@"', "exec server"), "set up", False),
    ],
    ids=["told", "silent", "ended-before", "another"],
)
def test_an_entrypoint_that_is_given_nothing_to_run_is_told(
    text: str, log: str, *, is_empty: bool
) -> None:
    settings: dict[str, Any] = {"exit_code": 0, "command": (), "config": {"entrypoint": ("/s.sh",)}}
    found = judge(case(**sh(text, log=log, **settings)))

    assert (found.cause == "command-empty") == is_empty


def test_what_a_copy_listens_on_instead_of_the_port_that_is_asked_for_is_named() -> None:
    log = "Error: connect ECONNREFUSED 127.0.0.1:3000"
    serves = f"{STARTED}C\t1\t7\t7\tlisten\t0\ta=inet:0.0.0.0:8080\tf=3:socket:[9]\nX\t9\t7\t1\t0"
    same = serves.replace("8080", "3000")
    told = [judge(case(files=SERVER, log=log, trace=trace)) for trace in ("", serves, same)]

    assert ["listens on 8080" in found.text for found in told] == [False, True, False]
    assert "ask for the port 8080" in told[1].fix


@pytest.mark.parametrize(
    ("options", "proves"),
    [
        (("no-new-privileges",), True),
        (("no-new-privileges:true",), True),
        (("apparmor=strict",), False),
        (("no-new-privileges", "apparmor=strict"), False),
    ],
)
def test_a_copy_without_no_new_privileges_is_a_proof_before_root_is_tried(
    options: tuple[str, ...], *, proves: bool
) -> None:
    of = case(files=SERVER, config={"security": options, "user": "1500"})
    tried = [factor for factor in factors(of) if factor.cure]
    names = [factor.name for factor in tried]

    assert [f.cure and f.cure.proves for f in tried if "security" in f.name] == [proves]
    assert names.index("no other security options") < names.index("the root user")
