"""What programs say of themselves that they were built without."""

from collections.abc import Callable
from typing import Any

import pytest
from recorded import File, case, elf, program

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.evidence.config import Host
from scaffolder.diagnose.evidence.seen import Seen
from scaffolder.diagnose.evidence.swallowed import Ending
from scaffolder.diagnose.evidence.trace import Call, Trace, Traced
from scaffolder.diagnose.programs.built import form_without, other_schemes, without, without_in
from scaffolder.diagnose.verdict.copies import Outcome
from scaffolder.diagnose.verdict.factor import Factor
from scaffolder.diagnose.verdict.judge import judge
from scaffolder.diagnose.verdict.reruns import try_factors
from scaffolder.diagnose.verdict.rewording import factor_of
from scaffolder.docker.client import Engine


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
        ({"TARGET": "local"}, {}, False),
        ({"TARGET": "local://sftp/logs"}, {}, False),
        ({"TARGET": "sftp-like"}, {}, False),
        ({"TARGET": "sftp"}, {"exit_code": 0}, False),
        ({"TARGET": "sftp"}, {"exit_code": 137}, False),
        ({}, {}, False),
    ],
)
@pytest.mark.parametrize("is_native", [True, False])
def test_what_a_setting_asks_for_and_a_silent_program_lacks(
    env: dict[str, str], more: dict[str, Any], *, is_told: bool, is_native: bool
) -> None:
    native = program(elf(text=b"built with: \0+local -sftp\0TARGET\0"))
    source = File(b"const FEATURES = '+local -sftp', to = process.env.TARGET;")
    files = {"/usr/bin/node": program(elf()), "/app/main.js": source, "/app/agent": native}
    command = "/app/agent" if is_native else "node /app/main.js"
    found = judge(
        case(command, **{"files": files, "config": {"env": env}, "exit_code": 69, **more})
    )

    assert (found.cause == "not-built-in") is is_told
    assert not is_told or found.verdict == "likely"
    assert not is_told or "TARGET asks for sftp" in found.text


@pytest.mark.parametrize(
    ("texts", "value", "word", "others"),
    [
        (b"-tls +gzip\0tcp://h:1 or tls://h:1\0", "tls://a:1", "tls", ["tcp://a:1"]),
        (b"-tls +gzip\0https://docs\0udp://\0tcp://\0", "TLS://a", "tls", ["udp://a", "tcp://a"]),
        (b"compiled with 'CGO_ENABLED=0', rtree requires cgo to work", "rtree", "rtree", []),
        (b"user: Current requires cgo or $USER", "user", "", []),
        (b"was built without zstd\0", "zstd", "zstd", []),
        (b"kafka support is not compiled in\0", "kafka", "kafka", []),
        (b"HTTP/2 not enabledhttp2: Transport\0", "http://a:1", "", []),
        (b"nats/2 not enabled, nats: stream not available\0", "nats://a:1", "", []),
        (b"-http +gzip\0tcp://\0", "http://a:1", "", []),
        (b"-tls -gzip\0tcp://\0", "tls://a:1", "", []),
        (b"+tls -gzip\0tcp://\0", "tls://a:1", "", []),
        (b"-tls +gzip\0tcp://\0", "tcp://tls:1", "", []),
        (b"-tls +gzip\0tcp://\0", "use tls", "", []),
        (b"tls:// if built in\0tcp://\0", "tls://a:1", "", []),
    ],
)
def test_what_a_value_is_as_a_whole_is_not_built_in(
    texts: bytes, value: str, word: str, others: list[str]
) -> None:
    assert form_without(texts, value)[0] == word
    assert other_schemes(texts, value) == others


TEXTS = b"-tls +gzip\0RELAY_TO\0tcp://\0"
TO_TLS = {"RELAY_TO": "tls://logs:6514", "OTHER": "/data/x"}


def relay(
    env: dict[str, str],
    command: str = "/relay",
    log: str = "relay: bad upstream",
    text: bytes = TEXTS,
    **more: Any,  # noqa: ANN401 - of a case
) -> dict[str, Any]:
    files = {"/relay": program(elf(text=text))}
    return {"command": command, "files": files, "log": log, "config": {"env": env}, **more}


@pytest.mark.parametrize(
    ("of", "where"),
    [
        (relay(TO_TLS), "RELAY_TO asks for tls"),
        (relay(TO_TLS, log=""), "RELAY_TO asks for tls"),
        (relay(TO_TLS, log="no such upstream: tls://logs:6514"), "RELAY_TO asks for tls"),
        (relay({}, "/relay --to tls://logs:6514"), "the option --to asks for tls"),
        (relay({}, "/relay --pack=gzip", text=b"+tls -gzip\0"), "the option --pack asks for gzip"),
    ],
)
def test_a_value_asks_for_what_is_not_built_in(of: dict[str, Any], where: str) -> None:
    found = judge(case(**of))

    assert (found.cause, found.verdict) == ("not-built-in", "likely")
    assert found.text.startswith(where)
    assert found.fix.startswith("build it with")


