"""What a recorded trace shows of a silent end, and what copies are given because of it."""

from typing import Any, cast

import pytest
from recorded import File, case, elf, folder, program

from examples import EXAMPLES, SERVER, STARTED, py, tried
from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.silence.readings import named_paths, named_variables
from scaffolder.diagnose.evidence.config import Host, Mount
from scaffolder.diagnose.evidence.trace_records import read
from scaffolder.diagnose.verdict.copies import Outcome
from scaffolder.diagnose.verdict.factor import Factor
from scaffolder.diagnose.verdict.factors import factors
from scaffolder.diagnose.verdict.judge import judge
from scaffolder.diagnose.verdict.reruns import try_factors
from scaffolder.diagnose.verdict.unchanged import unchanged
from scaffolder.diagnose.verdict.wanted import wanted
from scaffolder.docker.client import Engine

LOCK = {"/run/app/lock": File(b"7"), "/etc/app/lock": File(b"7")}
TAB = "\t"
ENDS = "X\t9\t7\t1\t0"


def ended(*records: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - of a case
    """Return a container whose copy did these things, and exited with 1."""
    calls = "".join(f"{record}\n" for record in records)
    files = {"files": {**SERVER, **LOCK}, "image_files": SERVER}
    return {**files, "trace": f"{STARTED}{calls}{ENDS}", **more}


def call(words: str) -> str:
    return f"C\t1\t7\t7\t{words}"


FOUND = call("newfstatat\t0\tp=/run/app/lock")


@pytest.mark.parametrize(
    "records",
    [
        (FOUND,),
        (FOUND, call("newfstatat\t-2\tp=/proc/self/x")),
        (call("openat\t-17\tp=/run/app/lock\tx=c1"),),
        (call("openat\t3\tp=/run/app/lock\tx=0"), call("kill\t0\ti=1\ti=0")),
        (call("openat\t3\tp=/etc/app/other\tx=0"), FOUND),
        (call("symlink\t-17\tp=7\tp=/run/app/lock"), call("openat\t-2\tp=/run/app/lock\tx=0")),
    ],
    ids=["found", "then-reports", "insists", "asks-for-the-process", "elsewhere-before", "links"],
)
def test_a_copy_goes_without_a_file_that_was_found_before_the_end(records: tuple[str, ...]) -> None:
    names = [factor.name for factor in wanted(case(**ended(*records)))]

    assert names[:1] == ["nothing in /run/app"]


@pytest.mark.parametrize(
    "records",
    [
        (FOUND, call("openat\t3\tp=/srv/data\tx=0")),
        (FOUND, call("openat\t-2\tp=/srv/data\tx=0")),
        (call("openat\t3\tp=/run/app/conf\tx=0"), FOUND),
        (call("newfstatat\t0\tp=/lock"),),
        (call("openat\t3\tp=/run/app/lock\tx=0"),),
        (call("newfstatat\t0\tp=/run/app"),),
    ],
    ids=["went-on", "failed-later", "uses-its-neighbour", "in-the-root", "reads-it", "directory"],
)
def test_no_other_file_is_taken_for_one_that_should_not_be_there(records: tuple[str, ...]) -> None:
    assert not any(f.name.startswith("nothing in") for f in wanted(case(**ended(*records))))


INSISTS = call("openat\t-17\tp=/run/app/lock\tx=c1")
VOLUME = {"mounts": (Mount("volume", "state", "/run/app"),)}


@pytest.mark.parametrize(
    ("where", "is_hidden"),
    [({"image_files": {**SERVER, **LOCK}}, False), ({"config": VOLUME}, True)],
    ids=["of the image", "a lock in a mount"],
)
def test_a_file_that_no_run_of_this_container_made_is_hidden_only_from_who_insists(
    where: dict[str, Any], *, is_hidden: bool
) -> None:
    """Whoever only looks may dislike its owner or its mode; unless it is a lock in a mount."""
    looked, insisted = (
        [factor.name for factor in wanted(case(**ended(record, **where)))]
        for record in (FOUND, INSISTS)
    )

    assert looked == ["nothing in /run/app"] * is_hidden
    assert insisted == ["nothing in /run/app"]


def test_nobody_is_told_to_hide_a_volume() -> None:
    fixes = []
    for where in ({}, {"config": VOLUME}):
        (hidden,) = wanted(case(**ended(INSISTS, **where)))
        assert hidden.cure
        fixes.append(hidden.cure.fix)

    assert "--tmpfs" in fixes[0]
    assert fixes[1] == "remove it at the start (rm -f /run/app/lock before exec)"


def test_a_program_that_ends_upon_the_signal_of_its_child_was_killed_from_inside() -> None:
    sent = "S\t2\t7\t15\t0\t8"
    child = "N\t1\t8\t7"
    died = judge(case(**ended(child, sent)))
    went_on = judge(
        case(**ended(child, sent, call("openat\t3\tp=/srv/data\tx=0").replace("C\t1", "C\t5")))
    )

    assert died.cause == "killed-from-inside"
    assert "signal 15" in died.text
    assert went_on.cause != "killed-from-inside"


@pytest.mark.parametrize("words", ["setpriority\t-13\ti=0", "sched_setscheduler\t-1\ti=0"])
def test_a_right_that_is_lacking_is_no_file_that_is_closed(words: str) -> None:
    assert judge(case(**tried(words))).cause == "capability-missing"


def test_a_refusal_that_is_usual_matters_only_as_the_last_thing_that_is_tried() -> None:
    refused = call("sched_setscheduler\t-1\ti=0")
    later = case(**ended(refused, call("newfstatat\t0\tp=/srv/data")))

    assert later.seen.failed_call is None


def test_texts_of_a_linked_c_library_are_not_the_programs() -> None:
    texts = b"\0API_TOKEN\0/srv/orders/key\0LC_ALL\0NIS_PATH\0/var/db/nis\0"
    alone = case(files={"/app/server": program(elf(text=texts))})
    linked = case(files={"/app/server": program(elf(interpreter="/lib/ld.so", text=texts))})

    assert [name for name, _, _ in named_variables(alone)] == ["API_TOKEN"]
    assert [path for path, _ in named_paths(alone)] == ["/srv/orders/key"]
    assert "NIS_PATH" in [name for name, _, _ in named_variables(linked)]


def naming(*paths: bytes, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - of a case
    """Return a silent container of a program with these texts."""
    files = {"/app/server": program(elf(text=b"\0" + b"\0".join(paths) + b"\0"))}
    return {"files": {**files, "/etc/there.toml": File()}, **more}


def test_the_only_file_that_a_silent_program_names_and_lacks_is_likely() -> None:
    found = judge(case(**naming(b"/etc/there.toml", b"/etc/orders/app.toml", b"/srv/orders/data")))

    assert (found.cause, found.verdict) == ("file-missing-silent", "likely")
    assert "/etc/orders/app.toml" in found.text


@pytest.mark.parametrize(
    "silent",
    [
        naming(b"/etc/a/x.toml", b"/etc/b/x.toml"),
        naming(b"/etc/there.toml"),
        naming(b"/srv/orders/data"),
        naming(b"/etc/a/x.toml", log="FATAL: the moon is not full"),
        naming(b"/etc/a/x.toml", trace=f"{STARTED}{ENDS}"),
    ],
    ids=["two", "there", "no-settings", "says-why", "watched"],
)
def test_a_file_that_is_only_named_is_not_blamed_beside_better_evidence(
    silent: dict[str, Any],
) -> None:
    assert judge(case(**silent)).cause != "file-missing-silent"


def test_a_program_on_a_tmpfs_is_not_called_missing() -> None:
    call = "execve\t-13\tp=/scratch/run.sh"
    tmpfs = {"tmpfs": {"/scratch": ""}}
    on_tmpfs = judge(case(**tried(call, config=tmpfs)))
    later = "C\t2\t7\t7\topenat\t3\tp=/var/log/run.log\tx=241\n"
    cleaned_up = judge(case(**tried(f"{call}\n{later}"[:-1], config=tmpfs)))
    elsewhere = judge(case(**tried(call)))

    assert (on_tmpfs.cause, on_tmpfs.verdict) == ("noexec", "likely")
    assert cleaned_up.cause == "noexec"
    assert elsewhere.cause == "program-not-found"


def test_a_peer_that_only_the_source_names_is_refuted_by_a_copy_that_looks_for_nobody() -> None:
    source = (
        "import os, socket\nif False: socket.create_connection(('127.0.0.1', 6379))\nos._exit(1)\n"
    )
    silent = py(source)
    watched = silent | {"trace": f"{STARTED}{ENDS}"}

    assert judge(case(**silent)).cause == "peer-unreachable-silent"
    assert judge(case(**watched)).cause != "peer-unreachable-silent"


def test_a_name_that_is_sought_on_the_path_is_a_program() -> None:
    path = {"config": {"env": {"PATH": "/usr/local/bin:/usr/bin"}}}
    places = [call(f"newfstatat\t-2\tp={folder}/jq") for folder in ("/usr/local/bin", "/usr/bin")]
    both = judge(case(**ended(*places, **path)))
    one = judge(case(**ended(places[1], **path)))

    assert (both.cause, one.cause) == ("program-not-found", "file-missing")
    assert "jq" in both.text


def test_a_signal_to_pid_1_is_one_to_the_first_process() -> None:
    child, kill, passed_on = "N\t1\t8\t7", "C\t2\t8\t8\tkill\t0\ti=1\ti=15", "S\t2\t7\t15\t0\t1"
    from_inside = judge(case(**ended(child, kill, passed_on)))
    from_outside = judge(case(**ended(child, passed_on)))

    assert (from_inside.cause, "with signal 15" in from_inside.text) == ("killed-from-inside", True)
    assert from_outside.cause != "killed-from-inside"


CHILD = "P\t1\t8\t/app/server\t/app/server\\x00\n"


def test_a_program_that_leaves_a_process_behind_is_a_daemon() -> None:
    moved = f"{STARTED}N\t1\t8\t7\n{CHILD}X\t9\t7\t0\t0"
    alone = f"{STARTED}X\t9\t7\t0\t0"

    assert judge(case(exit_code=0, files=SERVER, trace=moved)).cause == "daemonises"
    assert judge(case(exit_code=0, files=SERVER, trace=alone)).verdict == "healthy"


@pytest.mark.parametrize(
    ("name", "advice"),
    [("named", "named -g"), ("mosquitto", "without -d"), ("smbd", "-F --no-process-group")],
)
def test_how_a_server_stays_in_the_foreground_is_told(name: str, advice: str) -> None:
    child = CHILD.replace("/app/server", f"/usr/sbin/{name}")
    moved = f"{STARTED}N\t1\t8\t7\n{child}X\t9\t7\t0\t0"

    assert judge(case(exit_code=0, files=SERVER, trace=moved)).fix.endswith(advice)


def test_what_a_daemon_looks_for_before_it_goes_into_the_background_is_no_cause() -> None:
    asked = "C\t1\t7\t7\tnewfstatat\t-2\tp=/run/systemd/system\n"
    moved = f"{STARTED}{asked}N\t1\t8\t7\n{CHILD}X\t9\t7\t0\t0"
    found = judge(case(exit_code=0, files=SERVER, trace=moved, config={"restart": "always"}))

    assert (found.cause, found.others) == ("daemonises", ())


@pytest.mark.parametrize(
    "work",
    [
        "openat\t3\tp=/var/lib/app/result\tx=241",
        "connect\t-101\ta=inet:10.0.0.9:5432\tf=3:socket:[9]",
    ],
    ids=["writes", "asks-a-peer"],
)
def test_a_job_may_leave_behind_what_it_worked_with(work: str) -> None:
    last = "X\t9\t7\t0\t0"
    beside = f"{STARTED}N\t1\t8\t7\n{CHILD}C\t2\t7\t7\t{work}\n{last}"
    before = f"{STARTED}C\t0\t7\t7\t{work}\nN\t1\t8\t7\n{CHILD}{last}"
    told: dict[str, Any] = {"exit_code": 0, "files": SERVER, "log": "migrated 12 rows"}

    assert judge(case(**told, trace=beside)).verdict == "healthy"
    assert judge(case(**told, trace=before)).cause == "daemonises"


def test_a_script_that_starts_its_server_last_leaves_a_daemon_behind() -> None:
    """What it started before, and worked with, stays behind as well."""
    helper = CHILD + "C\t2\t7\t7\tconnect\t0\ta=inet:127.0.0.1:6379\tf=3:socket:[9]\n"
    server = CHILD.replace("\t8\t", "\t9\t").replace("/app/server", "/usr/sbin/nginx")
    last = f"N\t3\t9\t7\n{server}N\t3\t10\t9\nX\t9\t7\t0\t0"
    found = judge(case(exit_code=0, files=SERVER, trace=f"{STARTED}N\t1\t8\t7\n{helper}{last}"))

    assert found.cause == "daemonises"
    assert "leaves nginx behind" in found.text


def test_a_pid_file_is_not_the_work_of_a_job() -> None:
    wrote = "C\t2\t7\t7\topenat\t3\tp=/run/server.pid\tx=241\n"
    moved = f"{STARTED}N\t1\t8\t7\n{CHILD}{wrote}X\t9\t7\t0\t0"

    assert judge(case(exit_code=0, files=SERVER, trace=moved)).cause == "daemonises"


def test_what_works_for_long_beside_a_process_is_a_job() -> None:
    moved = f"{STARTED}N\t1\t8\t7\n{CHILD}X\t9000\t7\t0\t0"

    assert judge(case(exit_code=0, files=SERVER, trace=moved, log="done")).verdict == "healthy"


def test_a_daemon_that_is_known_is_told_how_to_stay() -> None:
    cron = f"{STARTED}N\t1\t8\t7\nP\t1\t8\t/usr/sbin/cron\t/usr/sbin/cron\\x00\nX\t9\t7\t0\t0"

    assert "cron -f" in judge(case(exit_code=0, files=SERVER, trace=cron)).fix


USERS = {"/etc/passwd": File(b"root:x:0:0::/root:/bin/sh\nweb:x:33:33::/:/bin/sh\n")}
REFUSED = call("openat\t-13\tp=/data/x\tx=241")


@pytest.mark.parametrize(
    ("records", "who"),
    [
        ((call("setresuid\t0\ti=33\ti=33\ti=33"), REFUSED), "web (uid 33)"),
        ((call("setuid\t0\ti=33"), REFUSED), "web (uid 33)"),
        ((call("setreuid\t0\ti=-1\ti=33"), REFUSED), "web (uid 33)"),
        ((call("setuid\t0\ti=33"), call("setresuid\t0\ti=-1\ti=0\ti=-1"), REFUSED), "root (uid 0)"),
        ((call("setuid\t-1\ti=33"), REFUSED), "root (uid 0)"),
        ((call("setreuid\t0\ti=33\ti=-1"), REFUSED), "root (uid 0)"),
        ((REFUSED,), "root (uid 0)"),
    ],
    ids=["at-once", "setuid", "effective", "back", "refused", "real-one-only", "never"],
)
def test_a_program_is_the_user_that_it_became(records: tuple[str, ...], who: str) -> None:
    found = judge(case(**{**ended(*records), "files": {**SERVER, **USERS, "/data": folder()}}))

    assert found.text.startswith(f"{who} cannot access /data/x")
    assert ("chown 33" in found.fix) is who.startswith("web")


def test_a_child_is_the_user_that_its_parent_was_when_it_made_it() -> None:
    child, refused = "N\t2\t8\t7", "C\t3\t8\t8\topenat\t-13\tp=/data/x\tx=241"
    became, over = "C\t{}\t7\t7\tsetuid\t0\ti=33", "X\t4\t8\t1\t0"
    files = {**SERVER, **USERS, "/data": folder()}
    before = case(**{**ended(became.format(1), child, refused, over), "files": files})
    after = case(**{**ended(child, refused, over, became.format(8)), "files": files})

    assert judge(before).text.startswith("web (uid 33) cannot access")
    assert not judge(after).text.startswith("web")


@pytest.mark.parametrize(("wrapper", "names_it"), [("/usr/bin/su", True), ("/app/server", False)])
def test_what_cleans_up_after_its_child_passes_its_end_on(wrapper: str, names_it: bool) -> None:  # noqa: FBT001
    records = (
        f"P\t0\t7\t{wrapper}\t{wrapper}\\x00", "N\t1\t8\t7", CHILD.strip(),
        "C\t2\t8\t8\topenat\t-2\tp=/etc/app/rates.csv\tx=0", "X\t3\t8\t1\t0",
        "C\t4\t7\t7\topenat\t3\tp=/var/log/lastlog\tx=0",
    )  # fmt: skip

    assert ("/etc/app/rates.csv" in judge(case(**ended(*records))).text) is names_it


def test_a_lock_that_another_process_holds_is_no_limit_of_processes() -> None:
    held = case(**ended(call("flock\t-11\tf=3:/run/app/lock\ti=6")))
    forked = case(**ended(call("clone\t-11\tx=0")))

    assert judge(held).cause == "left-over"
    assert judge(forked).cause == "pids-limit"


def test_a_time_limit_that_timeout_sets_is_named_though_its_child_dies_first() -> None:
    records = (
        "P\t0\t7\t/usr/bin/timeout\ttimeout\\x002\\x00/app/server\\x00", "N\t1\t8\t7", CHILD.strip(),
        "C\t2\t7\t7\tkill\t0\ti=8\ti=15", "S\t2\t8\t15\t0\t7", "C\t3\t7\t7\tkill\t0\ti=0\ti=18",
        "X\t3\t8\t0\t15",
    )  # fmt: skip
    told = {**ended(*records), "exit_code": 124}
    told["trace"] = told["trace"].replace(ENDS, "X\t9\t7\t124\t0")

    assert "timeout ends what it runs" in judge(case(**told)).text


def test_a_name_service_that_containers_lack_is_no_cause() -> None:
    asked = call("connect\t-2\ta=unix:/var/run/nscd/socket\tf=3:socket:[9]")

    assert judge(case(**ended(asked))).verdict == "undetermined"
    found = judge(case(**ended(asked, call("openat\t3\tp=/etc/passwd\tx=0"))))
    assert found.cause == "account-missing"


def test_a_file_of_accounts_is_a_text_as_others_to_grep() -> None:
    asked = call("openat\t3\tp=/etc/passwd\tx=0")
    told = {**ended(asked), "files": {**SERVER, "/usr/bin/grep": program(elf())}}
    told["trace"] = told["trace"].replace("/app/server", "/usr/bin/grep")

    assert judge(case(**told)).cause != "account-missing"


@pytest.mark.parametrize(
    ("failed", "is_told"),
    [("mkdir\t-13\tp=/data/lock", True), ("mkdir\t-17\tp=/data/lock", False),
     ("openat\t-13\tp=/data/lock\tx=0", False)],
)  # fmt: skip
def test_a_job_that_may_not_make_what_it_wants_has_failed_also_with_0(
    failed: str, *, is_told: bool
) -> None:
    told = {**ended(call(failed)), "exit_code": 0}
    told["trace"] = told["trace"].replace(ENDS, ENDS.replace("\t1\t0", "\t0\t0"))
    found = judge(case(**told))

    assert (found.verdict != "healthy") is is_told, found


def test_an_account_that_a_variable_names_is_told_if_it_is_the_missing_one() -> None:
    asked = call("openat\t3\tp=/etc/passwd\tx=0")
    missing = case(**ended(asked, config={"env": {"RUN_USER": "gateway", "MODE": "fast"}}))
    there = case(**ended(asked, config={"env": {"RUN_USER": "app"}}))

    assert "gateway, which RUN_USER names" in judge(missing).text
    assert "useradd --system gateway" in judge(missing).fix
    assert "RUN_USER" not in judge(there).text


@pytest.mark.parametrize(
    ("files", "shown"),
    [
        ({"/data/VERSION": File(b"2\n")}, "/data/VERSION, which has `2`"),
        ({"/data/token": File(b"hunter2\n")}, "/data/token, which has 8 bytes"),
        ({"/data/motd": File(b"good morning\n")}, "/data/motd, which has 13 bytes"),
        ({"/data/plugins": folder()}, "the directory /data/plugins, which is empty"),
        ({"/data/plugins/auth.bak": File()}, "the directory /data/plugins, which has auth.bak"),
    ],
    ids=["a version", "a secret", "a text", "nothing", "another file"],
)
def test_what_a_silent_program_reads_last_is_told(files: dict[str, File], shown: str) -> None:
    path = next(iter(files)).removesuffix("/auth.bak")
    found = judge(case(**ended(call(f"openat\t3\tp={path}\tx=0"), files={**SERVER, **files})))

    assert (found.cause, found.verdict) == ("reads-last", "likely")
    assert found.text.endswith(f"is {shown}")
    assert "hunter2" not in str(found)


@pytest.mark.parametrize("path", ["/usr/lib/x.conf", "/etc/localtime", "/data/gone", "/", "/app"])
def test_what_a_system_reads_last_is_no_cause(path: str) -> None:
    files = {**SERVER, "/usr/lib/x.conf": File(b"1"), "/etc/localtime": File(b"1")}

    assert (
        judge(case(**ended(call(f"openat\t3\tp={path}\tx=0"), files=files))).cause != "reads-last"
    )


def test_a_virtual_machine_that_ends_does_not_hide_what_failed_before() -> None:
    records = (
        call("openat\t-2\tp=/etc/app/app.properties\tx=0"),
        call("openat\t3\tp=/opt/java/lib/libnio.so\tx=0"),
        call("stat\t-2\tp=/app/META-INF/services/java.lang.System$LoggerFinder"),
    )

    assert "/etc/app/app.properties" in judge(case(**ended(*records))).text


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("const a = require('fs'), e = require('express')", "express"),
        ("import x from '@scope/queue'", "@scope/queue"),
        ("import fs from 'node:fs'", ""),
    ],
)
def test_a_package_that_node_looks_for_everywhere_is_named(source: str, name: str) -> None:
    missed = ("/app/node_modules", "/node_modules", "/root/.node_modules", "/usr/lib/node")
    trace = "".join(call(f"statx\t-2\tp={place}") + "\n" for place in missed)
    files = {"/usr/bin/node": program(elf()), "/app/main.js": File(source.encode())}
    found = judge(case("node /app/main.js", files=files, trace=f"{STARTED}{trace}{ENDS}"))

    assert found.cause == "node-module-missing"
    assert (f"package {name} is" in found.text) == bool(name)


