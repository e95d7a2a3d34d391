"""What the calls of a watched copy tell beyond the last one that failed, and what they do not."""

import io
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from recorded import NOW, File, case, elf, folder, link, program

from examples import EXAMPLES, HTTP, SERVER, STARTED, said, sh, tried
from scaffolder.diagnose.causes.variables.line_endings import MOST, of_windows
from scaffolder.diagnose.evidence.config import Image, Port
from scaffolder.diagnose.evidence.facts import Event
from scaffolder.diagnose.evidence.swallowed import Swallowed
from scaffolder.diagnose.programs import shell_variables
from scaffolder.diagnose.session import is_open
from scaffolder.diagnose.verdict import handed
from scaffolder.diagnose.verdict.factors import factors
from scaffolder.diagnose.verdict.judge import judge
from scaffolder.diagnose.verdict.rerun import Rerun
from scaffolder.diagnose.verdict.wanted import UTC, wanted


def call(words: str, at: int = 1, process: int = 7) -> str:
    return f"C\t{at}\t{process}\t{process}\t{words}\n"


def ended(*records: str, status: int = 1, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - of a case
    """Return a container whose copy did these things, and ended with a status."""
    trace = f"{STARTED}{''.join(records)}X\t9\t7\t{status}\t0"
    return {"files": SERVER, "exit_code": status, "trace": trace, **more}


LISTENS = call("listen\t0\tf=3:socket:[9]\ta=inet6:0:0:0:0:0:0:0:0:8080")
THREAD = call("clone3\t1")
IDLE = "W\t9\t7\t8\taccept\t4\tf=3:socket:[9]\ta=inet:0.0.0.0:8080\n"
SLEEPS = "W\t9\t7\t8\tclock_nanosleep\t4\ti=996\n"
POLLS = "W\t9\t7\t8\tepoll_pwait\t4\tf=5:anon_inode:[eventpoll]\n"
READ = call("openat\t3\tp=/srv/data\tx=0")


@pytest.mark.parametrize(
    ("records", "shown"),
    [
        ((READ, LISTENS), "listens on [::]:8080"),
        ((READ, LISTENS, THREAD, IDLE), "still waits in accept"),
        ((READ, THREAD, LISTENS, POLLS), "listens on [::]:8080"),
        ((READ, THREAD, SLEEPS), "still waits in clock_nanosleep"),
        ((READ, LISTENS, THREAD, POLLS), "still waits in epoll_pwait"),
    ],
    ids=[
        "an empty event loop",
        "a daemon thread that serves",
        "a runtime that polls for it",
        "a daemon thread with a timer",
        "a daemon thread with a loop",
    ],
)
def test_a_server_that_nothing_keeps_is_told_from_a_job(
    records: tuple[str, ...], shown: str
) -> None:
    found = judge(case(**ended(*records, status=0)))

    assert (found.cause, found.verdict) == ("nothing-keeps-it", "likely")
    assert shown in found.text


@pytest.mark.parametrize(
    "records",
    [
        (READ,),
        (LISTENS, READ),
        (LISTENS, call("accept4\t1\tf=3:socket:[9]")),
        (THREAD, SLEEPS, call("connect\t0\ta=inet:127.0.0.1:8080\tf=4:socket:[8]")),
        (READ, THREAD, "W\t9\t7\t8\tfutex\t4\n"),
        (READ, THREAD, SLEEPS.replace("996", "10")),
        (READ, THREAD, POLLS),
        (THREAD, "W\t9\t7\t8\tread\t4\tf=0:pipe:[1]\n"),
        (LISTENS, "S\t8\t7\t15\t0\t8\n", call("openat\t1\tp=/app/state\tx=41")),
    ],
    ids=[
        "does its work", "works beside a port", "answered somebody", "works beside a thread",
        "has idle workers", "has a runtime that naps", "has a runtime that polls", "reads its input", "cleans up",
    ],
)  # fmt: skip
def test_a_job_that_listens_or_has_threads_is_well(records: tuple[str, ...]) -> None:
    assert judge(case(**ended(*records, status=0))).verdict == "healthy"


def test_what_takes_longer_has_worked_meanwhile() -> None:
    trace = f"{STARTED}{LISTENS}X\t9000\t7\t0\t0"

    assert judge(case(exit_code=0, files=SERVER, trace=trace)).verdict == "healthy"


WEB = Image(command=("/app/server",))
EXPOSES = {"exposed": (Port(8080),)}
RAN: dict[str, Any] = {"files": SERVER, "exit_code": 0}


@pytest.mark.parametrize(
    ("settings", "is_unwell"),
    [
        ({"config": {"published": HTTP}}, True),
        ({"config": {"published": HTTP}, "image": WEB}, True),
        ({"config": EXPOSES, "image": WEB}, True),
        ({"config": {"published": HTTP}, "log": "listening on 8080"}, True),
        ({"config": {"published": HTTP}, "log": "listening on 8080\n12 rows migrated"}, False),
        ({"config": {"published": HTTP}, "image": Image(command=("/app/web",))}, False),
        ({"config": {"published": HTTP}, "image": Image(command=("python3",))}, True),
        ({"config": EXPOSES, "image": Image(command=("/app/web",))}, False),
        ({"config": {}}, False),
    ],
)
def test_a_silent_end_with_0_is_unwell_only_where_a_port_is_meant_for_this_command(
    settings: dict[str, Any], *, is_unwell: bool
) -> None:
    found = judge(case(**RAN, **settings))

    assert found.verdict == ("likely" if is_unwell else "healthy"), found
    assert found.cause == ("nothing-keeps-it" if is_unwell else "none")


@pytest.mark.parametrize(
    ("happened", "cause"),
    [((), "none"), ((Event(1.0, "start"), Event(2.0, "die", 0)), "nothing-keeps-it")],
)
def test_what_ran_for_a_while_may_have_been_stopped_where_its_end_is_forgotten(
    happened: tuple[Event, ...], cause: str
) -> None:
    began = NOW - timedelta(hours=9)
    state = {"started": began, "finished": began + timedelta(hours=8)}
    served = case(**RAN, state=state, config={"published": HTTP}, sources={"happened": happened})

    assert judge(served).cause == cause


LONG = {"finished": NOW, "started": NOW - timedelta(seconds=600)}


HOOKS = "openat\t-2\tp=/app/hooks\tx=90800", "newfstatat\t-2\tp=/app/hooks/*.sh"


@pytest.mark.parametrize(
    ("calls", "is_named"),
    [
        (HOOKS, False),
        (HOOKS[:1], True),
        ((HOOKS[0], "openat\t-2\tp=/app/hooks/*.sh\tx=0"), True),
        ((HOOKS[0], "newfstatat\t-2\tp=/app/other/*.sh"), True),
    ],
    ids=["asked", "listed", "opened", "another"],
)
def test_a_pattern_of_a_shell_that_matches_nothing_is_no_missing_file(
    calls: tuple[str, ...], *, is_named: bool
) -> None:
    found = judge(case(**ended(*map(call, calls))))

    assert ("/app/hooks" in found.text) == is_named


@pytest.mark.parametrize(
    ("what", "cause"),
    [("/dev/null", "input-closed"), ("pipe:[9]", ""), ("/etc/app.conf", "")],
)
def test_only_the_containers_own_input_is_closed(what: str, cause: str) -> None:
    found = judge(case(**ended(call(f"read\t0\tf=0:{what}"))))

    assert (found.cause == "input-closed") == bool(cause)


def test_a_locale_that_the_program_itself_names_is_told() -> None:
    sought = [
        call(f"openat\t-2\tp=/usr/lib/locale/{name}/LC_CTYPE\tx=80000")
        for name in ("fr_CH.UTF-8", "fr_CH", "fr")
    ]
    named = judge(case(**ended(*sought)))
    plain = judge(case(**ended(sought[0].replace("fr_CH.UTF-8", "C.UTF-8"))))

    assert named.cause == "locale-missing"
    assert "asks for the locale fr_CH.UTF-8" in named.text
    assert "localedef -i fr_CH -f UTF-8 fr_CH.UTF-8" in named.fix
    assert plain.cause != "locale-missing"


def test_what_listens_when_it_ends_is_a_server_whatever_it_says() -> None:
    told = {**ended(LISTENS, status=0), "log": "loaded 12 rules", "config": EXPOSES, "image": WEB}

    assert judge(case(**told)).cause == "nothing-keeps-it"


@pytest.mark.parametrize(
    ("log", "is_unwell"),
    [("orders: started on 8080", True), ("server is up", True), ("imported 8080 rows", False)],
)
def test_what_has_a_port_and_says_that_it_has_started_is_no_job(
    log: str, *, is_unwell: bool
) -> None:
    found = judge(case(**RAN, log=log, config=EXPOSES, image=WEB))

    assert found.cause == ("nothing-keeps-it" if is_unwell else "none")


@pytest.mark.parametrize(
    ("log", "state", "cause"),
    [
        ("Server ready on port 8080", {}, "nothing-keeps-it"),
        ("listening on http://0.0.0.0:3000", {}, "nothing-keeps-it"),
        ("Server listening at :8080", {}, "nothing-keeps-it"),
        ("2026/11/29 18:37:57 server started on :8080", {}, "nothing-keeps-it"),
        ("import started on 2026", {}, "none"),
        ("listening on [::]:9000", LONG, "none"),
        ("report ready at https://files.example.org:8443/x.pdf", {}, "none"),
        ("export started at 12:30:15", {}, "none"),
        ("waiting for postgres:5432", {}, "none"),
        ("listening on port 8080\ndone: 3 rows", {}, "none"),
    ],
)
def test_what_says_at_which_port_it_serves_and_ends_is_no_job(
    log: str, state: dict[str, Any], cause: str
) -> None:
    found = judge(case(files=SERVER, exit_code=0, log=log, state=state))

    assert found.cause == cause
    assert len(found.evidence) == len(set(found.evidence))


def test_a_copy_of_what_says_that_it_serves_is_watched() -> None:
    said = ("ready on :8080", "Starting Monit 5.34.3 daemon", "ready\nall done")
    ready, starting, done = (case(**RAN, log=log, state=LONG) for log in said)
    quick = case(**RAN, log=said[-1])

    assert is_open(ready, judge(ready))
    assert is_open(starting, judge(starting))
    assert not is_open(done, judge(done))
    assert is_open(quick, judge(quick))  # it costs little, and may have done nothing


LINKS = ("-22\tp=/etc", "-22\tp=/etc/app", "-2\tp=/etc/app/app.conf")


@pytest.mark.parametrize(
    ("links", "is_named"),
    [(LINKS, True), (LINKS[2:], False), (LINKS[::2], False)],
    ids=["name-after-name", "asked-once", "not-below-the-last"],
)
def test_a_program_ends_over_a_path_that_it_resolves_and_does_not_find(
    links: tuple[str, ...], *, is_named: bool
) -> None:
    found = judge(case(**ended(*(call(f"readlink\t{link}") for link in links))))

    assert ("/etc/app/app.conf" in found.text) == is_named


ASKED = ("/usr/share/zoneinfo/Europe/Rome", "/etc/zoneinfo/Europe/Rome")
ZONE = tuple(call(f"openat\t-2\tp={path}\tx=0") for path in ASKED)
ARCHIVE = call("openat\t-2\tp=/usr/local/go/lib/time/zoneinfo.zip\tx=0")


def test_a_time_zone_is_named_and_given_to_a_copy() -> None:
    of = case(**ended(*ZONE, ARCHIVE))
    found = judge(of)
    (given,) = wanted(of)

    assert (found.cause, found.verdict) == ("timezone-missing", "likely")
    assert "Europe/Rome" in found.text
    assert given.files == {"/usr/share/zoneinfo/Europe/Rome": UTC}
    assert ZoneInfo.from_file(io.BytesIO(UTC)).tzname(None) == "UTC"


@pytest.mark.parametrize(
    "records",
    [
        (ZONE[0],),
        (*ZONE, READ),
        (*ZONE, call("openat\t-2\tp=/etc/app/app.toml\tx=0")),
    ],
    ids=["asked-once", "went-on", "failed-later"],
)
def test_a_time_zone_that_is_only_looked_for_is_no_cause(records: tuple[str, ...]) -> None:
    assert judge(case(**ended(*records))).cause != "timezone-missing"


LAST = "L\t9\t7\tmunmap=0\topenat=-2\n"


@pytest.mark.parametrize(
    ("path", "cause"),
    [
        ("/usr/share/zoneinfo/Europe/Rome", "timezone-missing"),
        ("/sys/fs/cgroup/memory.max", "file-missing"),
    ],
)
def test_what_is_often_missing_matters_where_nothing_is_done_after_it(
    path: str, cause: str
) -> None:
    asked = call(f"openat\t-2\tp={path}\tx=0")

    assert judge(case(**ended(asked, LAST))).cause == cause
    assert judge(case(**ended(asked, LAST.replace("=-2", "=-2\twrite=12")))).cause != cause
    assert judge(case(**ended(asked))).cause != cause


@pytest.mark.parametrize(
    ("files", "why"),
    [({}, "no time zone data"), ({"/usr/share/zoneinfo/Etc/UTC": File()}, "none of this name")],
    ids=["no zones", "a wrong name"],
)
def test_a_zone_that_is_missing_alone_is_a_wrong_name(files: dict[str, File], why: str) -> None:
    found = judge(case(**{**ended(*ZONE, ARCHIVE), "files": {**SERVER, **files}}))

    assert found.cause == "timezone-missing"
    assert why in found.text
    assert ("install tzdata" in found.fix) == (not files)


@pytest.mark.parametrize(
    ("call_", "way"),
    [
        ("openat\t-2\tp=/var/log/app/app.log\tx=441", "make the directory in the image"),
        ("mkdirat\t-2\tp=/tmp/app", "--tmpfs /tmp"),
        ("openat\t-2\tp=/etc/app/key\tx=0", "-v ./key:/etc/app/key:ro"),
    ],
)
def test_what_is_to_be_written_to_is_given_a_directory(call_: str, way: str) -> None:
    lost = call("newfstatat\t-2\tp=/tmp") if "mkdirat" in call_ else ""
    found = judge(case(**ended(call(call_), lost)))

    assert found.cause == "file-missing"
    assert way in found.fix


IN_USE = call("bind\t-98\tf=4:socket:[9]\ta=inet:0.0.0.0:8080")
UNIX = IN_USE.replace("inet:0.0.0.0:8080", "unix:/run/app.sock")


@pytest.mark.parametrize(
    ("records", "cause"),
    [
        ((READ, IN_USE), "port-in-use-inside"),
        ((READ, UNIX), "none"),
        ((READ, IN_USE, READ), "none"),
        ((READ, IN_USE, "L\t9\t7\tbind=-98\twrite=9\n"), "none"),
    ],
    ids=["did nothing else", "a socket of its own", "went on", "wrote"],
)
def test_what_cannot_listen_and_does_nothing_else_is_no_job(
    records: tuple[str, ...], cause: str
) -> None:
    assert judge(case(**ended(*records, status=0))).cause == cause


NODE: dict[str, File] = {
    "/usr/bin/node": program(elf()),
    "/app/main.js": File(b"require('./lib/db')\n"),
}
STEM = "/app/lib/db"


@pytest.mark.parametrize(
    ("endings", "cause"),
    [
        (("", ".js", ".json", ".node"), "node-module-missing"),
        (("", ".js", ".json", ".node", "/index.js", "/index.json", "/index.node"), "node-module-missing"),
        (("",), "file-missing"),
        (("", ".json"), "file-missing"),
        ((".node",), "file-missing"),
    ],
)  # fmt: skip
def test_a_file_that_node_asks_for_with_every_ending_is_a_module(
    endings: tuple[str, ...], cause: str
) -> None:
    asked = [call(f"statx\t-2\tp={STEM}{ending}") for ending in endings]
    found = judge(case("node /app/main.js", **{**ended(*asked), "files": NODE}))

    assert found.cause == cause
    assert STEM in found.text
    assert ".node" not in found.text or cause == "file-missing"


TERM = "S\t3\t7\t15\t0\t7\n"


def killing(target: str, *later: str) -> dict[str, Any]:
    """Return a script that sends SIGTERM, and ends by it."""
    sent = f"C\t2\t7\t7\tkill\t0\ti={target}\ti=15\n"
    trace = f"{STARTED}N\t1\t8\t7\n{sent}{TERM}{''.join(later)}X\t4\t7\t0\t15"
    happened = (Event(1.0, "start"), Event(2.0, "die", 143))
    return {**RAN, "exit_code": 143, "trace": trace, "sources": {"happened": happened}}


@pytest.mark.parametrize(
    "child", ["", "S\t3\t8\t15\t0\t7\n", "S\t3\t8\t15\t0\t7\nX\t3\t8\t0\t15\n"]
)
def test_who_signals_its_own_group_is_told_so(child: str) -> None:
    """Its children get the signal, too, and may be gone before it."""
    found = judge(case(**killing("0", child)))

    assert found.cause == "killed-from-inside"
    assert "server (process 7) sends signal 15 to its own process group" in found.text


def test_a_time_limit_that_is_over_is_no_signal_to_itself() -> None:
    started = STARTED.replace("/app/server", "/usr/bin/timeout")
    sent = "C\t2\t7\t7\tkill\t0\ti=0\ti=18\n"
    trace = f"{started}N\t1\t8\t7\n{sent}X\t4\t7\t124\t0"
    found = judge(
        case("/usr/bin/timeout 6 /app/server", **{**RAN, "exit_code": 124, "trace": trace})
    )

    assert "timeout ends what it runs, because the time is over" in found.text


@pytest.mark.parametrize("sent", [killing("8"), killing("0", call("openat\t3\tp=/srv/x\tx=0"))])
def test_a_signal_to_a_child_or_long_before_is_none_to_itself(sent: dict[str, Any]) -> None:
    assert "its own process group" not in judge(case(**sent)).text


def test_a_port_that_the_program_itself_holds_is_named_as_such() -> None:
    def bound(first: int, network: str = "bridge") -> Any:  # noqa: ANN401 - a judgement
        once = call(f"bind\t0\ta=inet:0.0.0.0:{first}\tf=3:socket:[8]")
        again = call("bind\t-98\ta=inet:0.0.0.0:8080\tf=4:socket:[9]", at=2)
        return judge(case(**ended(once, again, config={"network": network})))

    own, other = bound(8080), bound(9090)

    assert own.cause == other.cause == "port-in-use-inside"
    assert "server (process 7) of this container listens on it already" in own.text
    assert "listens on it already" not in other.text
    assert bound(8080, "host").verdict == "likely"


@pytest.mark.parametrize(
    ("script", "names"),
    [
        ('set -u\necho "$MODE"', ["MODE"]),
        ("set -eu\ntest ${MODE}", ["MODE"]),
        ("set -o nounset\necho $MODE", ["MODE"]),
        ("#!/bin/sh -u\necho $MODE", ["MODE"]),
        ("echo $MODE", []),
        ("echo $MODE\nset -u", []),
        ("set -u\necho ${MODE:-x} ${OTHER-}", []),
        ('set -u\n[ -n "${MODE:-}" ] && echo $MODE', []),
        ('set -u\necho $MODE "${MODE:-}"', ["MODE"]),
        ("set -u\nMODE=x\necho $MODE", []),
        ("set -u\nread MODE\nfor name in a; do echo $MODE $name; done", []),
        ("set -u\necho '$MODE' \\$MODE", []),
        ("set -u\n. /app/env\necho $MODE", []),
        ("set -u\necho $HOME $GIVEN $1 $?", []),
        ("# set -u\necho $MODE", []),
    ],
)
def test_variables_that_a_strict_script_takes_and_nobody_sets(
    script: str, names: list[str]
) -> None:
    assert shell_variables.unset(script, {"GIVEN": "1"}) == names


LOOP = 'for v in HOST_NAME USER_NAME; do\n  [ -n "${!v}" ] || exit 1\ndone\n'


@pytest.mark.parametrize(
    ("script", "names"),
    [
        (LOOP, ["HOST_NAME", "USER_NAME"]),
        (LOOP.replace('[ -n "${!v}" ] ||', "[[ -z ${!v+x} ]] &&"), ["HOST_NAME", "USER_NAME"]),
        ("need HOST_NAME GIVEN\n", ["HOST_NAME"]),
        ("require_vars HOST_NAME USER_NAME\n", ["HOST_NAME", "USER_NAME"]),
        (f"USER_NAME=me\n{LOOP}", ["HOST_NAME"]),
        (f': "${{USER_NAME:=me}}"\n{LOOP}', ["HOST_NAME"]),
        (LOOP.replace("${!v}", "$v"), []),
        ("for v in HOST_NAME; do file_env $v; done", []),
        ("file_env HOST_NAME", []),
        ("check /etc/app.conf", []),
    ],
)
def test_variables_that_a_script_asks_for_by_name(script: str, names: list[str]) -> None:
    assert shell_variables.asked_by_name(script, {"GIVEN": "1"}) == names


def test_a_strict_script_whose_words_are_lost_names_its_variable() -> None:
    text = "#!/bin/sh\nexec 2>/dev/null\nset -u\necho $MODE\n"
    silent = judge(case(**sh(text, exit_code=2)))
    given = judge(case(**sh(text, exit_code=2, config={"env": {"MODE": ""}})))

    assert (silent.cause, silent.verdict) == ("variable-missing", "likely")
    assert "MODE" in silent.text
    assert given.cause != "variable-missing"


def names_of(**more: Any) -> list[str]:  # noqa: ANN401 - of a case
    return [factor.name for factor in factors(case(**more))]


def test_only_a_virtual_machine_with_a_limit_is_given_a_larger_heap() -> None:
    java = {"/usr/bin/java": program(elf())}

    assert "a larger heap" in names_of(command="java -Xmx32m -jar /a.jar", files=java)
    assert "a larger heap" not in names_of(command="java -jar /a.jar", files=java)
    assert "a larger heap" not in names_of(command="/app/server -Xmx32m", files=SERVER)
    assert "a larger heap" not in names_of(command="java -Xms64m -Xmx32m -jar /a.jar", files=java)
    assert "a larger heap" in names_of(command="java -Xms16m -Xmx32m -jar /a.jar", files=java)


RETURNS: dict[str, Any] = {"env": {"DATA": "/srv/data\r", "HOME": "/"}}


def test_a_carriage_return_at_the_end_of_a_value_reaches_a_copy() -> None:
    """The engine's reader of files with variables drops one."""
    with handed.environment(case(files=SERVER, config=RETURNS).config) as file:
        assert file.read() == b"DATA=/srv/data\r\r\nHOME=/\n"


def test_a_value_is_tried_without_what_surrounds_it() -> None:
    of = case(**tried("chdir\t-2\tp=/srv/data\\x0d", config=RETURNS))
    (plain,) = wanted(of)  # no directory of that name: nobody means it

    assert plain.name.startswith("DATA without")
    assert plain.config.env["DATA"] == "/srv/data"
    assert not [f for f in factors(of) if f.name.startswith("DATA without")]
    assert judge(of).cause == "variable-quoted"
    assert not any("without the quotes" in name for name in names_of(files=SERVER))


def test_values_of_one_env_file_are_tried_without_their_quotes_at_once() -> None:
    quoted = {"PORT": '"8080"', "MODE": "'live'", "NAME": "orders"}
    changed = [f for f in factors(case(config={"env": quoted})) if "without the quotes" in f.name]

    assert [f.config.env for f in changed] == [{"PORT": "8080", "MODE": "live", "NAME": "orders"}]


def test_an_odd_value_that_nothing_was_sought_by_is_tried_after_what_was_sought() -> None:
    of = case(**tried("chdir\t-2\tp=/srv/other", config=RETURNS))

    assert [f.name for f in wanted(of)] == ["a directory at /srv/other"]
    assert [f for f in factors(of) if f.name.startswith("DATA without")]


def test_an_odd_value_that_no_call_has_is_not_blamed_for_one_that_failed() -> None:
    of = case(**tried("openat\t-2\tp=/etc/app.toml\tx=0", config={"env": {"GREETING": " hi "}}))

    assert judge(of).cause == "file-missing"


def test_a_file_with_windows_line_endings_is_given_those_of_unix() -> None:
    of = case(**EXAMPLES["line-endings"])
    translated = next(wanted(of))

    assert translated.files == {"/app/env": b"DATA=/srv/x\n"}
    unread = case(**{**EXAMPLES["line-endings"], "trace": ""})
    assert not [f for f in wanted(unread) if "line endings" in f.name]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\xef\xbb\xbf{}", "begins with a byte order mark"),
        (b"\xff\xfe{\0}\0", "is UTF-16, not UTF-8"),
        (b"\xfe\xff\0{\0}", "is UTF-16, not UTF-8"),
    ],
    ids=["8", "16 LE", "16 BE"],
)
def test_a_file_with_a_byte_order_mark_is_given_without_it(data: bytes, words: str) -> None:
    of = case(
        **ended(call("openat\t3\tp=/srv/conf\tx=0"), files={**SERVER, "/srv/conf": File(data)})
    )
    factor = next(f for f in wanted(of) if f.cure and f.cure.factor in {"byte-order-mark", "utf-8"})

    assert factor.files == {"/srv/conf": b"{}"}
    assert factor.cure
    assert factor.cure.text.startswith(f"/srv/conf {words}")


