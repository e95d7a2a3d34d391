"""Spans go to a collector with TLS, or nowhere."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from certificates import Certificate, certificate
from client import Client
from collector import Collector, collecting
from conftest import MakeProgram
from running import Program, free_port
from test_tracing import ALL, settings


@pytest.fixture
def traced(program: MakeProgram) -> Program:
    return program(*ALL)


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certificate(tmp_path_factory.mktemp("trusted"))


@pytest.fixture
def collector(trusted: Certificate) -> Iterator[Collector]:
    with collecting(tls=trusted.context()) as found:
        yield found


@pytest.mark.parametrize("variable", ["OTEL_EXPORTER_OTLP_CERTIFICATE", "SSL_CERT_FILE"])
def test_a_collector_is_reached_with_tls(
    traced: Program, collector: Collector, trusted: Certificate, tmp_path: Path, variable: str
) -> None:
    other = str(certificate(tmp_path).authority)
    variables = {"REQUESTS_CA_BUNDLE": other, variable: str(trusted.authority)}
    with traced.start(**settings(collector, **variables)) as run:
        Client(run.port).get("/")
        assert run.stop() == 0, run.log()
        assert f"traces go to {collector.url}" in run.log()

    assert [span.name for span in collector.spans] == ["GET /"], run.log()


def test_the_authority_takes_the_place_of_all_others(
    traced: Program, collector: Collector, trusted: Certificate, tmp_path: Path
) -> None:
    other = certificate(tmp_path)
    variables = {
        "SSL_CERT_FILE": str(trusted.authority),
        "OTEL_EXPORTER_OTLP_CERTIFICATE": str(other.authority),
    }
    require_refused(traced, collector, "(?i)certificate", **variables)


def test_a_certificate_that_nobody_trusts_is_named_once(
    traced: Program, collector: Collector
) -> None:
    require_refused(traced, collector, "(?i)certificate.*(issuer|UnknownIssuer)")


def test_a_certificate_of_another_server_is_named_once(traced: Program, tmp_path: Path) -> None:
    other = certificate(tmp_path, "DNS:collector.example")
    with collecting(tls=other.context()) as collector:
        authority = {"OTEL_EXPORTER_OTLP_CERTIFICATE": str(other.authority)}
        require_refused(traced, collector, "(?i)certificate.*not valid for", **authority)


def test_a_collector_without_tls_gets_nothing(traced: Program, trusted: Certificate) -> None:
    with collecting() as collector:
        collector.url = collector.url.replace("http:", "https:")
        authority = {"OTEL_EXPORTER_OTLP_CERTIFICATE": str(trusted.authority)}
        require_refused(traced, collector, r"\S", **authority)


def test_spans_do_not_follow_a_collector_that_has_moved(
    traced: Program, collector: Collector, trusted: Certificate
) -> None:
    with collecting(free_port()) as other:
        collector.status, collector.moved_to = 307, f"{other.url}/v1/traces"
        authority = {"OTEL_EXPORTER_OTLP_CERTIFICATE": str(trusted.authority)}
        require_refused(traced, collector, "307|(?i:redirect)", **authority)
        assert other.attempts == 0


def require_refused(traced: Program, collector: Collector, cause: str, **variables: str) -> None:
    """Run a service whose collector gets no span, which is named once and harms nobody."""
    with traced.start(**settings(collector, **variables)) as run:
        client = Client(run.port)
        client.get("/")
        run.wait_for_line("does not take spans")
        assert client.get("/").status == 200
        assert run.stop() == 0
        log = run.log()
    (line,) = re.findall(rf"{re.escape(collector.url)} does not take spans: (.*)", log)

    assert re.search(cause, line), line
    assert collector.spans == []


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "No such file or directory"),
        ("hunter2", "it has none, or one that cannot be read"),
        (
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "it has none, or one that cannot be read",
        ),
    ],
    ids=["missing", "no-certificate", "damaged"],
)
def test_a_file_without_authorities_is_refused(
    traced: Program, tmp_path: Path, content: str | None, problem: str
) -> None:
    file = tmp_path / "authorities.pem"
    if content:
        file.write_text(content, encoding="utf-8")
    name = "OTEL_EXPORTER_OTLP_CERTIFICATE"
    with traced.start(ready=False, **{name: str(file)}) as run:
        assert run.wait() == 78
        log = run.log()

    assert f"setting {name} is '{file}': expected a file of certificates in PEM ({problem})" in log
    assert "hunter2" not in log


def test_a_device_has_no_authorities(traced: Program) -> None:
    with traced.start(ready=False, OTEL_EXPORTER_OTLP_CERTIFICATE="/dev/zero") as run:
        assert run.wait() == 78
        assert "in PEM (it is no file)" in run.log()
