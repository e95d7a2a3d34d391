"""`proven` is a promise: what copies and words prove, and what they do not."""

from dataclasses import replace
from typing import Any

import pytest
from recorded import case, elf, folder, program

from examples import EXAMPLES, SERVER, TRACEBACK, bind, py, said, tried
from scaffolder.diagnose.causes.catalogue import Basis, Cause, Found, causes
from scaffolder.diagnose.evidence.config import Mount
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.verdict import cures, factors
from scaffolder.diagnose.verdict.judge import by_rerun, candidates, judge
from scaffolder.diagnose.verdict.judgement import HOW
from scaffolder.diagnose.verdict.proof import holds, is_certain
from scaffolder.diagnose.verdict.rerun import Rerun
from scaffolder.diagnose.verdict.wanted import wanted

CURES = {
    name: value for name, value in vars(cures).items() if isinstance(value, cures.Cure)
}  # fmt: skip


def cured(cure: cures.Cure) -> Rerun:
    """Return what is known when a copy with that change does not fail."""
    return Rerun(
        cure.cause,
        cure.pattern,
        cure.text,
        cure.fix,
        cured=True,
        proves=cure.proves,
        factor=cure.factor,
        tried=["rerun with a change: runs on"],
    )


def found(title: str, text: str, **more: Any) -> tuple[Cause, Found]:  # noqa: ANN401 - of a Found
    nothing: frozenset[str] = frozenset()
    cause = Cause(
        "x", "x", "process", title, ("logs",), "", Phase.DIED, Basis.NAMED, nothing, nothing,
        lambda _case: None,
    )  # fmt: skip
    return cause, Found(text, "fix", (), proven=True, **more)


@pytest.mark.parametrize(
    ("log", "verdict"),
    [
        ("Error: config.yml missing or unreadable, or DATABASE_URL not set", "likely"),
        ("KeyError: 'DATABASE_URL'", "proven"),
    ],
)
def test_a_program_that_names_two_causes_proves_neither(log: str, verdict: str) -> None:
    found = judge(case("/app/server", log, 1, SERVER))

    assert (found.cause, found.verdict) == ("variable-missing", verdict), found


@pytest.mark.parametrize(
    ("title", "text", "certain"),
    [
        ("the disk is full", "no space on /data: write failed, or the disk is slow", True),
        ("the disk is full", "the file 'this or that' does not exist", True),
        ("the disk is full or slow", "no space on /data", False),
        ("the disk is full", "no space on /data, or no permission", False),
        ("the disk is full", "probably no space", False),
    ],
)
def test_what_may_be_one_thing_or_another_is_no_proof(
    title: str, text: str, *, certain: bool
) -> None:
    assert is_certain(*found(title, text)) is certain
    assert holds(case(), *found(title, text)) is certain


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_is_proven_claims_one_thing(name: str) -> None:
    judged = judge(case(**EXAMPLES[name]))
    title = next((cause.title for cause in causes() if cause.id == judged.cause), "")

    assert judged.verdict != "proven" or is_certain(*found(title, judged.text)), judged.text


TAKEN_AWAY = ("MOUNT", "ROOT", "SECURITY")


@pytest.mark.parametrize("name", CURES)
def test_only_taking_away_a_mount_a_user_or_a_security_option_proves_nothing(name: str) -> None:
    judged = judge(case(files=SERVER), cured(CURES[name]))

    assert judged.verdict == ("likely" if name in TAKEN_AWAY else "proven")


def test_a_mount_that_is_taken_away_does_not_silence_what_the_program_says() -> None:
    log = "FATAL: data in /data is of a format that this program does not know"
    mounts = (Mount("volume", "", "/data", name="data"),)
    broken = case(log=log, files=SERVER, config={"mounts": mounts})
    judged = judge(broken, cured(cures.MOUNT))

    assert judged.cause == judge(broken).cause
    assert judged.verdict == "likely"
    assert "/data is of a format" in judged.text
    assert judged.others[0] == (cures.MOUNT.cause, cures.MOUNT.text), "it stays a lead"


def test_a_mount_that_hides_a_file_is_proven_by_both_witnesses() -> None:
    stale = case(
        files={"/app/server": program(elf(text=b"old"))},
        image_files=SERVER,
        config={"mounts": (Mount("volume", "", "/app", name="v"),)},
    )

    assert judge(stale).verdict == "likely"
    judged = judge(stale, cured(cures.MOUNT))
    assert (judged.cause, judged.verdict) == ("volume-stale", "proven")


def test_a_user_is_proven_to_matter_where_the_file_is_seen_to_be_closed() -> None:
    files = {
        "/app/server": program(elf(text=b"\0/var/log/app/app.log\0")),
        "/var/log/app": folder(0o755),
    }
    broken = case(files=files, config={"user": "app"})
    judged = judge(broken, cured(cures.ROOT))

    assert (judged.cause, judged.verdict) == ("not-writable-silent", "proven")


@pytest.mark.parametrize(
    ("path", "mode", "writable", "expected"),
    [
        ("/data/x", 0o755, True, ("file-closed", "likely")),
        ("/data/x", 0o777, True, ("undetermined", "undetermined")),
        ("/data/x", 0o755, False, ("read-only-root", "likely")),
        ("/database", 0o755, True, ("read-only-root", "likely")),
    ],
)
def test_a_mount_that_only_the_copy_has_read_only_is_not_what_refuses(
    path: str, mode: int, expected: tuple[str, str], *, writable: bool
) -> None:
    refused = case(
        **tried(
            f"openat\t-30\tp={path}\tx=41",
            files={"/app/server": program(), "/data": folder(mode)},
        ),
        config={"user": "33", "mounts": (bind("/host", "/data", writable=writable),)},
    )

    assert (judge(refused).cause, judge(refused).verdict) == expected