def test_only_few_files_of_the_programs_own_are_looked_at_for_line_endings() -> None:
    folders = ("/usr/lib/x", "/lib/x", "/app")
    paths = [f"{folder}/{number}" for folder in folders for number in range(20)]
    opened = [call(f"openat\t3\tp={path}\tx=0") for path in paths]
    windows = {**SERVER, **dict.fromkeys(paths, File(b"A=1\r\n"))}
    found = [path for path, _ in of_windows(case(**ended(*opened, files=windows)))]

    assert found == [f"/app/{number}" for number in range(19, 19 - MOST, -1)]


@pytest.mark.parametrize(
    ("record", "content"),
    [
        (call("chdir\t-2\tp=/srv/x"), b"DATA=/srv/x\r\n"),
        (call("chdir\t-2\tp=/srv/x\\x0d"), b"DATA=/srv/x\n"),
    ],
    ids=["another-name", "another-file"],
)
def test_line_endings_that_change_nothing_are_no_cause(record: str, content: bytes) -> None:
    files = {**SERVER, "/app/env": File(content)}
    opened = call("openat\t3\tp=/app/env\tx=0")
    found = judge(case(**ended(opened, record, files=files)))

    assert "/app/env" not in found.text


LOGGED = "open /data/app/x.yml: no such file or directory"


