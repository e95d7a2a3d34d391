"""Paths that are there and are not what a program needs, and sockets left from an earlier run."""

from typing import Any

import pytest
from recorded import File, case, elf, folder, program

from examples import SERVER, STARTED
from scaffolder.diagnose.causes.variables.files import missing
from scaffolder.diagnose.docker.isolation import Isolation
from scaffolder.diagnose.evidence.config import Mount
from scaffolder.diagnose.evidence.facts import Neighbour
from scaffolder.diagnose.evidence.trace_records import read
from scaffolder.diagnose.verdict import left_over, started_again
from scaffolder.diagnose.verdict.copies import Outcome
from scaffolder.diagnose.verdict.judge import judge
from scaffolder.diagnose.verdict.judgement import Judgement
from scaffolder.docker.client import Engine

KEY = "/srv/key"


def trace(*calls: str, status: int = 1) -> str:
    rows = "".join(f"C\t1\t7\t7\t{call}\n" for call in calls)
    return f"{STARTED}{rows}X\t2\t7\t{status}\t0"


def judged(*calls: str, **more: Any) -> Judgement:  # noqa: ANN401 - of a case
    return judge(case(**{"files": SERVER, **more}, trace=trace(*calls)))


@pytest.mark.parametrize(
    ("call", "kept", "log", "is_blamed"),
    [
        (f"openat\t3\tp={KEY}\tx=0", File(), "", True),
        (f"openat\t3\tp={KEY}\tx=0", File(b"x"), "", False),
        (f"openat\t3\tp={KEY}\tx=42", File(), "", False),
        (f"openat\t3\tp={KEY}\tx=0", folder(), "", False),
        (f"openat\t3\tp={KEY}\tx=0", File(), "FATAL: the moon is not full", False),
    ],
    ids=["empty", "full", "makes-it", "directory", "says-why"],
)
def test_an_empty_file_is_blamed_only_where_it_is_the_last_that_is_read(
    call: str, kept: File, log: str, *, is_blamed: bool
) -> None:
    assert (judged(call, files={**SERVER, KEY: kept}, log=log).cause == "file-empty") is is_blamed


def test_what_was_asked_for_last_and_is_there_is_shown_with_its_mode_and_owner() -> None:
    found = judged(f"newfstatat\t0\tp={KEY}", files={**SERVER, KEY: File(b"x", mode=0o644)})

    assert (found.cause, found.verdict) == ("last-call", "likely")
    assert f"{KEY}, which is there (file, mode 0644, owner 0:0, 1 bytes)" in found.text


def test_a_mounted_file_in_the_place_of_a_directory_is_told() -> None:
    files = {**SERVER, "/srv/conf": File(b"x")}
    mounts = {"mounts": (Mount("bind", "/host/app.toml", "/srv/conf"),)}
    call = "openat\t-20\tp=/srv/conf/app.toml\tx=0"
    mounted, copied = (judged(call, files=files, config=c) for c in (mounts, {}))
    other = judged(call, files={**SERVER, "/srv/conf": folder()})

    assert mounted.cause == copied.cause == "not-a-directory"
    assert "/host/app.toml is a file" in mounted.fix
    assert "COPY" in copied.fix
    assert other.cause != "not-a-directory"


def test_a_rename_names_the_mounts_that_it_would_cross() -> None:
    config = {"tmpfs": {"/tmp": ""}, "mounts": (Mount("volume", "", "/data", name="d"),)}
    found = judged("rename\t-18\tp=/tmp/x\tp=/data/x", config=config)
    other = judged("rename\t-13\tp=/tmp/x\tp=/data/x", config=config)

    assert found.cause == "rename-across-mounts"
    assert "/tmp is a tmpfs mount, /data is a volume mount" in found.text
    assert other.cause != "rename-across-mounts"


@pytest.mark.parametrize(
    ("texts", "is_named"), [(b"\0LEDGER_SHARD\0", True), (b"\0LEDGER_SHARD\0OTHER_NAME\0", False)]
)
def test_a_crash_names_the_only_variable_that_a_program_knows_and_nobody_set(
    texts: bytes, *, is_named: bool
) -> None:
    files = {"/app/server": program(elf(text=texts))}
    given = {"env": {"LEDGER_SHARD": "x"}}
    crashed, fine = (judge(case(files=files, exit_code=139, config=c)) for c in ({}, given))

    assert ("LEDGER_SHARD, which is not set" in crashed.text) is is_named
    assert "LEDGER_SHARD" not in fine.text


WRITTEN = (("A", "/run/app.pid"),)
DATA = tuple(("A", f"/run/{name}") for name in ("app.pid", "base", "global", "pg_wal"))


@pytest.mark.parametrize(
    ("content", "changed", "is_left"),
    [(b"7\n", WRITTEN, True), (b"x" * 65, WRITTEN, False), (b"17\n", DATA, False)],
    ids=["a-mark", "data", "one-of-many"],
)
def test_only_a_mark_of_an_earlier_run_is_left_over(
    monkeypatch: pytest.MonkeyPatch,
    content: bytes,
    changed: tuple[tuple[str, str], ...],
    *,
    is_left: bool,
) -> None:
    asked = trace("newfstatat\t-2\tp=/run/app.pid")
    fresh = Outcome(alive=True, exit_code=0, text="", trace=read(asked))
    of = case(files={**SERVER, "/run/app.pid": File(content)}, sources={"changed": changed})
    failed = Outcome(alive=False, exit_code=1, text="")
    monkeypatch.setattr(left_over, "tried_with", lambda *_: failed)
    found = left_over.with_left_over(Engine("docker"), of, fresh, [])

    assert (found is not None and found.proves) is is_left


