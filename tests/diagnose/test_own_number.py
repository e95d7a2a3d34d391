"""A pid file that a killed run left in a volume, and in which a program finds its own number."""

from typing import Any

import pytest
from recorded import File, case

from examples import SERVER, STARTED
from scaffolder.diagnose.case import Case
from scaffolder.diagnose.docker.isolation import Isolation
from scaffolder.diagnose.evidence.config import Mount
from scaffolder.diagnose.evidence.trace_records import read
from scaffolder.diagnose.verdict import left_over, own_number
from scaffolder.diagnose.verdict.copies import Outcome
from scaffolder.diagnose.verdict.factor import Factor
from scaffolder.docker.client import Engine

VOLUME = Mount("volume", "/vol", "/var/lib/app", name="vol")
PATH = "/var/lib/app/server.pid"
OPENS = f"C\t1\t7\t7\topenat\t3\tp={PATH}\tx=0\n"
NOT_THERE = OPENS.replace("\t3\tp", "\t-2\tp")
KILL = "C\t2\t7\t7\tkill\t0\ti=1\ti=0\n"
GONE = KILL.replace("\t0\ti", "\t-3\ti")
MAKES = OPENS.replace("x=0", "x=241")
ENDS = "X\t3\t7\t0\t0"
ALIVE, OVER = (Outcome(alive=a, exit_code=0, text="") for a in (True, False))


def found_with(
    monkeypatch: pytest.MonkeyPatch, of: Case, other: Outcome = ALIVE, kept: Outcome = OVER
) -> tuple[str, list[str]]:
    """Return the text of what is found if copies with another number, and the file, fare so."""
    ran: list[str] = []

    def run(_engine: Engine, _case: Case, factor: Factor, _tried: list[str]) -> Outcome:
        ran.append(factor.name)
        return kept if factor.name.endswith("left it") else other

    monkeypatch.setattr(own_number, "tried_with", run)
    found = own_number.finds_itself(Engine("docker"), of, [])
    assert found is None or (found.cause == "left-over" and found.proves)
    return found.text if found else "", ran


def service(trace: str = "", content: bytes = b"1\n", path: str = PATH) -> Case:
    files = {**SERVER, path: File(content)}
    return case(files=files, exit_code=0, trace=trace, config={"mounts": (VOLUME,)})


@pytest.mark.parametrize(
    "asks",
    [
        KILL,
        "C\t2\t7\t7\tpidfd_open\t0\ti=1\n",
        "C\t2\t7\t7\tnewfstatat\t0\tp=/proc/1\n",
        "",
    ],
    ids=["kill", "descriptor", "proc", "unwatched"],
)
def test_a_program_that_finds_its_own_number_is_told(
    monkeypatch: pytest.MonkeyPatch, asks: str
) -> None:
    of = service(f"{STARTED}{OPENS}{asks}{ENDS}" if asks else "")
    text, _ = found_with(monkeypatch, of)

    assert text.startswith(f"{PATH} is left over from an earlier run")
    assert "holds 1" in text


@pytest.mark.parametrize(
    "example",
    [
        {"trace": f"{STARTED}{OPENS}{ENDS}"},
        {"trace": f"{STARTED}{OPENS}{KILL}{ENDS}", "content": b"17\n"},
        {"trace": f"{STARTED}{OPENS}{GONE}{ENDS}"},
        {"trace": f"{STARTED}{OPENS}C\t2\t7\t7\tpidfd_open\t-3\ti=1\n{ENDS}"},
        {"trace": f"{STARTED}{MAKES}{OPENS}{KILL}{ENDS}"},
        {"path": "/var/lib/app/rows"},
        {"content": b"host-1\n"},
    ],
    ids=[
        "asks-for-none",
        "another-number",
        "nobody",
        "no-descriptor",
        "its-own-child",
        "a-count",
        "a-name",
    ],
)
def test_what_is_no_number_that_it_looked_for_is_not_tried(
    monkeypatch: pytest.MonkeyPatch, example: dict[str, Any]
) -> None:
    assert found_with(monkeypatch, service(**example)) == ("", [])


@pytest.mark.parametrize(("other", "kept"), [(OVER, OVER), (ALIVE, ALIVE)])
def test_a_job_that_ends_with_any_number_or_runs_where_it_may_write_is_well(
    monkeypatch: pytest.MonkeyPatch, other: Outcome, kept: Outcome
) -> None:
    of = service(f"{STARTED}{OPENS}{KILL}{ENDS}")

    assert found_with(monkeypatch, of, other, kept)[0] == ""


@pytest.mark.parametrize("is_kept_out", [True, False])
def test_a_mark_in_a_mount_that_copies_do_not_get_is_put_into_one(
    monkeypatch: pytest.MonkeyPatch, *, is_kept_out: bool
) -> None:
    isolated = Isolation((), ("/var/lib/app (it holds a socket: a.sock)",) if is_kept_out else ())
    monkeypatch.setattr(left_over, "isolate", lambda *_, **__: isolated)
    given: list[Factor] = []

    def tried(_engine: Engine, _case: object, factor: Factor, _tried: object) -> Outcome:
        given.append(factor)
        return OVER

    monkeypatch.setattr(left_over, "tried_with", tried)
    sought = read(f"{STARTED}{NOT_THERE}")
    fresh = Outcome(alive=True, exit_code=0, text="", trace=sought)
    found = left_over.with_left_over(Engine("docker"), service(), fresh, [])

    assert (found is not None) is is_kept_out
    for factor in given:
        assert factor.files == {PATH: b"1\n"}
        assert factor.config.mounts == ()