@pytest.mark.parametrize(
    ("files", "cause"),
    [
        ({"/data/app": link("/mnt/app")}, "link-target-missing"),
        ({"/data": link("mnt"), "/mnt/app": folder()}, "file-missing"),
        ({"/data/app": link("/mnt/app"), "/mnt/app/y.yml": File()}, "file-missing"),
        ({"/data/app/x.yml": link("x.yml")}, "link-target-missing"),
    ],
    ids=["directory", "link-that-leads-on", "only-the-file", "itself"],
)
def test_a_link_is_blamed_only_where_it_leads_nowhere(files: dict[str, File], cause: str) -> None:
    assert judge(case(**said(LOGGED, files={**SERVER, **files}))).cause == cause


def test_a_link_that_leads_nowhere_is_seen_in_a_silent_copy() -> None:
    files = {**SERVER, "/etc/app.toml": link("/data/app.toml")}
    found = judge(case(**tried("openat\t-2\tp=/etc/app.toml\tx=0", files=files)))

    assert found.cause == "link-target-missing"
    assert "/data/app.toml" in found.text


PID = {"/run/app.pid": File(b"7")}


@pytest.mark.parametrize(
    ("line", "files", "is_blamed"),
    [
        ("[ -e /run/app.pid ] && exit 1", PID, True),
        ("[ -e /run/app.pid ] && exit 1", {}, False),
        ("[ ! -e /run/app.pid ] && exit 1", PID, False),
        ("[ -e /run/app.pid ] && rm /run/app.pid", PID, False),
        ("[ -e /run/app.pid ] || exit 1", PID, False),
        ("[ -d /run/app.pid ] && exit 1", PID, False),
        ("# [ -e /run/app.pid ] && exit 1", PID, False),
    ],
)
def test_a_file_that_is_there_is_blamed_only_by_a_check_that_it_ends(
    line: str, files: dict[str, File], *, is_blamed: bool
) -> None:
    script = sh(f"#!/bin/sh\n{line}\nexec /app/server\n", files=files)

    assert (judge(case(**script)).cause == "script-guard-there") == is_blamed


