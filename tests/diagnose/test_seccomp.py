"""A seccomp profile is named for the calls that it refuses, and for no others."""

import json

import pytest
from recorded import case

from examples import SERVER
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
