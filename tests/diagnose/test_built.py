"""What programs say of themselves that they were built without."""

from typing import Any

import pytest
from recorded import File, case, elf, program

from scaffolder.diagnose.programs.built import without, without_in
from scaffolder.diagnose.verdict.judge import judge
from scaffolder.diagnose.verdict.rewording import factor_of


@pytest.mark.parametrize(
    ("texts", "value", "word"),
    [
        (b"built with: \0+file -s3\0", "s3://monthly", "s3"),
        (b"TLS+file -s3file:///var", "s3://monthly", "s3"),
        (b"This binary was compiled without zstd.\0", "zstd", "zstd"),
        (b"kafka support is not compiled in\0", "kafka://a:9092", "kafka"),
        (b"s3 only if built with --features s3\0", "s3://monthly", ""),
        (b"built with: \0+file +s3\0", "s3://monthly", ""),
        (b"built with: \0+file -s3\0", "file:///x", ""),
        (b"use -s3 to choose\0", "s3://monthly", ""),
        (b"", "s3://monthly", ""),
    ],
)
def test_a_word_of_a_value_that_a_program_was_built_without(
    texts: bytes, value: str, word: str
) -> None:
    found, told = without(texts, value)

    assert found == word
    assert word in told
    assert bool(told) is bool(word)


def test_a_value_for_which_a_program_was_not_built_is_told_so() -> None:
    of = case(
        "/exporter",
        files={"/exporter": program(elf(text=b"built with: \0+file -s3\0"))},
        config={"env": {"TARGET": "s3://monthly"}},
    )
    cure, other = (factor_of(of, {"TARGET": value}).cure for value in (None, "x"))

    assert cure
    assert other
    assert "and was built without s3: `+file -s3`" in cure.text
    assert cure.fix.startswith("build it with s3")
    assert "built" not in other.text


@pytest.mark.parametrize(
    ("source", "value", "word"),
    [
        ("const FEATURES = '+local -sftp +gzip';", "sftp://vault/logs", "sftp"),
        ('BUILD = "agent 2 (built without sftp)"', "sftp://vault", "sftp"),
        ("WITH_LOCAL = True\nWITH_SFTP = False\n", "sftp://vault", "sftp"),
        ('{"features": {"local": true, "sftp": false}}', "sftp://vault", "sftp"),
        ("exports.features = {\n  local: 1,\n  sftp: 0,\n};", "sftp://vault", "sftp"),
        ("const FEATURES = '+local +sftp';", "sftp://vault", ""),
        ("const FEATURES = '+local -sftp';", "file:///var/local", ""),
        ("const width = a +local -sftp", "sftp://vault", ""),
        ("run('tool -local -sftp')", "sftp://vault", ""),
        ("throw new Error('sftp is not available')", "sftp://vault", ""),
        ("try:\n    import p\n    HAS_SFTP = True\nexcept ImportError:\n    HAS_SFTP = False\n", "sftp://x", ""),
        ("retries = {'sftp': 0}", "sftp://vault", ""),
        ('{"features": {"local": true}, "retries": {"sftp": 0}}', "sftp://vault", ""),
        ("features = {local: true}; retries = {sftp: 0}", "sftp://vault", ""),
        ("", "sftp://vault", ""),
    ],
)  # fmt: skip
def test_the_same_in_a_source_or_what_a_build_has_made(source: str, value: str, word: str) -> None:
    found, told = without_in(source, value)

    assert found == word
    assert word in told.lower()
    assert bool(told) is bool(word)


OPENS = "C\t1\t7\t7\topenat\t3\tp={}\tx=0\n"


@pytest.mark.parametrize(
    ("path", "is_told"),
    [
        ("/usr/local/lib/agent/build-info.json", True),
        ("/usr/local/lib/agent/lib/features.js", True),
        ("/usr/local/lib/agent/routes.json", False),
        ("/usr/local/lib/agent/node_modules/x/features.js", False),
        ("/etc/build-info.json", False),
    ],
)
def test_what_lies_beside_a_script_tells_it_if_it_is_read(path: str, *, is_told: bool) -> None:
    files = {
        "/usr/bin/node": program(elf()),
        "/usr/local/lib/agent/main.js": File(b"require('./x')"),
        path: File(b'{"features": {"local": true, "sftp": false}}'),
    }
    began = "P\t0\t7\t/usr/bin/node\t/usr/bin/node\\x00/usr/local/lib/agent/main.js\\x00\n"
    of = case(
        "node /usr/local/lib/agent/main.js",
        files=files,
        config={"env": {"TARGET": "sftp://vault"}},
        trace=f"{began}{OPENS.format(path)}X\t2\t7\t1\t0",
    )
    cure = factor_of(of, {"TARGET": None}).cure

    assert cure
    assert ("and was built without sftp: " in cure.text) is is_told
    assert (path in cure.text) is is_told
    assert not cure.proves


@pytest.mark.parametrize(
    ("env", "more", "is_told"),
    [
        ({"TARGET": "sftp://vault/logs"}, {}, True),
        ({"TARGET": "sftp"}, {}, True),
        ({"TARGET": "SFTP:vault"}, {}, True),
        ({"TARGET": "local"}, {}, False),
        ({"TARGET": "local://sftp/logs"}, {}, False),
        ({"TARGET": "sftp-like"}, {}, False),
        ({"TARGET": "sftp"}, {"log": "no room for the archive"}, False),
        ({"TARGET": "sftp"}, {"exit_code": 0}, False),
        ({"TARGET": "sftp"}, {"exit_code": 137}, False),
        ({}, {}, False),
    ],
)
@pytest.mark.parametrize("is_native", [True, False])
def test_what_a_setting_asks_for_and_a_silent_program_lacks(
    env: dict[str, str], more: dict[str, Any], *, is_told: bool, is_native: bool
) -> None:
    native = program(elf(text=b"built with: \0+local -sftp\0"))
    source = File(b"const FEATURES = '+local -sftp';")
    files = {"/usr/bin/node": program(elf()), "/app/main.js": source, "/app/agent": native}
    command = "/app/agent" if is_native else "node /app/main.js"
    found = judge(
        case(command, **{"files": files, "config": {"env": env}, "exit_code": 69, **more})
    )

    assert (found.cause == "built-without") is is_told
    assert not is_told or found.verdict == "likely"
    assert not is_told or "TARGET asks for sftp, and the program was built without" in found.text