CRASHED: dict[str, Any] = {"files": SERVER, "exit_code": 139}


@pytest.mark.parametrize(("used_up", "cause"), [(1, "stack-overflow"), (0, "segfault")])
def test_a_second_crash_proves_what_the_first_one_showed(used_up: int, cause: str) -> None:
    trace = f"{STARTED}S\t2\t7\t11\t1\t0\t{used_up}\nX\t2\t7\t0\t11"
    (init,) = (f for f in factors(case(**CRASHED, trace=trace)) if f.endings)

    assert init.endings[139].cause == cause


@pytest.mark.parametrize(("code", "cause"), [(139, "segfault"), (134, "aborted")])
def test_a_copy_under_an_init_tells_a_crash_from_an_abort(code: int, cause: str) -> None:
    """As PID 1 both end in 139, and most programs can abort."""
    of = case(**EXAMPLES["aborted"])
    (init,) = (factor for factor in factors(of) if factor.endings)
    cure = init.endings[code]
    shown = Rerun(cure.cause, cure.pattern, cure.text, factor=cure.factor, cured=True, proves=True)
    found = judge(of, shown)

    assert judge(of).cause == "aborted"
    assert (found.cause, found.verdict) == (cause, "proven")


def test_a_small_stack_is_blamed_for_no_crash_that_was_seen_elsewhere() -> None:
    limited = {**CRASHED, "config": {"ulimits": {"stack": 1 << 20}}}
    elsewhere = f"{STARTED}S\t2\t7\t11\t1\t0\t0\nX\t2\t7\t0\t11"

    assert judge(case(**limited)).cause == "stack-overflow"
    assert judge(case(**limited, trace=elsewhere)).cause == "segfault"


