"""What only copies lack is no answer: the neighbours, and what a mount holds, tell more."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from recorded import NOW, File, case, program

from examples import CACHE, DATA, INDEX, RUST, SERVER, STARTED
from scaffolder.diagnose.case import Case
from scaffolder.diagnose.evidence.config import Mount
from scaffolder.diagnose.evidence.facts import Neighbour, Socket
from scaffolder.diagnose.evidence.seen import Seen
from scaffolder.diagnose.evidence.swallowed import Swallowed
from scaffolder.diagnose.verdict.apart import asked, lacked_or_shared
from scaffolder.diagnose.verdict.judge import judge
from scaffolder.diagnose.verdict.unchanged import take_in

API = Neighbour("api", "running", networks=("net",), names=("api", "172.18.0.5"))
LOOKS_UP = f"{STARTED}C\t1\t7\t7\tsendto\t0\tn=api\nX\t2\t7\t1\t0"
CONNECTS = f"{STARTED}C\t1\t7\t7\tconnect\t-101\ta=inet:172.18.0.5:8080\nX\t2\t7\t1\t0"
GOES_ON = LOOKS_UP.replace(
    "X\t2", "C\t2\t7\t7\topenat\t3\tp=/srv/x\tx=0\nC\t3\t7\t7\topenat\t-2\tp=/srv/y\tx=0\nX\t4"
)
WRITES = f"{STARTED}C\t1\t7\t7\topenat\t-30\tp=/data/write.lock\tx=42\nX\t2\t7\t1\t0"


def after(
    trace: str = LOOKS_UP,
    *around: Neighbour,
    told: tuple[str, ...] = (),
    **more: Any,  # noqa: ANN401 - of a case
) -> Case:
    """Return a silent container on the network `net`, with what its copy did."""
    config = {"networks": {"net": ""}, **more.pop("config", {})}
    sources = {"around": around, "told": {"api": told}, **more.pop("sources", {})}
    found = case(files=SERVER, trace=trace, config=config, sources=sources, **more)
    take_in(found, found.seen)
    return found


@pytest.mark.parametrize("trace", [LOOKS_UP, CONNECTS])
@pytest.mark.parametrize(
    ("told", "words"),
    [
        (('10.0.0.2 - - [x] "GET /v1/flags?env=prod HTTP/1.1" 404 12',), "GET /v1/flags?env=prod with 404"),
        (('FATAL:  database "shop" does not exist',), 'says: FATAL:  database "shop"'),
        (('"GET /ok HTTP/1.1" 200 404', "GET /404 HTTP/1.1 200", "ready"), "what matters is what"),
        ((), "what matters is what"),
    ],
)  # fmt: skip
def test_what_a_neighbour_wrote_in_that_time_is_told(
    trace: str, told: tuple[str, ...], words: str
) -> None:
    found = judge(after(trace, API, told=told))

    assert (found.cause, found.verdict) == ("peer-refuses", "likely")
    assert words in found.text


def test_what_others_asked_is_not_what_this_one_did() -> None:
    """Docker gives the address of a container that has ended to the next one."""
    refused = '172.18.0.9 - - [x] "GET /v2/other HTTP/1.1" 404 12'
    own = refused.replace("0.9", "0.1").replace("172.18", "127.0")
    client = Neighbour("client", "running", networks=("net",), names=("client", "172.18.0.9"))
    early = replace(client, started=NOW - timedelta(seconds=600))
    since = replace(client, started=NOW - timedelta(seconds=3))

    assert "/v2/other" not in judge(after(LOOKS_UP, API, early, told=(refused, own))).text
    assert "/v2/other" in judge(after(LOOKS_UP, API, since, told=(refused, own))).text


def test_a_copy_that_fares_otherwise_may_show_whom_it_asked() -> None:
    of = case(files=SERVER, config={"networks": {"net": ""}}, sources={"around": (API,)})
    call = asked(of, case(trace=LOOKS_UP).seen.trace)
    assert call
    take_in(of, Seen(lacked=call))

    assert judge(of).text.startswith("a copy gets no further than to ask for api")
    assert asked(of, case(trace=GOES_ON).seen.trace) is None


LATE = replace(API, started=NOW - timedelta(seconds=5))


@pytest.mark.parametrize(
    ("around", "config", "trace"),
    [
        ((), {}, LOOKS_UP),
        ((replace(API, status="exited"),), {}, LOOKS_UP),
        ((replace(API, networks=("other",)),), {}, LOOKS_UP),
        ((replace(API, networks=("bridge",)),), {"networks": {"bridge": ""}}, LOOKS_UP),
        ((LATE,), {}, LOOKS_UP),
        ((API,), {}, GOES_ON),
    ],
)
def test_what_the_container_could_not_reach_either_is_still_an_answer(
    around: tuple[Neighbour, ...], config: dict[str, Any], trace: str
) -> None:
    of = after(trace, *around, config=config)

    assert of.seen.lacked is None
    assert judge(of).cause != "peer-refuses"


def test_a_neighbour_that_was_started_later_was_not_there() -> None:
    found = judge(after(LOOKS_UP, LATE))

    assert "api was started 54 s after this one had ended" in found.text


READY = "LOG:  database system is ready to accept connections"


@pytest.mark.parametrize(
    ("wrote", "words"),
    [
        (((-62, "recovering"), (-29, READY)), "only 30.0 s after this one had ended"),
        (((-80, READY), (-70, "LOG:  database system is shut down"), (-29, READY)), "30.0 s after"),
        (((-70, READY), (-29, READY)), ""),
        (((-80, READY), (-29, READY), (-60, "GET / 200")), ""),
        (((-62, "recovering"), (-29, "LOG:  not ready for connections yet")), ""),
        (((-62, "recovering"),), ""),
        (((-62, "recovering"),) * 400 + ((-29, READY),), ""),
    ],
)
def test_a_neighbour_that_was_not_ready_yet_is_told_with_the_time(
    wrote: tuple[tuple[int, str], ...], words: str
) -> None:
    early = replace(API, started=NOW - timedelta(seconds=90))
    dated = tuple(("api", NOW + timedelta(seconds=at), text) for at, text in wrote)
    found = judge(after(LOOKS_UP, early, sources={"dated": dated}))

    assert (found.cause, found.verdict) == ("peer-refuses", "likely")
    assert ("was not ready yet" in found.text) == bool(words)
    assert words in found.text


def test_a_program_that_asks_for_nobody_is_not_told_of_a_neighbour_that_was_late() -> None:
    early = replace(API, started=NOW - timedelta(seconds=90))
    dated = (("api", NOW - timedelta(seconds=29), READY),)

    assert "not ready" not in judge(after(GOES_ON, early, sources={"dated": dated})).text


REDIS = {"around": (CACHE,), "peers": {"cache": (Socket("0.0.0.0", 6379),)}}
POSTGRES = replace(
    CACHE,
    command=("postgres",),
    env={"POSTGRES_USER": "shop", "POSTGRES_PASSWORD": "s3cret", "POSTGRES_DB": "shop"},
)


@pytest.mark.parametrize(
    ("other", "env", "words"),
    [
        (CACHE, {"CACHE": "redis://cache:6379"}, "wants a password (--requirepass)"),
        (CACHE, {"CACHE": "redis://:s3cret@cache:6379"}, ""),
        (CACHE, {"CACHE": "redis://cache:6379", "CACHE_PASSWORD": "s3cret"}, ""),
        (CACHE, {"CACHE": "redis://cache:6379", "CACHE_PASSWORD_FILE": "/run/secrets/c"}, ""),
        (replace(CACHE, command=("redis-server",)), {"CACHE": "redis://cache:6379"}, ""),
        (POSTGRES, {"DB": "postgres://shop:other@cache/shop"}, "wants a password (POSTGRES_PASSWORD)"),
        (POSTGRES, {"DB": "postgres://app:s3cret@cache/shop"}, "DB names the user app"),
        (POSTGRES, {"DB": "postgres://shop:s3cret@cache/orders"}, "DB names the database orders"),
        (POSTGRES, {"DB": "postgres://shop:s3cret@cache/shop"}, ""),
    ],
)  # fmt: skip
def test_a_login_that_a_neighbour_was_not_started_with_is_told_without_it(
    other: Neighbour, env: dict[str, str], words: str
) -> None:
    of = case(
        files=SERVER,
        config={"networks": {"net": ""}, "env": env},
        sources={"around": (other,), "peers": {"cache": (Socket("0.0.0.0", 6379), Socket("0.0.0.0", 5432))}},
    )  # fmt: skip
    found = judge(of)

    assert (found.cause == "peer-refuses") == bool(words)
    assert words in found.text
    assert "s3cret" not in repr(found)
    assert "other" not in found.text


SECRET = "/run/secrets/cache_password"


@pytest.mark.parametrize(
    ("secrets", "words"),
    [
        ({SECRET: b"s3cret\n"}, f"{SECRET} holds with a line break at its end"),
        ({SECRET: b"s3cret\r\n"}, f"{SECRET} holds with a line break at its end"),
        ({SECRET: b"other"}, f"{SECRET} holds another one"),
        ({SECRET: b"s3cret"}, ""),
        ({SECRET: b"redis://:s3cret@cache\n"}, ""),
        ({SECRET: b"other", "/run/secrets/more": b"s3cret"}, ""),
        ({"/run/secrets/certificate": b"other"}, ""),
        ({SECRET: b"other", "/run/secrets/mail_password": b"third"}, ""),
        ({SECRET: None}, ""),
        ({SECRET: b"other", "/run/secrets/more": None}, ""),
    ],
)
def test_a_password_in_a_secret_is_compared_and_not_shown(
    secrets: dict[str, bytes | None], words: str
) -> None:
    mounts = tuple(Mount("bind", f"/srv{path}", path) for path in secrets)
    files = {path: File(data) for path, data in secrets.items() if data is not None}
    of = case(
        files={**SERVER, **files},
        config={"networks": {"net": ""}, "env": {"CACHE": "redis://cache:6379"}, "mounts": mounts},
        sources=REDIS,
    )
    found = judge(of)

    ends = repr((secrets.get(SECRET) or b"").decode().removeprefix("s3cret"))[1:-1]
    shown = " ".join(each.found for each in found.evidence)
    assert (found.cause == "peer-refuses") == bool(words)
    assert words in found.text
    assert "line break" not in words or f"ends with {ends}" in shown
    assert "s3cret" not in repr(found)
    assert "other" not in found.text.replace("another", "")


@pytest.mark.parametrize(
    ("kept", "words"),
    [
        (
            Socket("0.0.0.0", 6379, left=2),
            "it keeps 2 connections open that the other side has closed",
        ),
        (Socket("0.0.0.0", 6379, waiting=1), "it has not accepted 1 connection"),
        (Socket("0.0.0.0", 6379), ""),
    ],
)
def test_a_neighbour_that_is_stuck_is_told(kept: Socket, words: str) -> None:
    found = judge(after(LOOKS_UP, API, sources={"peers": {"api": (kept,)}}))

    assert found.cause == "peer-refuses"
    assert ("does not answer" in found.text) == bool(words)
    assert words in found.text


@pytest.mark.parametrize(
    ("mount", "around", "locks", "cause"),
    [
        (DATA, (INDEX,), {"/srv/data/write.lock": ("i" * 64,)}, "volume-in-use"),
        (DATA, (INDEX,), {}, "volume-in-use"),
        (DATA, (INDEX,), {"/srv/data/write.lock": ("x" * 64,)}, "volume-in-use"),
        (DATA, (replace(INDEX, status="exited"),), {}, "undetermined"),
        (DATA, (replace(INDEX, mounts=(replace(DATA, writable=False),)),), {}, "undetermined"),
        (DATA, (), {}, "undetermined"),
        (replace(DATA, writable=False), (), {}, "read-only-root"),
    ],
)
def test_a_copy_that_may_not_write_to_a_mount_says_nothing_of_the_container(
    mount: Mount, around: tuple[Neighbour, ...], locks: dict[str, tuple[str, ...]], cause: str
) -> None:
    of = after(WRITES, *around, sources={"locks": locks}, config={"mounts": (mount,)})
    found = judge(of)

    assert found.cause == cause or (cause == "read-only-root" and "read-only" in found.text)
    assert ("holds a lock" in found.text) == ("i" * 64 in str(locks))
    assert found.verdict != "proven" or not mount.writable


@pytest.mark.parametrize(
    ("mount", "call"),
    [
        (DATA, True),
        (replace(DATA, writable=False), False),
        (replace(DATA, kind="tmpfs"), False),
        (replace(DATA, destination="/else"), False),
    ],
)
def test_a_copy_that_may_not_write_and_ends_otherwise_shows_who_holds_the_lock(
    mount: Mount, *, call: bool
) -> None:
    of = case(
        files={**SERVER, "/app/server": program(RUST.replace(b"abc", b"abc LEDGER_DIR "))},
        exit_code=75,
        config={"mounts": (mount,)},
        sources={"around": (INDEX,), "locks": {"/srv/data/write.lock": ("i" * 64,)}},
    )
    lacked = lacked_or_shared(of, case(trace=WRITES).seen.trace)
    take_in(of, Seen(lacked=lacked))

    assert bool(lacked) == call
    assert (judge(of).cause == "volume-in-use") == call


UNRESOLVED = "socket.gaierror: [Errno -3] Temporary failure in name resolution"
NO_WRITE = "OSError: [Errno 30] Read-only file system: '/data/lock'"


@pytest.mark.parametrize(
    ("said", "config", "lacks"),
    [
        (UNRESOLVED, {"env": {"API_HOST": "api"}}, "api"),
        (UNRESOLVED, {"env": {"API_HOST": "example.com"}}, ""),
        (NO_WRITE, {"mounts": (DATA,)}, "/data/lock"),
        (NO_WRITE, {"mounts": (replace(DATA, writable=False),)}, ""),
        (NO_WRITE, {}, ""),
        ("KeyError: 'api'", {"env": {"API_HOST": "api"}, "mounts": (DATA,)}, ""),
    ],
)
def test_an_exception_of_a_copy_may_tell_of_the_copy_alone(
    said: str, config: dict[str, Any], lacks: str
) -> None:
    of = after("", API, config=config)
    take_in(of, replace(of.seen, swallowed=Swallowed(said, frozenset(), "/app/main.py:3", "")))

    lacked = of.seen.lacked
    assert (lacked.host or lacked.path if lacked else "") == lacks
    assert bool(of.seen.lines) == (not lacks)