@pytest.mark.parametrize(("number", "cause"), [(6, "file-missing"), (11, "segfault")])
def test_a_crash_says_what_was_asked_for_in_vain_before(number: int, cause: str) -> None:
    """An abort() is a decision over it; a crash may have nothing to do with it."""
    asked = call("stat\t-2\tp=/etc/app/key")
    trace = f"{STARTED}{asked}\nX\t2\t7\t0\t{number}"
    found = judge(case(exit_code=128 + number, files=SERVER, trace=trace))

    assert found.cause == cause
    assert "/etc/app/key" in found.text


def test_a_directory_that_an_unset_variable_names_comes_before_what_is_missed_there() -> None:
    script = program("#!/bin/sh\ncd $APP_HOME\nexec ./run 2>/dev/null\n")
    files = {"/s.sh": script, "/run": File(kind="directory"), "/srv/run": program(elf())}

    found = judge(case("/s.sh", exit_code=126, files=files))
    assert (found.cause, "APP_HOME" in found.text) == ("variable-missing", True)
    given = judge(case("/s.sh", exit_code=126, files=files, config={"env": {"APP_HOME": "/srv"}}))
    assert given.cause != "variable-missing"


def test_an_empty_variable_is_left_out_of_a_copy() -> None:
    of = case(files=SERVER, config={"env": {"PORT": "", "HOME": "/"}})

    assert {"no variable PORT"} == {f.name for f in factors(of) if f.name.startswith("no var")}