SETTINGS = call("statx\t-2\tp=/etc/app.toml")
PROBE = call("statx\t-14")
"""Rust's library asks so, after the first failure, whether the kernel has the call."""


def test_how_a_library_probes_the_kernel_is_no_failure() -> None:
    found = judge(case(**ended(SETTINGS, PROBE)))

    assert found.cause == "file-missing"
    assert "/etc/app.toml" in found.text


@pytest.mark.parametrize(
    ("found", "cause"),
    [
        ("newfstatat\t0\tp=/opt/lib/json/__init__.py", "undetermined"),
        ("newfstatat\t0\tp=/opt/lib/json/decoder.py", "file-missing"),
        ("newfstatat\t0\tp=/opt/lib/re/__init__.pyc", "file-missing"),
    ],
    ids=["another ending", "another name", "another directory"],
)
def test_what_is_found_with_another_ending_was_not_missed(found: str, cause: str) -> None:
    asked = call("newfstatat\t-2\tp=/opt/lib/json/__init__.cpython-313.so")

    assert judge(case(**ended(asked, call(found, 2)))).cause == cause


def test_a_bad_address_is_one_of_a_host_only_where_that_is_named() -> None:
    said_so = case(**said("wget: bad address 'db.internal'"))
    failed = case(**ended(call("read\t-14\tf=3:/srv/data")))

    assert judge(said_so).cause == "name-unresolved"
    assert judge(failed).cause == "last-call"


