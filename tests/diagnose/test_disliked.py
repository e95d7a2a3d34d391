"""Files that are there, and that a program has to dislike: over, damaged, or broken in their form."""

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from recorded import NOW, File, case

from examples import SERVER, STARTED
from scaffolder.diagnose.evidence import dates, digests
from scaffolder.diagnose.evidence.swallowed import Swallowed
from scaffolder.diagnose.evidence.syntax import flaw
from scaffolder.diagnose.verdict.judge import judge

PAST, AHEAD = NOW - timedelta(days=40), NOW + timedelta(days=40)
DATA = b"rate 19\n"


def read(*paths: str, status: int = 1, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - of a case
    """Return a container whose copy opened some files, and ended."""
    calls = "".join(f"C\t1\t7\t7\topenat\t3\tp={path}\tx=0\n" for path in paths)
    return {"trace": f"{STARTED}{calls}X\t9\t7\t{status}\t0", "exit_code": status, **more}


def licensed(said: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - of a case
    files = {**SERVER, "/etc/app/licence": File(said.encode())}
    return read("/etc/app/licence", files=files, **more)


def token(**claims: object) -> str:
    parts = ({"alg": "HS256"}, claims)
    encoded = (base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in parts)
    return ".".join((*encoded, "c2lnbmF0dXJl"))


@pytest.mark.parametrize(
    ("said", "key"),
    [
        ("valid_until: {:%Y-%m-%d}", "valid_until"),
        ('{{"customer": "a", "notAfter": "{:%Y-%m-%dT%H:%M:%S}"}}', "notAfter"),
        ("[licence]\nexpires = {:%Y-%m-%d}\n", "expires"),
        ("seats 4\nlicence ends {:%Y-%m-%d}", "ends"),
    ],
)
def test_an_end_that_is_past_is_told_and_one_to_come_is_not(said: str, key: str) -> None:
    over, valid = judge(case(**licensed(said.format(PAST)))), licensed(said.format(AHEAD))

    assert over.cause == "validity-over"
    assert f"was valid until {PAST:%Y-%m-%d} ({key})" in over.text
    assert judge(case(**valid)).cause != "validity-over"


def test_a_token_that_is_over_is_told_without_what_it_has() -> None:
    over = token(sub="orders", exp=int(PAST.timestamp()))
    found, given = (
        judge(case(**licensed(over))),
        judge(case(**read(files=SERVER, config={"env": {"ENROL": over}}))),
    )

    assert "/etc/app/licence" in found.text
    assert f"until {PAST:%Y-%m-%d} (exp, in a JSON Web Token)" in found.text
    assert "the variable ENROL has a token that was valid until" in given.text
    assert over not in f"{found}{given}"
    assert judge(case(**licensed(token(exp=int(AHEAD.timestamp()))))).cause == "reads-last"


@pytest.mark.parametrize(
    "more",
    [
        {"log": "database is locked: no such table"},
        {"status": 0, "log": "3 rows written"},
        {"swallowed": Swallowed("KeyError: 'rates'", frozenset({"KeyError"}), "/a.py:3", "")},
    ],
    ids=["another reason", "a job that is done", "another exception"],
)
def test_what_is_over_is_no_cause_where_a_program_ends_over_something_else(
    more: dict[str, Any],
) -> None:
    found = judge(case(**licensed(f"until: {PAST:%Y-%m-%d}", **more)))

    assert found.cause != "validity-over" or "log" in more
    assert found.verdict != "proven"


def test_the_end_of_something_else_is_no_validity() -> None:
    said = f'{{"booking": 7, "end": "{PAST:%Y-%m-%d}"}}'
    files = {**SERVER, "/data/bookings.json": File(said.encode())}

    assert judge(case(**read("/data/bookings.json", files=files))).cause == "reads-last"


@pytest.mark.parametrize(
    "said", ["exp=99999999999", "until 2026-13-45", "end: 1", "exp: " + "9" * 400]
)
def test_what_is_no_date_is_none(said: str) -> None:
    assert [*dates.validities(said)] == []


def test_a_moment_of_posix_is_in_seconds_or_thousandths() -> None:
    told = [*dates.validities('{"expiresAt": 1700000000000, "exp": 1700000000}')]

    assert [each.ends for each in told] == [datetime.fromtimestamp(1_700_000_000, UTC)] * 2


def summed(listed: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - of a case
    files = {**SERVER, "/data/tax.dat": File(DATA), "/data/SUMS": File(listed.encode())}
    return read("/data/SUMS", "/data/tax.dat", files=files, **more)


@pytest.mark.parametrize("kind", ["md5", "sha1", "sha256", "sha512"])
@pytest.mark.parametrize(
    "form", ["{}  tax.dat\n", '{{"files": [{{"name": "tax.dat", "sum": "{}"}}]}}', "tax.dat = {}\n"]
)
def test_a_file_with_another_checksum_is_told_and_the_right_one_is_not(
    kind: str, form: str
) -> None:
    right, wrong = (hashlib.new(kind, data).hexdigest() for data in (DATA, b"other"))

    found = judge(case(**summed(form.format(wrong))))
    assert found.cause == "checksum-differs"
    assert "/data/tax.dat is not the file whose" in found.text
    assert judge(case(**summed(form.format(right)))).cause != "checksum-differs"


@pytest.mark.parametrize("name", ["MODEL_SHA256", "DATA_CHECKSUM", "COMMIT"])
def test_a_checksum_in_a_variable_is_that_of_a_file_that_is_read(name: str) -> None:
    right, wrong = (hashlib.sha256(data).hexdigest() for data in (DATA, b"other"))
    told = [
        judge(case(**summed("", config={"env": {name: value}}))) for value in (wrong, right, "7")
    ]

    is_told = [each.cause == "checksum-differs" for each in told]
    assert is_told == [name != "COMMIT", False, False]
    assert f"whose sha256 checksum {name} has" in told[0].text or not is_told[0]


def test_a_checksum_of_a_file_that_is_not_there_says_nothing() -> None:
    listed = f"{hashlib.sha256(b'x').hexdigest()}  other.dat\n"

    assert judge(case(**summed(listed))).cause != "checksum-differs"
    assert [each.names for each in digests.stated("f" * 33)] == []


@pytest.mark.parametrize(
    ("name", "said", "words"),
    [
        ("a.json", "{", "is no JSON"),
        ("a.toml", "keep = 14d\n", "is no TOML (line 1, column 10)"),
        ("a.yml", "a: [1\nb: 2", "is no YAML (line 2, column 2)"),
        ("a.xml", "<?xml version='1.0' encoding='ISO-8859-1'?>\n<a>\n<b></a>", "mismatched tag (line 3)"),
        ("a.ini", "[a]\nb = 1\n[c\n", "whose `[` is not closed (line 3)"),
        ("a.conf", "[a]\nb = 'x\n", "whose quotes are not closed (line 2)"),
        ("a.json", " ", "is empty"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_the_form_of_a_file_is_told(name: str, said: str, words: str) -> None:
    assert words in flaw(name, said)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("a.yml", "name: {{ name }}\nx: [\n"),
        ("a.conf", "server {\n  listen 80;\n}\n"),
        ("a.conf", ""),
        ("a.xml", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'),
        ("a.xml", "<a>ü</a>"),
        ("a.ini", "[a]\nb = it's\n# c = 'd\n"),
        ("a.txt", "{"),
        ("a.json", "[" * 100_000),
        ("a.json", "1" * 5000),
        ("a.toml", "a = " + "1" * 5000),
    ],
)
def test_what_may_be_as_it_should_is_left(name: str, said: str) -> None:
    assert not flaw(name, said)


def test_no_line_of_a_broken_file_is_quoted() -> None:
    secret = "hunter2-hunter2"
    for name, said in (
        ("a.yml", f"p: {secret}: b"),
        ("a.toml", f"p = {secret}"),
        ("a.ini", f"p = '{secret}"),
    ):
        assert flaw(name, said)
        assert secret not in flaw(name, said)
