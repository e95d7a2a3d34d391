"""Files come as tar streams that may end anywhere, and links are followed inside only."""

import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recorded import File, Tree, folder, link

from scaffolder.diagnose.docker.copied_files import Copied, first
from scaffolder.diagnose.evidence.files import follow, resolved, text
from scaffolder.docker.client import Engine


def stream(name: str, content: bytes, **about: object) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        for key, value in about.items():
            setattr(entry, key, value)
        archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def test_the_first_member_is_read() -> None:
    entry, content = first(stream("server", b"hello", mode=0o750, uid=1000), "/app/server", 3)

    assert entry
    assert (entry.path, entry.kind, entry.mode, entry.uid, entry.size) == (
        "/app/server",
        "file",
        0o750,
        1000,
        5,
    )
    assert content == b"hel"


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_devices_are_never_read(kind: bytes) -> None:
    entry, content = first(stream("null", b"", type=kind), "/dev/null", 100)

    assert entry
    assert (entry.kind, content) == ("other", b"")


@pytest.mark.parametrize(("sent", "is_there"), [(bytes(1024), True), (b"", False)])
def test_a_socket_is_there_although_docker_copies_nothing_of_it(
    monkeypatch: pytest.MonkeyPatch, sent: bytes, *, is_there: bool
) -> None:
    monkeypatch.setattr(Copied, "_copy", lambda *_: sent or None)
    entry = Copied(Engine("docker"), "c").entry("/run/app.sock")

    assert (entry is not None and entry.kind == "other") is is_there


def test_a_size_that_is_a_lie_reads_no_more_than_there_is() -> None:
    data = bytearray(stream("big", b"x" * 600))
    entry, content = first(bytes(data[:1200]), "/big", 1 << 40)

    assert entry
    assert len(content) <= 700


@given(st.binary(max_size=2000))
def test_no_stream_breaks_the_reader(data: bytes) -> None:
    first(data, "/x", 100)


def test_links_are_followed_inside() -> None:
    files = Tree({"/app/run": link("../opt/server"), "/opt/server": File(b"x"), "/b": link("/app")})

    assert follow(files, "/b/run")[1] == ""
    found = resolved(files, "/b/run")
    assert found
    assert found.path == "/opt/server"


@pytest.mark.parametrize("target", ["../../../../etc/passwd", "/etc/passwd"])
def test_a_link_out_of_the_container_stays_inside(target: str) -> None:
    files = Tree({"/app/x": link(target), "/etc/passwd": File(b"root:inside")})

    assert text(files, "/app/x") == "root:inside"


def test_links_in_a_circle_come_to_an_end() -> None:
    files = Tree({"/a": link("/b"), "/b": link("/a"), "/d": folder()})

    assert resolved(files, "/a") is None


def test_binary_files_are_no_text() -> None:
    assert text(Tree({"/x": File(b"\x7fELF\0\0")}), "/x") is None