@pytest.mark.parametrize(("number", "given"), [(0, 1), (11, 1), (6, 1), (9, 0), (14, 0)])
def test_a_watchdog_that_found_no_sign_of_life_is_not_given_one(number: int, given: int) -> None:
    """With it, a copy would hang for ever, and pass for cured."""
    sought = call("newfstatat\t-2\tp=/run/ready")
    end = f"X\t9\t7\t{0 if number else 1}\t{number}"
    code = 128 + number if number else 1
    of = case(files=SERVER, exit_code=code, trace=f"{STARTED}{sought}{end}")

    assert any("/run/ready" in f.name for f in wanted(of)) == bool(given)


def test_a_job_that_says_what_it_did_not_find_has_done_its_work() -> None:
    sought = call("newfstatat\t-2\tp=/var/tmp/uploads")
    log = "cleanup: /var/tmp/uploads does not exist, nothing to do"
    stays = {"restart": "always"}

    assert judge(case(**ended(sought, status=0, log=log))).verdict == "healthy"
    assert judge(case(**ended(sought, status=0, log=log, config=stays))).verdict == "likely"
    other = "cleanup: it does not exist, nothing to do"
    assert judge(case(**ended(sought, status=0, log=other))).verdict == "healthy"


@pytest.mark.parametrize(
    ("place", "is_found"),
    [
        ("/srv/orders/bin", True), ("/srv/orders", True), ("/usr/local/bin", False),
        ("/srv/orders/sub/bin", False),
    ],
)  # fmt: skip
def test_a_program_that_path_leads_to_looks_for_its_files_beside_it(
    place: str, *, is_found: bool
) -> None:
    sought = call("openat\t-2\tp=/conf/orders.yaml\td=/\tx=0").replace("p=/conf", "p=conf")
    files = {f"{place}/orders": program(elf()), "/srv/orders/conf/orders.yaml": File(b"a: 1")}
    of = ended(sought, files=files, config={"env": {"PATH": f"{place}:/bin"}})
    found = judge(case("orders", **of))

    assert (found.cause == "workdir-wrong") is is_found
    assert ("/srv/orders/conf/orders.yaml" in found.text) is is_found