@pytest.mark.parametrize(
    "of",
    [
        relay({"RELAY_TO": "tcp://logs:6514"}),
        relay({"UNREAD_TO": "tls://logs:6514"}),
        relay(TO_TLS, text=TEXTS.replace(b"-tls", b"+tls")),
        relay(TO_TLS, log="relay: /data/x is not mine"),
        relay(TO_TLS, log="invalid value '/data/x' for OTHER"),
        relay(TO_TLS, log="yaml.scanner.ScannerError: mapping values are not allowed here"),
        relay(TO_TLS, exit_code=139),
        relay(TO_TLS, exit_code=0),
        relay(TO_TLS, state={"status": "running", "exit_code": 0, "finished": None}),
    ],
    ids=[
        "another",
        "not read",
        "built in",
        "says another",
        "its value",
        "a file",
        "crashed",
        "done",
        "runs",
    ],
)
def test_what_is_built_in_or_not_asked_for_is_not_blamed(of: dict[str, Any]) -> None:
    assert judge(case(**of)).cause != "not-built-in"


@pytest.mark.parametrize(
    ("runs", "verdict"),
    [
        (lambda value: value.startswith("tcp://"), "proven"),
        (lambda value: not value.startswith("tls://"), "likely"),
        (lambda value: not value, "likely"),
        (lambda _value: False, "likely"),
    ],
    ids=["another scheme", "anything else", "none at all", "nothing"],
)
def test_only_a_copy_with_another_scheme_proves_it(
    monkeypatch: pytest.MonkeyPatch, runs: Callable[[str], bool], verdict: str
) -> None:
    def run(_engine: Engine, _case: Case, factor: Factor, _tracer: object = None) -> Outcome:
        is_well = runs(factor.config.env.get("RELAY_TO", ""))
        return Outcome(alive=is_well, exit_code=1, text="relay: bad upstream")

    monkeypatch.setattr("scaffolder.diagnose.verdict.copies.run", run)
    monkeypatch.setattr("scaffolder.diagnose.verdict.unchanged.run", run)
    of = case(**relay(TO_TLS, host=Host(architecture="amd64")))
    found = judge(of, try_factors(Engine("docker"), of, before=judge(of)))

    assert (found.cause, found.verdict) == ("not-built-in", verdict)
    assert found.fix.startswith("build it with tls")


@pytest.mark.parametrize(
    ("texts", "named", "settings", "is_told"),
    [
        (b"mailer 2 (-tls +ipv6)\0", "listen_tls", "listen_tls 465\n", True),
        (b"mailer 2 (+tls +ipv6)\0", "listen_tls", "listen_tls 465\n", False),
        (b"mailer 2 (-tls +ipv6)\0", "listen_tls", "# no listen_tls here\n", False),
        (b"mailer 2 (-tls +ipv6)\0", "listen", "listen 25\n", False),
        (b"mailer 2 (-tls +ipv6)\0", "cannot use tls", "cannot use tls\n", False),
        (b"mailer -tls -ipv6\0", "listen_tls", "listen_tls 465\n", False),
    ],
    ids=["without", "with", "not given", "another setting", "a message", "options"],
)
def test_a_setting_that_is_named_at_the_end_asks_for_what_was_not_built(
    texts: bytes, named: str, settings: str, *, is_told: bool
) -> None:
    files = {"/mailer": program(elf(text=texts)), "/etc/m.conf": File(settings.encode())}
    of = case("/mailer", files=files, exit_code=78)
    opened = Call(1, 7, 7, "openat", path="/etc/m.conf")
    trace = Trace((opened,), {7: Traced(7, program="/mailer", ended=2, status=78)})
    of.seen = Seen(trace, ending=Ending("", "exit(78)", (), named=(named,)))
    found = judge(of)

    assert (found.cause == "not-built-in") is is_told, found
    if is_told:
        assert "listen_tls in /etc/m.conf asks for tls where the program ends" in found.text
        assert "/mailer was built without tls: `-tls`" in found.text


def test_a_file_of_features_says_of_each_for_itself() -> None:
    listed = "<?php return [\n  'push' => false,\n  'csv' => true,\n];\n"

    assert without_in(listed, "push", is_list=True) == ("push", "'push' => false")
    assert without_in(listed, "push") == ("", "")
    assert without_in(listed, "csv", is_list=True) == ("", "")