def test_a_loop_that_tests_by_a_missing_program_waits_for_that() -> None:
    script = program("#!/bin/sh\nuntil nc -z db 5432 2>/dev/null; do sleep 1; done\n")
    up: dict[str, Any] = {
        "state": {"status": "running", "exit_code": 0, "finished": None},
        "exit_code": 0,
    }
    has = {"/bin/nc": program(elf()), "/bin/sleep": program(elf()), "/s.sh": script}

    assert "nc, which is not installed" in judge(case("/s.sh", files={"/s.sh": script}, **up)).text
    assert "not installed" not in judge(case("/s.sh", files=has, **up)).text


@pytest.mark.parametrize(
    ("says", "asks"),
    [
        ("Usage: server <serve|migrate>", True),
        ("usage: server [-h] COMMAND", True),
        ("Usage: server [OPTIONS]\n\nCommands:\n  serve", True),
        ("Usage: server [--port <N>]", False),
        ("listening on 8080", False),
    ],
)
def test_help_names_arguments_that_are_missing(
    says: str, *, asks: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(_engine: Engine, _case: Case, factor: Factor, _tracer: object = None) -> Outcome:
        asked = factor.config.argv[-1] == "--help"
        return Outcome(alive=False, exit_code=0 if asked else 2, text=says if asked else "")

    monkeypatch.setattr("scaffolder.diagnose.verdict.copies.run", run)
    monkeypatch.setattr("scaffolder.diagnose.verdict.unchanged.run", run)
    of = case(exit_code=2, files=SERVER, host=Host(architecture="amd64"))
    found = judge(of, try_factors(Engine("docker"), of))

    assert (found.cause == "usage-printed") == asks
    if asks:
        assert found.evidence[0].command == "docker run --rm orders /app/server --help"


@pytest.mark.parametrize(("opened", "is_found"), [("/var/log/app.log", True), ("/x", False)])
def test_what_a_copy_wrote_stands_for_what_the_container_wrote(
    opened: str, *, is_found: bool
) -> None:
    files = {**SERVER, "/var/log/app.log": File(b"FATAL: wrong passphrase\n")}
    others = {"changed": (("A", "/var/log/app.log"),)}
    trace = f"{STARTED}{call(f'openat 3 p={opened} x=441'.replace(' ', TAB))}\n{ENDS}"
    found = judge(case(files=files, trace=trace, sources=others))

    assert (found.cause == "output-in-file") == is_found


def test_a_copy_that_ran_ahead_is_compared_once() -> None:
    class Once:
        compared: Outcome | None = None
        obstacle = ""
        asked = 0

        def outcome(self) -> Outcome:
            self.asked += 1
            return Outcome(alive=False, exit_code=1, text="", trace=read(f"{STARTED}{ENDS}"))

    of, once = case(host=Host(architecture="amd64")), Once()
    ran = [unchanged(Engine("docker"), of, cast("Any", once)) for _ in range(2)]

    assert (ran[0] is ran[1], once.asked) == (True, 1)
    assert of.seen.trace.processes


@pytest.mark.parametrize(
    ("ended", "is_alive", "is_kept"),
    [(9000, True, True), (300, True, False), (9000, False, False)],
    ids=["after the other's time", "early", "both ended"],
)
def test_what_a_watched_copy_did_counts_where_the_other_one_had_less_time(
    ended: int, *, is_alive: bool, is_kept: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The container lived for 1 s, so a copy that is not watched is given 3.5 s."""
    trace = read(f"{STARTED}X\t{ended}\t7\t75\t0")

    def run(_engine: Engine, _case: Case, _factor: Factor, tracer: object = None) -> Outcome:
        if tracer:
            return Outcome(alive=False, exit_code=75, text="", trace=trace)
        return Outcome(alive=is_alive, exit_code=0 if is_alive else 4, text="")

    monkeypatch.setattr("scaffolder.diagnose.verdict.unchanged.run", run)
    of = case(host=Host(architecture="amd64"), files=SERVER)
    same = unchanged(Engine("docker"), of)

    assert (same.trace is trace) == is_kept
    assert bool(of.unsought) != is_kept


@pytest.mark.parametrize(
    ("used_up", "expected"), [(1, ("stack-overflow", "likely")), (0, ("segfault", "proven"))]
)
def test_a_used_up_stack_comes_before_what_the_kernel_proves(
    used_up: int, expected: tuple[str, str]
) -> None:
    trace = f"{STARTED}S\t2\t7\t11\t1\t0\t{used_up}\nX\t2\t7\t0\t11"
    message = EXAMPLES["segfault"]["sources"]
    found = judge(case(files=SERVER, exit_code=139, trace=trace, sources=message))

    assert (found.cause, found.verdict) == expected


def test_a_crash_of_a_child_that_is_survived_is_no_cause() -> None:
    trace = f"{STARTED}N\t1\t8\t7\nS\t2\t8\t11\t1\t0\t1\nX\t2\t8\t0\t11\n{ENDS}"

    assert judge(case(files=SERVER, trace=trace)).cause != "stack-overflow"


@pytest.mark.parametrize(
    ("refused", "needs"), [("sethostname", "CAP_SYS_ADMIN"), ("fchownat", "CAP_CHOWN")]
)
def test_a_refused_call_names_the_capability_that_it_needs(refused: str, needs: str) -> None:
    assert needs in judge(case(**tried(f"{refused}\t-1"))).text


def test_a_program_that_asks_at_its_terminal_needs_one() -> None:
    asked = ended(call("openat\t-6\tp=/dev/tty\tx=2"))
    without, with_one = case(**asked), case(**asked | {"config": {"tty": True}})

    assert judge(without).cause == "input-closed"
    assert "/dev/tty" in judge(without).text
    assert judge(with_one).cause != "input-closed"


def test_a_read_only_tmpfs_is_told_from_a_read_only_root() -> None:
    refused = ended(call("openat\t-30\tp=/dev/shm/sem.x\tx=c2"))
    mounted = case(**refused | {"config": {"tmpfs": {"/dev/shm": "ro"}}})
    root = case(**refused | {"config": {"read_only": True}})

    assert "/dev/shm is mounted read-only" in judge(mounted).text
    assert "root filesystem is read-only" in judge(root).text


def test_what_is_said_of_packages_is_asked_for_as_they_are_listed() -> None:
    listed = "/usr/lib/python3/dist-packages/packaging-25.0.dist-info/entry_points.txt"

    assert judge(case(**ended(call(f"openat\t-2\tp={listed}\tx=0")))).cause != "file-missing"


def test_what_a_read_only_root_refuses_is_named_where_the_program_calls_that_otherwise() -> None:
    refused = call("openat\t-30\tp=/srv/ledger.db\tx=42"), call("openat\t3\tp=/srv/note\tx=0")
    root = case(**ended(*refused, config={"read_only": True}, log="unable to open database file"))
    other = case(**ended(*refused, log="unable to open database file"))

    assert (
        "read-only (--read-only), and the program cannot write to /srv/ledger.db"
        in judge(root).text
    )
    assert judge(other).cause != "read-only-root"


@pytest.mark.parametrize(
    ("call_", "is_told"),
    [
        ("renameat\t-16\tp=/etc/app/.new\tp=/etc/app/flags.json", True),
        ("unlink\t-16\tp=/etc/app/flags.json", True),
        ("renameat\t-16\tp=/etc/app/.new\tp=/etc/app/other.json", False),
        ("mount\t-16\tp=/etc/app/flags.json", False),
    ],
)
def test_a_mount_that_a_program_wants_to_replace_is_told(call_: str, *, is_told: bool) -> None:
    config = {"mounts": (Mount("bind", "/srv/flags.json", "/etc/app/flags.json"),)}
    found = judge(case(**ended(call(call_), config=config)))

    assert (found.cause == "mount-replaced") == is_told
    assert not is_told or "/etc/app/flags.json, which is a mount of its own" in found.text