def test_a_closed_directory_is_no_proof_where_the_log_says_read_only() -> None:
    refused = case(
        **said(
            "open /data/x: read-only file system",
            files={"/app/server": program(), "/data": folder()},
        ),
        config={"user": "33", "mounts": (bind("/host", "/data"),)},
    )

    assert (judge(refused).cause, judge(refused).verdict) == ("file-closed", "likely")


def test_a_call_that_failed_before_the_end_is_no_proof_until_a_copy_is_cured() -> None:
    refused = case(**tried("openat\t-30\tp=/data/x\tx=41"), config={"read_only": True})
    cure = cured(cures.WRITABLE)

    assert (judge(refused).cause, judge(refused).verdict) == ("read-only-root", "likely")
    assert (judge(refused, cure).cause, judge(refused, cure).verdict) == (
        "read-only-root",
        "proven",
    )


def test_a_file_that_only_the_copy_lacks_is_not_put_into_another_one() -> None:
    lacking = case(**tried("openat\t-2\tp=/app/server"))
    missing = case(**tried("openat\t-2\tp=/app/licence"))

    assert not list(wanted(lacking))
    assert [list(factor.files) for factor in wanted(missing)] == [["/app/licence"]]


@pytest.mark.parametrize("name", EXAMPLES)
def test_copies_never_make_an_answer_worse(name: str) -> None:
    broken = case(**EXAMPLES[name])
    known = candidates(broken)
    answers = [by_rerun(broken, cured(cure), known) for cure in CURES.values()]

    for answer in filter(None, answers):
        assert answer.verdict == "proven", answer
        assert not known[0][1].proven or known[0][0].id in HOW, "what was proven is no longer open"


def test_a_proof_stays_whatever_a_copy_does() -> None:
    before = judge(case(**EXAMPLES["variable-missing"]))

    assert judge(case(**EXAMPLES["variable-missing"]), cured(cures.WRITABLE)) == replace(
        before, ruled_out=(*before.ruled_out, "rerun with a change: runs on")
    )


def test_each_change_of_a_copy_is_one_change() -> None:
    config = {
        "user": "app",
        "read_only": True,
        "memory": 1 << 26,
        "pids": 10,
        "ulimits": {"nofile": 9, "nproc": 9},
        "capabilities_dropped": ("ALL",),
        "security": ("no-new-privileges", "seccomp={}"),
        "mounts": (bind("/a", "/a"), bind("/b", "/b")),
    }
    broken = case(files=SERVER, config=config)

    for factor in factors.factors(broken):
        changed = [
            name for name, value in vars(factor.config).items()
            if value != getattr(broken.config, name) and name != "swap"
        ]  # fmt: skip
        assert len(changed) == 1, (factor.name, changed)


CHAINED = "During handling of the above exception, another exception occurred:"
WARNED = "WARNING: API_KEY is not set, using a default"


@pytest.mark.parametrize(
    ("log", "proven"),
    [
        ("Error: API_KEY is not set", True),
        (WARNED, False),
        (f"{TRACEBACK}KeyError: 'API_KEY'", True),
        (f"API_KEY is not set\n{TRACEBACK}ZeroDivisionError: division by zero", False),
        (f"API_KEY is not set\n{TRACEBACK}RuntimeError: API_KEY", True),
        (f"{TRACEBACK}KeyError: 'API_KEY'\n\n{CHAINED}\n\n{TRACEBACK}RuntimeError: x", True),
    ],
)
def test_a_warning_or_what_another_failure_overtook_proves_nothing(
    log: str, *, proven: bool
) -> None:
    judged = judge(case(files=SERVER, log=log))

    assert (judged.verdict == "proven" and judged.cause == "variable-missing") is proven, judged


@pytest.mark.parametrize(
    ("log", "verdict"), [(f"{WARNED}\n12 rows written", "healthy"), (WARNED, "healthy")]
)
def test_a_job_that_only_warned_has_done_its_work(log: str, verdict: str) -> None:
    assert judge(case(files=SERVER, log=log, exit_code=0)).verdict == verdict


def test_a_job_that_ends_with_what_it_lacks_has_not_done_its_work() -> None:
    judged = judge(case(files=SERVER, log="Error: API_KEY is not set", exit_code=0))

    assert judged.cause == "variable-missing"


@pytest.mark.parametrize(
    "example",
    [
        said("cannot use any of /opt/a.yml /opt/b.yml: No such file or directory"),
        said("state will be written to /run/app/state", config={"env": {"STATE_FILE": "/run/app/state"}}),
        py("open('x')", log=TRACEBACK + "FileNotFoundError: [Errno 2] No usable temporary directory found in ['/a', '/b']"),
    ],
    ids=["one of many", "named and not missed", "none of a list"],
)  # fmt: skip
def test_a_path_that_merely_does_not_exist_proves_nothing(example: dict[str, Any]) -> None:
    assert judge(case(**example)).verdict != "proven"


def test_a_script_that_goes_on_without_a_program_did_not_end_of_it() -> None:
    script = "#!/bin/sh\n/opt/hook\nexec /app/server\n"
    log = "/s.sh: line 2: /opt/hook: not found\nlistening\nsegmentation violation"
    judged = judge(case("/s.sh", log, 1, files={**SERVER, "/s.sh": program(script)}))

    assert (judged.cause, judged.verdict) != ("path-wrong-in-script", "proven")
