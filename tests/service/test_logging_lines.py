"""What a line of the stage `logging` looks like, whatever is logged."""

import decimal
import json
import logging
import math
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

import pytest
import structlog
from conftest import Imported

Line = Callable[[logging.LogRecord], dict[str, Any]]
Shown = Callable[..., str]


class Broken:
    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


class MuteError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


class BrokenMapping(dict[str, str]):
    def items(self) -> NoReturn:
        raise RuntimeError("no items")


def made(message: object, *args: object, **extra: object) -> logging.LogRecord:
    record = logging.LogRecord("orders.app", logging.INFO, __file__, 1, message, args, None)
    vars(record).update(extra)
    return record


@pytest.fixture(scope="module")
def lines(imported: Imported) -> ModuleType:
    return imported("stages.logging.lines", "logging")


@pytest.fixture(scope="module")
def values(imported: Imported) -> ModuleType:
    return imported("stages.logging.values", "logging")


@pytest.fixture(scope="module")
def line(lines: ModuleType) -> Line:
    """Format a record as JSON; return its fields."""

    def read(record: logging.LogRecord) -> dict[str, Any]:
        text = lines.json_lines("orders").format(record)
        assert text.isascii()
        assert text.isprintable()
        found: dict[str, Any] = json.loads(text, parse_constant=pytest.fail)
        return found

    return read


@pytest.fixture(scope="module")
def shown(lines: ModuleType) -> Shown:
    """Format a record as text."""

    def show(record: logging.LogRecord, *, color: bool = False) -> str:
        return str(lines.text_lines("orders", color=color).format(record))

    return show


def failed(error: BaseException) -> logging.LogRecord:
    record = made("failed")
    try:
        raise error
    except type(error):
        record.exc_info = sys.exc_info()
    return record


def test_a_line_has_the_fields_that_collectors_read(line: Line) -> None:
    found = line(made("ready in %d s", 3))

    assert found.pop("timestamp").endswith("Z")
    assert found == {
        "level": "INFO",
        "severity": "INFO",
        "logger": "orders.app",
        "service": "orders",
        "message": "ready in 3 s",
    }


def test_the_timestamp_is_rfc_3339_in_utc_with_milliseconds(line: Line) -> None:
    record = made("x", created=1_700_000_000.0)

    assert line(record)["timestamp"] == "2023-11-14T22:13:20.000Z"
    assert datetime.fromisoformat(line(made("x"))["timestamp"]).tzinfo is not None


@pytest.mark.parametrize(
    ("level", "severity"),
    [(5, "DEBUG"), (10, "DEBUG"), (25, "INFO"), (30, "WARNING"), (40, "ERROR"), (99, "CRITICAL")],
)
def test_the_severity_is_one_that_google_cloud_knows(line: Line, level: int, severity: str) -> None:
    assert line(made("x", levelno=level))["severity"] == severity


def test_extra_values_become_fields(line: Line) -> None:
    found = line(made("x", order=7, total=1.5, paid=True, note=None, lines=[{"sku": "a"}]))

    assert (found["order"], found["total"], found["paid"], found["note"]) == (7, 1.5, True, None)
    assert found["lines"] == [{"sku": "a"}]


def test_an_extra_value_cannot_take_the_place_of_a_field(line: Line) -> None:
    found = line(made("x", level="mine", request_id="forged"))

    assert found["level"] == "INFO"
    assert (found["extra.level"], found["extra.request_id"]) == ("mine", "forged")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (decimal.Decimal("1.50"), "1.50"),
        (Path("/tmp/x"), "/tmp/x"),
        (b"\xffab", "\\xffab"),
        (math.nan, "nan"),
        (-math.inf, "-inf"),
        ([10**5000], [f"{10**5000:#x}"[:128]]),
        ("\udc80", "\\udc80"),
        ({1: {2}}, {"1": [2]}),
        (ValueError("x"), "x"),
        (Broken(), "[Broken that cannot be shown: RuntimeError]"),
        ([Broken()], ["[Broken that cannot be shown: RuntimeError]"]),
    ],
)
def test_what_json_cannot_hold_is_shown_as_text(
    line: Line, value: object, expected: object
) -> None:
    assert line(made("x", value=value))["value"] == expected


def test_what_cannot_be_read_leaves_the_rest_and_says_so(line: Line) -> None:
    found = line(made("still here", value=BrokenMapping(a="b")))

    assert found["message"] == "still here"
    assert found["log_error"] == "RuntimeError: no items"


@pytest.mark.parametrize(
    "record",
    [made("%d items", "many"), made("%s", Broken()), made("%d", 10**5000), made("%s %s", "one")],
)
def test_a_message_that_cannot_be_formatted_says_so(line: Line, record: logging.LogRecord) -> None:
    message = line(record)["message"]

    assert message.startswith("[cannot be formatted: ")
    assert str(record.msg) in message


def test_a_cycle_ends(line: Line) -> None:
    cycle: dict[str, object] = {}
    cycle["again"] = cycle

    assert "again" in line(made("x", cycle=cycle))["cycle"]


def test_a_huge_message_is_cut_in_the_middle_and_says_so(line: Line, values: ModuleType) -> None:
    message = line(made("begin" + "x" * 10_000_000 + "end"))["message"]

    assert len(message) < values.MAX_TEXT + 100
    assert message.startswith("begin")
    assert message.endswith("end")
    assert "characters left out]" in message


def test_a_huge_collection_is_cut_and_says_so(line: Line) -> None:
    found = line(made("x", rows=list(range(1000)), table=dict.fromkeys(range(1000))))

    assert found["rows"][-1] == "900 more left out"
    assert found["table"]["..."] == "900 more left out"


