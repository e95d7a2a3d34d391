"""What a line of the stage `logging` looks like in a service in Rust, whatever is logged."""

import json
import re
from typing import Any

import pytest
from cases import run

LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (INFO    |WARNING |ERROR   |CRITICAL) ")


def lines(case: str, **variables: str) -> list[dict[str, Any]]:
    """Run a case; return its JSON lines, all but the first one."""
    log = run(case, **{"LOG_FORMAT": "json", **variables}).stdout
    first, *others = log.splitlines()
    assert "starting orders" in first
    assert all(line.isascii() and line.isprintable() for line in others)
    return [json.loads(line, parse_constant=pytest.fail) for line in others]


def text(case: str) -> list[str]:
    """Run a case; return its lines of text, all but the first one."""
    return run(case, LOG_FORMAT="text").stdout.splitlines()[1:]


def test_values_become_fields(lines_of_fields: list[dict[str, Any]]) -> None:
    found = lines_of_fields[0]

    assert found.pop("timestamp").endswith("Z")
    assert found == {
        "level": "INFO",
        "severity": "INFO",
        "logger": "orders::app",
        "service": "orders",
        "message": "fields",
        "error.message": "no disk",
        "whole": 7,
        "large": "0xffffffffffffffff",
        "larger": "340282366920938463463374607431768211455",
        "part": 1.5,
        "nan": "NaN",
        "yes": True,
        "text": 'a"b',
        "shown": "[1, 2]",
        "message_id": 1,
        "password": "[redacted]",
        "extra.level": "mine",
        "extra.request_id": "forged",
    }


@pytest.fixture(scope="module")
def lines_of_fields() -> list[dict[str, Any]]:
    return lines("logs fields")


def test_a_huge_text_is_cut_in_the_middle_and_says_so(
    lines_of_fields: list[dict[str, Any]],
) -> None:
    found = lines_of_fields[1]

    assert len(found["message"]) < 8192 + 100
    assert found["message"].startswith("beginxxx")
    assert found["message"].endswith("xxxend")
    assert "[991816 characters left out]" in found["message"]
    assert "[808 characters left out]" in found["huge"]


def test_a_huge_line_keeps_its_own_fields_and_says_so(
    lines_of_fields: list[dict[str, Any]],
) -> None:
    found = lines_of_fields[2]

    assert found["message"] == "many"
    assert found["left_out"].startswith("25 fields of a line of 20")


def test_fields_of_spans_are_in_the_lines_within() -> None:
    found = {line["message"]: line for line in lines("logs of spans")}
    own = {"timestamp", "level", "severity", "logger", "service", "message"}
    given = {name: {k: v for k, v in f.items() if k not in own} for name, f in found.items()}

    outer = {"tenant": "acme", "extra.level": "mine"}
    assert given["within"] == {**outer, "order": 2, "user": "ann"}
    assert given["of a library"] == given["within"]
    assert given["of the outer one"] == {**outer, "order": 1}
    assert given["of none"] == given["without"] == given["in a thread"] == {}


def test_a_panic_is_one_line() -> None:
    panic, failed = lines("panics in a span")

    assert panic["level"] == "ERROR"
    assert panic["error.type"] == "panic"
    assert panic["error.message"] == "no disk"
    assert panic["request_id"] == "abc-123"
    assert re.fullmatch(r"thread 'main' panicked at src/app\.rs:\d+:\d+: no disk", panic["message"])
    assert panic["stack_trace"].startswith(("orders::app::run\n    at ", "run\n    at "))
    assert failed["level"] == "CRITICAL"
    assert "no disk" in failed["error.message"]


def test_an_error_has_its_causes() -> None:
    [failed] = lines("fails")

    assert failed["error.message"] == "the rates cannot be read: no disk"
    assert failed["stack_trace"].startswith("Error: the rates cannot be read\n\nCaused by:\n")


def test_a_value_that_panics_costs_no_line() -> None:
    *panics, found = lines("logs what panics")

    assert found["message"] == "[cannot be formatted: panic] got half of it"
    assert found["value"] == "[cannot be formatted: panic] half of it "
    assert found["order"] == 7
    assert [line["error.message"] for line in panics] == ["no text", "no text"]


def test_a_value_that_fails_costs_no_line() -> None:
    [found] = lines("logs what fails")

    assert found["message"] == "[cannot be formatted: fmt::Error] got"


def test_a_value_that_logs_while_it_is_shown_is_two_lines() -> None:
    assert [line["message"] for line in lines("logs what logs")] == [
        "said while it is shown",
        "got shown",
    ]


def test_records_of_the_crate_log_are_lines_like_others() -> None:
    [found] = lines("logs by the crate log")

    assert (found["level"], found["logger"]) == ("WARNING", "library")
    assert found["message"] == "old way"


@pytest.mark.parametrize(
    ("level", "refined", "expected"),
    [
        ("", "", ["info", "warning", "error", "critical"]),
        ("warning", "", ["warning", "error", "critical"]),
        ("CRITICAL", "", ["critical"]),
        ("DEBUG", "", ["debug", "info", "warning", "error"]),
        ("ERROR", "library=debug", ["error", "debug of a library", "debug of the crate log"]),
        ("ERROR", "orders=trace", ["trace", "debug", "info", "warning", "error"]),
        ("INFO", "off", ["critical"]),
        ("INFO", "orders::app=off,library::other=debug", ["critical"]),
    ],
)
def test_levels_are_those_that_were_asked_for(
    level: str, refined: str, expected: list[str]
) -> None:
    log = run("logs levels", LOG_LEVEL=level, RUST_LOG=refined, LOG_FORMAT="json").stdout
    found = [json.loads(line)["message"] for line in log.splitlines() if line.startswith("{")]
    found = [message for message in found if "actix" not in message]

    assert [message for message in found if message in expected] == expected
    assert found[-1] == "critical"
    if level != "DEBUG":
        assert set(found) == {*expected, "critical"}


def test_a_wrong_refinement_of_levels_is_named_and_not_used() -> None:
    log = run("logs levels", RUST_LOG="orders=loud").stdout

    assert 'RUST_LOG is "orders=loud", and is not used: expected a level, or levels like' in log
    assert log.count("INFO orders::app: info") == 1


def test_what_a_client_sends_is_no_error_of_the_service() -> None:
    found = [(line["level"], line["message"]) for line in lines("hears a client")]

    assert found == [
        ("WARNING", "stream error: request parse error: x"),
        ("ERROR", "Response payload stream error: y"),
    ]


def test_text_is_one_line_with_everything() -> None:
    found = text("logs fields")[0]

    assert LINE.match(found)
    assert found.endswith(
        ' orders::app: fields error.message="no disk" whole=7 large="0xffffffffffffffff"'
        ' larger="340282366920938463463374607431768211455" part=1.5 nan="NaN" yes=true'
        ' text="a\\"b" shown="[1, 2]" message_id=1 password="[redacted]" extra.level="mine"'
        ' extra.request_id="forged"'
    )


def test_the_stack_in_text_is_indented_so_that_it_cannot_forge_lines() -> None:
    found = text("panics in lines")

    assert not [line for line in found if not LINE.match(line) and not line.startswith("    ")]
    assert r"no disk\n2026-01-01 00:00:00,000 INFO x: forged\x1b[2J" in found[0]


def test_an_id_stands_at_the_end_of_text() -> None:
    assert text("panics in a span")[0].endswith("no disk [abc-123]")
