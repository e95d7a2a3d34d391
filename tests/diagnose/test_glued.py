"""Names of variables among texts that no byte separates, and those of the distribution's tools."""

import struct
from dataclasses import replace

import pytest
from recorded import File, Tree, case, elf, folder, program

from scaffolder.diagnose.causes.silence.packaged import is_packaged, is_tool
from scaffolder.diagnose.causes.silence.readings import named_variables
from scaffolder.diagnose.programs.native import glued
from scaffolder.diagnose.verdict.judge import judge
from scaffolder.diagnose.verdict.rerun import Rerun

TEXTS = 0x1000
"""Where the texts of these programs are, in the file and in memory."""


def loaded(texts: bytes, code: bytes = b"") -> bytes:
    """Return a program of one segment, with code first, and texts behind."""
    head = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HHI", 3, 62, 1)
    head += struct.pack("<QQQIHHHHHH", 0, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    size = TEXTS + len(texts)
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, 0, 0, size, size, 0x1000)
    return (head + segment + code).ljust(TEXTS, b"\0") + texts


def takes(texts: bytes, text: bytes) -> bytes:
    """Return code that takes one of the texts: lea rdi, [rip+x]; mov esi, length."""
    at = 64 + 56 + 7
    return (
        b"\x48\x8d\x3d"
        + struct.pack("<i", TEXTS + texts.index(text) - at)
        + (b"\xbe" + struct.pack("<I", len(text)))
    )


@pytest.mark.parametrize(
    ("texts", "text", "names"),
    [
        (b"bootAPP_BINDSTORE_BUCKET\0", b"STORE_BUCKET", ["APP_BIND", "STORE_BUCKET"]),
        (b"bootGETSTORE_BUCKETready\0", b"STORE_BUCKET", ["STORE_BUCKET"]),
        (b"bootAPP_BINDAPP_BUCKET\0", None, ["APP_BIND", "APP_BUCKET"]),
        (b"APP_BINDAPP_KEYAPP_URL\0", None, ["APP_BIND", "APP_KEY", "APP_URL"]),
        (b"API_KEY\0API_URL\0", None, ["API_KEY", "API_URL"]),
        (b"MAX_RETRIES_MAX\0", None, ["MAX_RETRIES_MAX"]),
        (b"RUST_BACKTRACE\0", None, []),
        (b"CLIENT_HANDSHAKE_TRAFFIC_SECRET\0", None, []),
        (b"TCP_PORT\0TCP_NODELAY\0SO_KEEPALIVE\0", None, ["TCP_PORT"]),
    ],
)
def test_names_are_split_where_the_program_takes_them(
    texts: bytes, text: bytes | None, names: list[str]
) -> None:
    data = loaded(texts, takes(texts, text) if text else b"")

    assert glued.variables(data, len(data)) == names


def test_an_address_within_a_name_without_its_length_splits_nothing() -> None:
    texts = b"STORE_BUCKET\0"
    code = takes(texts, b"RE_BUCKET")[:-5]
    data = loaded(texts, code)

    assert glued.variables(data, len(data)) == ["STORE_BUCKET"]


def test_a_table_of_texts_splits_them() -> None:
    texts = b"APP_BINDSTORE_BUCKET".ljust(24, b"\0")
    table = struct.pack("<QQQQ", TEXTS, 8, TEXTS + 8, 12)
    data = loaded(texts + table)

    assert glued.variables(data, len(data)) == ["APP_BIND", "STORE_BUCKET"]


def test_what_is_no_program_has_names_all_the_same_or_none() -> None:
    assert glued.variables(b"\x7fELF\x02", 5) == []
    assert glued.variables(b"APP_BIND", 8) == []