@pytest.mark.parametrize(("content", "is_left"), [(b"1\n", True), (b"done\n", False)])
def test_a_job_that_has_been_done_is_no_service_that_finds_its_own_number(
    monkeypatch: pytest.MonkeyPatch, content: bytes, *, is_left: bool
) -> None:
    asked = trace("newfstatat\t-2\tp=/run/app.pid")
    fresh = Outcome(alive=True, exit_code=0, text="", trace=read(asked))
    of = case(
        files={**SERVER, "/run/app.pid": File(content)}, sources={"changed": WRITTEN}, exit_code=0
    )
    ended = Outcome(alive=False, exit_code=0, text="")
    monkeypatch.setattr(left_over, "tried_with", lambda *_: ended)
    found = left_over.with_left_over(Engine("docker"), of, fresh, [])

    assert (found is not None) is is_left


SOCKET = "/run/app/app.sock"
BOUND = "bind\t0\tf=3:socket:[9]\ta=unix:/run/app/app.sock"


@pytest.mark.parametrize(
    ("call", "changed", "is_left"),
    [
        (BOUND, (("A", "/run/app/app.sock"),), True),
        (BOUND, (), False),
        (BOUND.replace("\t0\t", "\t-98\t"), (("A", "/run/app/app.sock"),), False),
        ("bind\t0\tf=3:socket:[9]\ta=inet:0.0.0.0:80", (("A", "/run/app/app.sock"),), False),
        (f"unlink\t-2\tp={SOCKET}\nC\t1\t7\t7\t{BOUND}", (("A", SOCKET),), False),
    ],
    ids=["left", "not-there", "refused-as-well", "a-port", "removed-first"],
)
def test_a_socket_that_an_earlier_run_left_is_found_by_a_copy_that_binds_it(
    call: str, changed: tuple[tuple[str, str], ...], *, is_left: bool
) -> None:
    fresh = Outcome(alive=True, exit_code=0, text="", trace=read(trace(call)))
    of = case(files=SERVER, sources={"changed": changed})
    found = left_over.with_left_over(Engine("docker"), of, fresh, [])

    assert (found is not None) is is_left
    if found:
        assert (found.cause, found.proves) == ("left-over", False)
        assert "rm -f /run/app/app.sock" in found.fix


def again(monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    """Let a copy that is started again end over a call."""
    second = Outcome(alive=False, exit_code=1, text="", trace=read(trace(call)))
    monkeypatch.setattr(started_again, "run", lambda *_: second)


def test_a_socket_that_a_copy_leaves_to_its_second_start_is_proven(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fresh = Outcome(alive=True, exit_code=0, text="", trace=read(trace(BOUND)))
    of = case(files=SERVER, sources={"changed": (("A", SOCKET),)})
    again(monkeypatch, BOUND.replace("\t0\t", "\t-98\t"))
    found = left_over.with_left_over(Engine("docker"), of, fresh, [])
    again(monkeypatch, "openat\t-2\tp=/etc/app.conf\tx=0")
    other = left_over.with_left_over(Engine("docker"), of, fresh, [])

    assert found
    assert other
    assert (found.proves, other.proves) == (True, False)
    assert f"{SOCKET} is left over from an earlier run" in found.text
    assert f"rm -f {SOCKET} before exec" in found.fix


@pytest.mark.parametrize("is_shared", [False, True])
def test_a_socket_in_a_volume_is_left_over_unless_a_running_container_may_have_it(
    monkeypatch: pytest.MonkeyPatch, *, is_shared: bool
) -> None:
    volume = Mount("volume", "/vol/run", "/run/app", name="run")
    beside = Neighbour("other", "running" if is_shared else "exited", mounts=(volume,))
    isolated = Isolation((), ("/run/app (it holds a socket: app.sock)",))
    monkeypatch.setattr(left_over, "isolate", lambda *_, **__: isolated)
    again(monkeypatch, "openat\t3\tp=/etc/app.conf\tx=0")
    fresh = Outcome(alive=True, exit_code=0, text="", trace=read(trace(BOUND)))
    of = case(files=SERVER, config={"mounts": (volume,)}, sources={"around": (beside,)})
    found = left_over.with_left_over(Engine("docker"), of, fresh, [])

    assert (found is not None and SOCKET in found.text) is not is_shared


def test_the_file_of_an_exception_within_another_one_is_the_missing_one() -> None:
    log = (
        'Exception in thread "main" java.util.concurrent.ExecutionException:'
        " java.io.FileNotFoundException: conf/routes.properties (No such file or directory)"
    )
    found = missing(case(log=log, config={"workdir": "/app"}))

    assert found is not None
    assert (found.named, found.path) == ("conf/routes.properties", "/app/conf/routes.properties")