def test_a_huge_line_keeps_its_own_fields_and_says_so(line: Line) -> None:
    found = line(made("x", **{f"field{number}": "y" * 8000 for number in range(50)}))

    assert found["message"] == "x"
    assert found["left_out"].startswith("50 fields of a line of 40")


def test_an_exception_is_in_the_same_line(line: Line) -> None:
    found = line(failed(decimal.InvalidOperation("password=hunter2")))

    assert found["error.type"] == "decimal.InvalidOperation"
    assert found["error.message"] == "password=[redacted]"
    assert found["stack_trace"].startswith("Traceback (most recent call last):\n")
    assert found["stack_trace"].endswith("decimal.InvalidOperation: password=[redacted]")


def test_an_exception_that_has_no_text_is_still_reported(line: Line) -> None:
    found = line(failed(MuteError()))

    assert found["error.message"] == "[MuteError that cannot be shown: RuntimeError]"
    assert "in failed\n" in found["stack_trace"]


def test_no_exception_makes_no_error(line: Line) -> None:
    assert "error.type" not in line(made("x", exc_info=(None, None, None)))


def test_a_stack_that_was_asked_for_is_there(line: Line) -> None:
    assert line(made("x", stack_info="Stack: here"))["stack_trace"] == "Stack: here"


def test_text_is_one_line_with_everything(shown: Shown) -> None:
    text = shown(made("ready", created=1_700_000_000.0, order=7, note="to go"))

    assert text == '2023-11-14T22:13:20.000Z INFO     orders.app: ready order=7 note="to go"'


@pytest.mark.parametrize("character", list("\n\r\0\x1b\x85\x9b\u2028\u202e"))
def test_text_cannot_forge_lines_or_control_the_terminal(shown: Shown, character: str) -> None:
    record = made(f"a{character}b", value=f"c{character}d", **{f"e{character}f": 1})
    record.name, record.levelname = f"g{character}h", f"i{character}j"

    assert character not in shown(record)


def test_the_stack_in_text_is_indented_so_that_it_cannot_forge_lines(shown: Shown) -> None:
    text = shown(failed(ValueError("x\n2026-01-01T00:00:00.000Z INFO forged\x1b[2J")))
    first, *rest = text.split("\n")

    assert "failed" in first
    assert all(line.startswith("    ") for line in rest)
    assert "\x1b" not in text


def test_only_colour_adds_escapes(shown: Shown) -> None:
    record = made("x", levelname="ERROR")
    red = "\x1b[31mERROR   \x1b[0m"

    assert shown(record, color=True) == shown(record).replace("ERROR   ", red)


def test_what_uvicorn_adds_for_colour_is_no_field(line: Line) -> None:
    assert "color_message" not in line(made("x", color_message="\x1b[1mx"))


def test_a_name_of_its_own_is_never_an_extra(lines: ModuleType, line: Line) -> None:
    assert line(made("x")).keys() <= lines.OWN


def test_a_name_that_structlog_binds_cannot_take_the_place_of_a_field(line: Line) -> None:
    with structlog.contextvars.bound_contextvars(level="mine", tenant="t", trace_id="0af7"):
        found = line(made("x"))

    assert found["level"] == "INFO"
    assert (found["extra.level"], found["tenant"], found["trace_id"]) == ("mine", "t", "0af7")


def test_what_cannot_be_read_leaves_the_other_values(line: Line) -> None:
    found = line(made("x", first=1, value=BrokenMapping(a="b"), last=2))

    assert (found["first"], found["last"]) == (1, 2)
    assert "value" not in found


def test_a_level_that_is_no_text_still_gives_a_line(line: Line, shown: Shown) -> None:
    record = made("x", levelname=5)

    assert line(record)["message"] == "x"
    assert "orders.app: x" in shown(record)


@pytest.mark.parametrize("name", ["exception", "stack", "event", "details"])
def test_names_that_renderers_of_structlog_know_are_values_like_others(
    line: Line, shown: Shown, name: str
) -> None:
    record = made("x", **{name: "a\nb"})

    assert "\n" not in shown(record)
    assert line(record)[name] == "a\nb"


def test_an_exception_that_another_handler_has_formatted_is_there(line: Line) -> None:
    assert line(made("x", exc_text="Traceback: there"))["stack_trace"] == "Traceback: there"


@pytest.mark.parametrize(
    "name",
    [
        *("password", "DB_PASSWORD", "newPasswd", "passphrase", "pwd", "client_secret", "jwt"),
        *("Authorization", "Set-Cookie", "x-api-key", "apikey", "private_key", "credentials"),
        *("refreshToken", "session_id", "AUTH_KEYS", "X-Amz-Signature"),
    ],
)
def test_values_with_the_name_of_a_secret_are_redacted(values: ModuleType, name: str) -> None:
    hidden = {name: "[redacted]"}

    assert values.field("extra", {name: "hunter2", "page": 2}) == {**hidden, "page": 2}
    assert values.field("extra", [{"deep": ({name: [b"hunter2"]},)}]) == [{"deep": [hidden]}]


def test_a_header_is_redacted_by_its_name(values: ModuleType) -> None:
    headers = [(b"host", b"here"), (b"authorization", b"hunter2")]

    assert values.field("headers", headers) == [["host", "here"], ["authorization", "[redacted]"]]


@pytest.mark.parametrize("name", ["page", "key", "author", "token_count", "compass"])
def test_values_with_other_names_stay(values: ModuleType, name: str) -> None:
    assert values.field(name, 5) == 5


def test_a_secret_where_a_long_text_is_cut_is_redacted(values: ModuleType) -> None:
    padding = "x" * (values.MAX_TEXT // 2 - 30)
    long = f"{padding} postgres://me:{'hunter2' * 5}@db {padding} {padding}"

    assert "hunter2" not in values.text(long)