def test_who_makes_a_directory_needs_the_one_around_it() -> None:
    trace = "P\t0\t7\t/bin/mktemp\tmktemp\\x00-d\\x00\nC\t1\t7\t7\tmkdir\t-2\tp=/scratch/tmp/tmp.Xy\nX\t2\t7\t1\t0"
    config = {"env": {"TMPDIR": "/scratch/tmp/"}}
    of = case(files=SERVER, exit_code=1, trace=trace, config=config)
    found = judge(of)

    assert found.cause == "file-missing", found
    assert (
        "needs /scratch/tmp, which does not exist in the container (TMPDIR names it)" in found.text
    )
    assert [f.name for f in wanted(of) if "scratch" in f.name] == ["a directory at /scratch/tmp"]


def test_the_end_of_a_handler_has_no_result_of_its_own() -> None:
    found = judge(case(**tried("rt_sigreturn\t-136", exit_code=1)))

    assert found.cause == "undetermined", found
    assert "rt_sigreturn" not in f"{found.text}{found.evidence}"


@pytest.mark.parametrize(
    ("script", "names"),
    [
        ('printf "max %s" "$MAX" >/etc/svc.conf\nexec svc', ["MAX"]),
        ('[ -n "$MAX" ] && echo "$MAX"', []),
        ('case "$MAX" in a) ;; esac\necho "$MAX"', []),
        ('echo "${MAX:-1}"', []),
        ('MAX=1\necho "$MAX"', []),
        ('echo "$HOME"', []),
    ],
)
def test_what_a_script_uses_and_does_not_test_it_needs(script: str, names: list[str]) -> None:
    assert shell_variables.used(script, {}) == names
    assert shell_variables.used(script, {"MAX": "1"}) == []


def test_an_address_to_listen_on_is_no_neighbour_that_refuses() -> None:
    told = Swallowed(
        "OSError: [Errno 99] Cannot assign requested address", frozenset({"OSError"}), "/a.py:3", ""
    )
    of = ended(call("bind\t-99\ta=inet:10.9.8.7:8080\tf=3:socket:[9]"), swallowed=told)

    assert judge(case(**of)).cause == "address-not-available"
