"""Scripts that throw away what their commands say: a copy of them keeps it, and it is understood."""

from dataclasses import replace

import pytest
from recorded import File, case, program

from examples import SERVER, sh
from scaffolder.diagnose.evidence.config import Mount
from scaffolder.diagnose.evidence.seen import Seen
from scaffolder.diagnose.verdict.factors import factors
from scaffolder.diagnose.verdict.judge import judge

NAME = "what its script sends to /dev/null"
QUIET = "exec /app/server >/dev/null 2>&1\n"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (QUIET, "exec /app/server >&2 2>&1\n"),
        ("exec 2>/dev/null; cat /x", "exec 2>&2; cat /x"),
        ("run &> /dev/null", "run >&2"),
        ("run >>/dev/null", "run >&2"),
        ("run >/dev/nullity", ""),
        ("run > /data/out", ""),
    ],
)
def test_a_copy_keeps_what_a_script_throws_away(text: str, kept: str) -> None:
    of_file = case("/s.sh a", files={"/s.sh": program(f"#!/bin/sh\n{text}")})
    inline = case(("sh", "-c", text))
    spoken = [[f for f in factors(of) if f.name == NAME] for of in (of_file, inline)]

    assert [len(found) for found in spoken] == [bool(kept)] * 2
    if kept:
        assert spoken[0][0].files == {"/s.sh": f"#!/bin/sh\n{kept}".encode()}
        assert spoken[0][0].config.argv[:2] == ("sh", "/s.sh")
        assert spoken[1][0].config.argv == ("sh", "-c", kept)


def test_a_script_that_speaks_or_is_mounted_is_left_as_it_is() -> None:
    files = {"/app/s.sh": program(f"#!/bin/sh\n{QUIET}")}
    mounted = case("/app/s.sh", files=files, config={"mounts": (Mount("bind", "/h", "/app"),)})
    loud = case("/app/s.sh", log="starting", files=files)

    assert not [f for of in (mounted, loud) for f in factors(of) if f.name == NAME]


VERSION = "DETAIL: The data directory was initialized by PostgreSQL version 15, which is not"


def test_what_was_kept_in_a_copy_is_understood_as_a_log_is() -> None:
    of = case(**sh(f"#!/bin/sh\n{QUIET}", files={**SERVER, "/data/PG_VERSION": File(b"15\n")}))
    assert judge(of).cause == "output-thrown-away"
    of.seen = replace(Seen(), unheard=("starting", VERSION), kept_by="output-thrown-away")
    for name in ("lines", "text", "last_words"):
        of.__dict__.pop(name, None)
    found = judge(of)

    assert (found.cause, found.verdict) == ("data-version", "likely")
    assert found.evidence[0].source == "rerun"  # the container's own log has nothing of it
    assert "/dev/null" in found.evidence[0].found


@pytest.mark.parametrize(
    "text", ["command -v nc >/dev/null 2>&1 || exit 3\nexec /app/server", "/app/server >/data/log"]
)
def test_what_a_script_asks_in_silence_is_no_lost_output(text: str) -> None:
    assert judge(case(**sh(f"#!/bin/sh\n{text}"))).cause != "output-thrown-away"
