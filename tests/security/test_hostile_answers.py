"""What an engine answers is read strictly: right or said to be unreadable, never missing."""

import io
import tarfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaffolder.diagnose.docker import inspect
from scaffolder.diagnose.docker.copied_files import Copied
from scaffolder.diagnose.evidence.files import LONGEST, follow
from scaffolder.diagnose.evidence.strict import misfit
from scaffolder.docker.client import AnswerError, Engine, EngineError, parsed
from scaffolder.docker.process import Ran
from scaffolder.errors import UnreadableError

DOCUMENT = {
    "Id": "c1",
    "Image": "sha256:1",
    "Name": "/orders",
    "RestartCount": 1,
    "State": {
        "Status": "exited", "ExitCode": 1, "Error": "", "Pid": 1, "OOMKilled": False,
        "StartedAt": "2026-11-24T23:39:25Z", "FinishedAt": "2026-11-24T23:39:26Z",
        "Health": {"Status": "healthy", "FailingStreak": 1, "Log": [{"ExitCode": 1, "Output": ""}]},
    },
    "Config": {
        "Image": "orders", "Entrypoint": ["/e"], "Cmd": ["a"], "Env": ["A=b"], "User": "1",
        "WorkingDir": "/", "Labels": {"a": "b"}, "ExposedPorts": {"80/tcp": {}}, "StopTimeout": 1,
        "Healthcheck": {"Test": ["CMD", "x"], "Interval": 1, "Retries": 1},
    },
    "HostConfig": {
        "PortBindings": {"80/tcp": [{"HostIp": "", "HostPort": "8080"}]}, "Memory": 1,
        "RestartPolicy": {"Name": "always"}, "Ulimits": [{"Name": "nofile", "Soft": 1}],
        "CapDrop": ["ALL"], "SecurityOpt": ["a"], "Sysctls": {"a": "b"}, "Tmpfs": {"/a": ""},
        "LogConfig": {"Type": "json-file"}, "NanoCpus": 1, "PidsLimit": 1,
    },
    "NetworkSettings": {"Networks": {"n": {"IPAddress": "1.2.3.4"}}, "Ports": {}},
    "Mounts": [{"Type": "bind", "Source": "/a", "Destination": "/b", "RW": True}],
}  # fmt: skip
ODD: tuple[Any, ...] = (
    None,
    True,
    7,
    -1.5,
    "text",
    "",
    [],
    {},
    [None],
    [[]],
    {"a": None},
    [{"a": 1}],
    10**40,
)