@pytest.mark.parametrize(
    ("path", "files", "is_theirs"),
    [
        ("/usr/bin/su", {"/var/lib/dpkg/info/util-linux.list": b"/.\n/bin/su\n"}, True),
        ("/usr/bin/mail", {"/var/lib/dpkg/info/mailx.list": b"/usr/bin/mail\n"}, True),
        ("/usr/bin/agent", {"/var/lib/dpkg/info/util-linux.list": b"/bin/su\n"}, False),
        ("/usr/local/bin/su", {"/var/lib/dpkg/info/util-linux.list": b"/bin/su\n"}, False),
        ("/bin/su", {"/lib/apk/db/installed": b"P:shadow\nF:bin\nR:su\n"}, True),
        ("/usr/sbin/agent", {"/lib/apk/db/installed": b"F:bin\nR:agent\nF:usr/sbin\nR:x\n"}, False),
        ("/usr/bin/su", {}, False),
    ],
)
def test_a_tool_that_a_package_lists_is_the_distributions(
    path: str, files: dict[str, bytes], *, is_theirs: bool
) -> None:
    of = case(files={path: program(b"x"), **{name: File(data) for name, data in files.items()}})

    assert is_packaged(of, path) == is_theirs
    assert is_tool(of, path) == (is_theirs and any("util-linux" in name for name in files))


def test_a_package_called_as_its_program_is_found_where_not_all_lists_are_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path, files = "/usr/bin/redis-server", "/var/lib/dpkg/info"
    listed = {f"{files}/redis-server.list": File(f"/.\n{path}\n".encode())}
    of = case(files={path: program(b"x"), files: folder(), **listed})
    monkeypatch.setattr(Tree, "names", lambda _self, _path: ())

    assert is_packaged(of, path)


def constants(number: int) -> list[str]:
    texts = b"".join(b"\0RING_SIZE_%03d" % each for each in range(number))
    of = case(files={"/app/server": program(elf(text=texts + b"\0"))}, exit_code=1)
    return [name for name, _by, _required in named_variables(of)]


def test_a_program_in_c_with_many_names_has_none_that_tells_anything() -> None:
    assert len(constants(4)) == 4
    assert constants(40) == []


READS = "#!/usr/bin/env python3\nimport os, sys\nkey = os.environ['API_KEY']\nsys.exit(key)\n"


def test_a_variable_that_a_copy_has_in_vain_is_said_to_be_in_doubt() -> None:
    of = case(
        files={"/app.py": program(READS), "/usr/bin/python3": program(b"x")},
        exit_code=3,
        config={"entrypoint": ("python3", "/app.py")},
    )
    before = judge(of)
    assert before.cause == "variable-missing", before
    assert "before it prints anything" in before.text

    found = judge(of, Rerun(tried=["rerun with the variable API_KEY: exits with 3"]))
    assert found.cause != "variable-missing" or "; but a copy with it exits with 3" in found.text

    other = judge(of, Rerun(tried=["rerun with the variable API_KEY_2: exits with 3"]))
    assert other.text == before.text


def test_what_one_variable_cures_proves_nothing_of_another() -> None:
    of = case(
        files={"/app.py": program(READS), "/usr/bin/python3": program(b"x")},
        exit_code=3,
        config={"entrypoint": ("python3", "/app.py")},
    )
    text = "the program exits because the variable {} is not set: with the variable {} a copy runs"
    cured = Rerun(cause="variable-missing", factor="variable", cured=True, proves=True)
    other = judge(of, replace(cured, text=text.format("STORE", "STORE")))
    same = judge(of, replace(cured, text=text.format("API_KEY", "API_KEY")))

    assert other.verdict == same.verdict == "proven"
    assert "API_KEY" not in other.text
    assert same.text.startswith("the environment variable API_KEY is not set")


def test_usual_names_of_one_word_stand_by_themselves() -> None:
    data = b"valueWORKERS/rustc\0APP_PORT EXPORT PORTS\0aTOKEN\0LIMITwrong WORKERS"

    assert glued.usual(data, len(data)) == ["WORKERS", "TOKEN", "LIMIT"]
    assert glued.usual(data, 20) == ["WORKERS"]
