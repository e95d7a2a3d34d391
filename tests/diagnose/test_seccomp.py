"""A seccomp profile is named for the calls that it refuses, and for no others."""

import json
from typing import Any

import pytest
from recorded import case

from examples import SERVER, STARTED
from scaffolder.diagnose.evidence.config import Config
from scaffolder.diagnose.verdict import allowed
from scaffolder.diagnose.verdict.judge import judge


def profile(default: str, names: list[str], action: str) -> str:
    rules = [{"names": names, "action": action}]
    return "seccomp=" + json.dumps({"defaultAction": default, "syscalls": rules})


DENIES = profile("SCMP_ACT_ALLOW", ["mkdir", "mkdirat"], "SCMP_ACT_ERRNO")
ALLOWS = profile("SCMP_ACT_ERRNO", ["mkdir", "mkdirat", "read", "write"], "SCMP_ACT_ALLOW")
MKDIR = "mkdir: cannot create directory '/x': Operation not permitted"
CHOWN = "chown: changing ownership of '/x': Operation not permitted"


@pytest.mark.parametrize(
    ("security", "log", "cause", "verdict"),
    [
        (DENIES, MKDIR, "seccomp-refuses", "proven"),
        (ALLOWS, CHOWN, "seccomp-refuses", "proven"),
        (DENIES, CHOWN, "capability-missing", "likely"),
        ("seccomp=unconfined", MKDIR, "capability-missing", "likely"),
        ("no-new-privileges", MKDIR, "capability-missing", "likely"),
        ("seccomp={broken", MKDIR, "capability-missing", "likely"),
    ],
)
def test_a_refused_call(security: str, log: str, cause: str, verdict: str) -> None:
    found = judge(case(files=SERVER, log=log, config={"security": (security,)}))

    assert (found.cause, found.verdict) == (cause, verdict), found
    assert "{" not in found.text, "the profile itself is no text for a sentence"


ENDS = "C\t2\t7\t7\t%s\t-1\tx=1\nC\t3\t7\t7\topenat\t3\tp=/data/rows\tx=0\nX\t9\t7\t1\t0"


@pytest.mark.parametrize(
    ("call", "log", "is_named"),
    [
        ("clone3", "", True),
        ("clone3", "startup failed", True),
        ("clone3", "cannot reach the store", False),
        ("membarrier", "", False),
    ],
)
def test_a_call_that_fails_without_a_word_is_named_where_the_profile_refuses_it(
    call: str, log: str, *, is_named: bool
) -> None:
    option = profile("SCMP_ACT_ALLOW", ["clone3"], "SCMP_ACT_ERRNO")
    of = case(files=SERVER, log=log, trace=STARTED + ENDS % call, config={"security": (option,)})
    found = judge(of)

    assert (found.cause == "seccomp-refuses") is is_named, found
    assert not is_named or f"a system call: {call}" in found.text


REFUSES = [{"names": ["ptrace", "mkdir"], "action": "SCMP_ACT_ERRNO"}]
OLD = [{"name": "ptrace", "action": "SCMP_ACT_ERRNO"}, {"name": "mkdir", "action": "SCMP_ACT_KILL"}]


@pytest.mark.parametrize(
    ("default", "rules", "kept"),
    [
        ("SCMP_ACT_ALLOW", REFUSES, [["mkdir"]]),
        ("SCMP_ACT_ALLOW", OLD, [["mkdir"]]),
        (
            "SCMP_ACT_ERRNO",
            [{"names": ["read"], "action": "SCMP_ACT_ALLOW"}],
            [["read"], ["ptrace"]],
        ),
    ],
)
def test_a_copy_that_is_watched_may_be_traced_and_no_more(
    default: str, rules: list[dict[str, Any]], kept: list[list[str]]
) -> None:
    option = "seccomp=" + json.dumps({"defaultAction": default, "syscalls": rules})
    changed = allowed.traced(Config(security=(option, "no-new-privileges"))).security
    found = json.loads(changed[0].removeprefix("seccomp="))

    assert [rule["names"] for rule in found["syscalls"]] == kept
    assert found["syscalls"][-1]["action"] in (rules[-1]["action"], "SCMP_ACT_ALLOW")
    assert changed[1] == "no-new-privileges"


@pytest.mark.parametrize("option", ["seccomp=unconfined", "seccomp={", "seccomp=[]", "apparmor=x"])
def test_what_is_no_profile_is_left_as_it_is(option: str) -> None:
    assert allowed.traced(Config(security=(option,))).security == (option,)


KEY = "keyctl: add_key: Operation not permitted"


@pytest.mark.parametrize(
    ("security", "log", "cause"),
    [
        ((), KEY, "seccomp-refuses"),
        ((), "io_uring_queue_init: Operation not permitted", "seccomp-refuses"),
        (("no-new-privileges",), KEY, "seccomp-refuses"),
        (("seccomp=unconfined",), KEY, "capability-missing"),
        ((), "monkey_ctl: Operation not permitted", "capability-missing"),
        ((), CHOWN, "capability-missing"),
    ],
)
def test_what_dockers_own_profile_refuses_needs_no_capability(
    security: tuple[str, ...], log: str, cause: str
) -> None:
    found = judge(case(files=SERVER, log=log, config={"security": security}))

    assert (found.cause, found.verdict) == (cause, "likely"), found
    assert ("--security-opt seccomp=profile.json" in found.fix) == (cause == "seccomp-refuses")


@pytest.mark.parametrize(
    ("dropped", "added", "verdict"),
    [(("CHOWN",), (), "proven"), (("ALL",), (), "proven"), (("ALL",), ("CHOWN",), "likely"), (("NET_RAW",), (), "likely")],
)  # fmt: skip
def test_a_capability_is_missing_where_it_was_dropped(
    dropped: tuple[str, ...], added: tuple[str, ...], verdict: str
) -> None:
    config = {"capabilities_dropped": dropped, "capabilities_added": added}
    found = judge(case(files=SERVER, log=CHOWN, config=config))

    assert (found.cause, found.verdict) == ("capability-missing", verdict), found