def places(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:  # noqa: ANN401 - JSON
    """Return the way to every value of a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    return [
        place
        for key, item in inner
        for place in (
            [(*way, key), *places(item, (*way, key))]
            if isinstance(item, dict | list)
            else [(*way, key)]
        )
    ]


def changed(value: Any, way: tuple[Any, ...], odd: object) -> Any:  # noqa: ANN401 - JSON
    """Return a document with another value at one place."""
    if not way:
        return odd
    head, *rest = way
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[head] = changed(value[head], tuple(rest), odd)
    return copy


@pytest.mark.parametrize("way", places(DOCUMENT), ids=str)
@pytest.mark.parametrize("reader", [inspect.config, inspect.state, inspect.image])
def test_a_value_of_a_strange_type_is_read_rightly_or_refused(reader: Any, way: Any) -> None:  # noqa: ANN401 - parametrized
    for odd in ODD:
        document = changed(DOCUMENT, way, odd)
        try:
            found = reader(document, "") if reader is inspect.image else reader(document)
        except UnreadableError:
            continue
        assert not misfit(found, type(found), "")


@pytest.mark.parametrize(
    ("part", "odd"),
    [("Config", {"Env": [7]}), ("Config", {"Cmd": [["a"]]}), ("HostConfig", {"Memory": "much"})],
)
def test_what_does_not_fit_is_said(part: str, odd: object) -> None:
    with pytest.raises(UnreadableError, match="cannot be read"):
        inspect.config({part: odd})


@given(st.text(max_size=200))
def test_any_text_is_json_or_refused(text: str) -> None:
    try:
        parsed(text)
    except AnswerError:
        return


def test_json_that_is_nested_without_end_is_refused() -> None:
    with pytest.raises(AnswerError):
        parsed("[" * 200_000)


class Answering(Engine):
    """An engine that answers `docker cp` with what was prepared."""

    def __init__(self, *answers: Ran) -> None:
        super().__init__("docker")
        self.answers = list(answers)

    def run(self, *_args: str, **_more: object) -> Ran:
        return self.answers.pop(0)


def failed(said: str) -> Ran:
    return Ran(1, b"", said.encode())


@pytest.mark.parametrize(
    "said",
    [
        "Error response from daemon: Could not find the file /app/x in container c1",
        "Error response from daemon: lstat /var/lib/docker/a/merged/app/x: not a directory",
        'Error: "/app/x" could not be found on container c1: no such file or directory',
    ],
)
def test_what_the_engine_looked_for_in_vain_is_missing(said: str) -> None:
    assert Copied(Answering(failed(said)), "c1").entry("/app/x") is None


@pytest.mark.parametrize(
    "ran",
    [
        failed("Error response from daemon: No such container: c1"),
        failed("Error response from daemon: container c1 is marked for removal"),
        failed(
            "Error response from daemon: lstat /var/lib/docker/a/merged: no such file or directory"
        ),
        failed("Error response from daemon: lstat /app/x-other/merged: no such file or directory"),
        failed(""),
        Ran(-9, b"", b""),
        Ran(None, b"", b"", slow=True),
        Ran(None, b"partial", b"", slow=True),
        Ran(0, b"x" * 1024, b""),
    ],
)
def test_evidence_that_is_gone_or_late_or_damaged_is_not_missing(ran: Ran) -> None:
    with pytest.raises(EngineError, match="cannot be read"):
        Copied(Answering(ran), "c1").entry("/app/x")


def test_the_root_is_never_missing() -> None:
    said = failed("Could not find the file / in container c1")
    files = Copied(Answering(said, said), "c1")  # read with what comes along, and then alone

    assert files.entry("/") is None
    assert files.obstacle


def archive(*members: tarfile.TarInfo) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as file:
        for member in members:
            file.addfile(member)
    return packed.getvalue()


def member(name: str = "x", kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    found = tarfile.TarInfo(name)
    found.type, found.linkname = kind, target
    return found


def test_a_member_goes_nowhere_whatever_it_is_called(tmp_path: Path) -> None:
    outside = str(tmp_path / "outside")
    files = Copied(Answering(Ran(0, archive(member(f"../../../..{outside}")), b"")), "c1")

    found = files.entry("/app/x")
    assert found
    assert found.path == "/app/x"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", [tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, b"V"])
def test_what_is_no_plain_file_has_no_content(kind: bytes) -> None:
    files = Copied(Answering(Ran(0, archive(member(kind=kind, target="/etc/shadow")), b"")), "c1")

    found = files.entry("/app/x")
    assert found
    assert found.kind == "other"
    assert files.content("/app/x") is None


def test_a_sparse_file_that_claims_to_be_huge_is_read_as_far_as_it_came() -> None:
    huge = member()
    huge.pax_headers = {
        "GNU.sparse.major": "1",
        "GNU.sparse.minor": "0",
        "GNU.sparse.realsize": str(1 << 60),
    }
    data = archive(huge) + b"9999999999\n" * 100
    files = Copied(Answering(Ran(0, data, b""), Ran(0, data, b"")), "c1")

    try:
        content = files.content("/app/x") or b""
    except EngineError:
        return
    assert len(content) <= len(data)


def test_a_link_longer_than_any_path_is_followed_no_further() -> None:
    link = member(kind=tarfile.SYMTYPE, target="a/../" * LONGEST)
    files = Copied(Answering(Ran(0, archive(link), b"")), "c1")

    assert follow(files, "/x")[1] == "/x"
    assert follow(files, "/a" * LONGEST)[1]
