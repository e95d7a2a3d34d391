"""Certificates that are over: of the program itself, and of a neighbour that it asks."""

import random
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pems import CERTIFICATE, KEY, NAMED, OVER
from recorded import File, Tree, case

from examples import CACHE, SERVER, tried
from scaffolder.diagnose.evidence.x509 import MOST, covers, names, validities
from scaffolder.diagnose.report.answer import document
from scaffolder.diagnose.verdict.judge import judge

OPENED = "openat\t3\tp=/app/client.crt\tx=0"
ASKED = "resolve\t0\tn=cache"


def test_the_validity_of_each_certificate_of_a_file_is_read() -> None:
    (begins, ends), _ = validities(OVER + KEY + CERTIFICATE)

    assert (begins, ends) == (datetime(2024, 1, 1, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC))
    assert validities(OVER * MOST)
    assert validities(OVER * (MOST + 1)) == []
    assert validities(KEY) == []


@given(st.integers(0, 10_000), st.integers(1, 30))
def test_a_certificate_that_is_broken_has_none_or_another(seed: int, changes: int) -> None:
    chance, broken = random.Random(seed), bytearray(OVER)
    for _ in range(changes):
        broken[chance.randrange(30, len(OVER) - 30)] = chance.choice(b"ABCDxyz+/=\n")

    assert len(validities(bytes(broken))) <= 1


def cached(pem: bytes, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - of a case
    """Return a container that ended over a neighbour whose certificate is this one."""
    command = ("python3", "serve.py")
    cache = replace(CACHE, command=command, workdir="/srv", **more)
    script = File(b"context.load_cert_chain('tls/own.crt', 'tls/own.key')\n")
    files = Tree({"/srv/serve.py": script, "/srv/tls/own.crt": File(pem)})
    sources = {"around": (cache,), "theirs": {"cache": files}}
    return tried(ASKED, config={"networks": {"net": ""}}, sources=sources)


def test_the_certificate_of_a_neighbour_that_is_over_is_named() -> None:
    found = judge(case(**cached(OVER)))

    assert (found.cause, found.verdict) == ("certificate-over", "likely")
    assert "/srv/tls/own.crt in the container cache, expired on 2025-01-01" in found.text
    assert judge(case(**cached(CERTIFICATE))).cause != "certificate-over"
    assert judge(case(**cached(OVER, names=("other",)))).cause != "certificate-over"


@pytest.mark.parametrize(
    ("path", "content", "is_over"),
    [
        ("/app/client.crt", OVER, True),
        ("/app/client.crt", CERTIFICATE, False),
        ("/app/client.crt", OVER * (MOST + 1), False),
        ("/app/client.crt", KEY, False),
        ("/etc/ssl/certs/one.pem", OVER, False),
    ],
    ids=["over", "valid", "bundle", "key", "of-the-system"],
)
def test_a_certificate_that_the_program_reads_is_looked_at(
    path: str, content: bytes, *, is_over: bool
) -> None:
    opened = OPENED.replace("/app/client.crt", path)
    found = judge(case(**tried(opened, files={**SERVER, path: File(content)})))

    assert (found.cause == "certificate-over") == is_over


def test_one_that_is_not_valid_yet_is_told_by_its_first_day() -> None:
    files = {**SERVER, "/app/client.crt": File(CERTIFICATE)}
    early = {
        "started": datetime(2019, 1, 1, tzinfo=UTC),
        "finished": datetime(2019, 1, 2, tzinfo=UTC),
    }
    found = judge(case(**tried(OPENED, files=files, state=early)))

    assert "is valid from 2020-01-01 on only" in found.text


def test_a_container_that_is_named_as_a_secret_is_no_name_of_one() -> None:
    example = cached(OVER)
    around = replace(example["sources"]["around"][0], name="cache-tokens")
    sources = {
        "around": (around,),
        "theirs": {"cache-tokens": example["sources"]["theirs"]["cache"]},
    }
    found = case(**{**example, "sources": sources})

    assert "docker cp cache-tokens:/srv/tls/own.crt -" in str(document(found, judge(found), 1.0))


@pytest.mark.parametrize(
    ("log", "path", "is_told"),
    [
        (
            "java.security.cert.CertificateExpiredException: NotAfter: Sat Nov 07",
            "/app/a.p12",
            True,
        ),
        ("java.security.cert.CertificateNotYetValidException: NotBefore: Sat", "/app/a.jks", True),
        (
            "java.security.cert.CertificateExpiredException: NotAfter: Sat Nov 07",
            "/app/a.txt",
            False,
        ),
        ("java.io.IOException: cannot read it", "/app/a.p12", False),
    ],
)
def test_what_java_says_of_a_certificate_is_told_with_its_keystore(
    log: str, path: str, *, is_told: bool
) -> None:
    found = judge(case(**tried(f"openat\t3\tp={path}\tx=0", log=log)))

    assert (found.cause == "certificate-over") is is_told, found
    assert not is_told or f"a certificate in {path} has expired" in found.text


def test_the_names_that_a_certificate_is_for_are_read() -> None:
    known = {"collector.metering.internal", "*.example.org", "10.1.2.3"}

    assert names(NAMED) == [known]
    assert names(CERTIFICATE + KEY) == []
    assert names(NAMED * (MOST + 1)) == []


@given(st.integers(0, 10_000), st.integers(1, 30))
def test_the_names_of_a_broken_certificate_are_some_or_none(seed: int, changes: int) -> None:
    chance, broken = random.Random(seed), bytearray(NAMED)
    for _ in range(changes):
        broken[chance.randrange(30, len(NAMED) - 30)] = chance.choice(b"ABCDxyz+/=\n")

    assert len(names(bytes(broken))) <= 1


@pytest.mark.parametrize(
    ("host", "is_covered"),
    [
        ("collector.metering.internal", True),
        ("Collector.Metering.Internal.", True),
        ("a.example.org", True),
        ("10.1.2.3", True),
        ("collector", False),
        ("a.b.example.org", False),
        ("example.org", False),
        ("10.1.2.4", False),
    ],
)
def test_a_name_is_one_of_a_certificate_or_not(host: str, *, is_covered: bool) -> None:
    assert covers(names(NAMED)[0], host) is is_covered


@pytest.mark.parametrize(
    ("pem", "url", "is_told"),
    [
        (NAMED, "https://cache:8443/readings", True),
        (NAMED, "rediss://user:x@cache:6380/0", True),
        (NAMED, "http://cache:8080/", False),
        (NAMED, "https://elsewhere:8443/", False),
        (CERTIFICATE, "https://cache:8443/", False),
        (KEY, "https://cache:8443/", False),
    ],
    ids=["https", "redis", "plain", "another", "without names", "a key"],
)
def test_a_neighbour_whose_certificate_has_other_names_is_told(
    pem: bytes, url: str, *, is_told: bool
) -> None:
    example = cached(pem)
    example["config"] |= {"env": {"CACHE_URL": url}}
    found = judge(case(**example))

    assert (found.cause == "certificate-of-another") is is_told, found
    assert not is_told or "is for *.example.org, 10.1.2.3, collector.metering" in found.text
