"""Reports that come again and again."""

import io
import logging
from collections.abc import Iterator
from types import ModuleType

import pytest
from conftest import Imported


@pytest.fixture
def repeats(imported: Imported) -> ModuleType:
    return imported("runtime.repeats")


class Log:
    """A logger whose lines go through the filter, to a text."""

    def __init__(self, repeats: ModuleType) -> None:
        self.now = 0.0
        self.repeats = repeats.Repeats(lambda: self.now)
        self.stream = io.StringIO()
        self.handler = logging.StreamHandler(self.stream)
        self.handler.addFilter(self.repeats)
        self.logger = logging.getLogger("test")

    def fail(self, number: int) -> None:
        try:
            int(f"x{number}")
        except ValueError:
            self.logger.exception("request %d failed", number)

    def fail_with(self, error: Exception, words: str, *args: object, **extra: str) -> None:
        def fail() -> None:
            raise error

        try:
            fail()
        except Exception:
            self.logger.exception(words, *args, extra=extra)

    def text(self) -> str:
        return self.stream.getvalue()


@pytest.fixture
def log(repeats: ModuleType) -> Iterator[Log]:
    log, root = Log(repeats), logging.getLogger()
    root.addHandler(log.handler)
    yield log
    root.removeHandler(log.handler)


def test_the_first_reports_of_a_kind_are_written_and_the_others_are_counted(
    repeats: ModuleType, log: Log
) -> None:
    for number in range(1000):
        log.fail(number)
    log.logger.error("something else")

    assert log.text().count("Traceback") == repeats.BURST
    assert "something else" in log.text()
    log.repeats.report(seconds=0)
    hidden = 1000 - repeats.BURST
    assert f"{hidden} more like this in 0 s: request 999 failed (ValueError)" in log.text()
    log.repeats.report(seconds=0)
    assert log.text().count("more like this") == 1


def test_what_is_no_report_or_ends_the_service_is_always_written(log: Log) -> None:
    log.logger.setLevel(logging.INFO)
    for _ in range(100):
        log.logger.info("a request")
        log.logger.critical("the end")

    assert len(log.text().splitlines()) == 200


def test_the_same_report_is_written_again_after_a_while(repeats: ModuleType, log: Log) -> None:
    for log.now in (0.0, repeats.REFILL_SECONDS):
        for _ in range(100):
            log.logger.error("broken")

    assert log.text().count("broken") == repeats.BURST + 1


def test_what_fails_once_is_not_lost_among_others_of_its_place(
    repeats: ModuleType, log: Log
) -> None:
    def report(what: str, error: str, how: str) -> None:
        log.fail_with(RuntimeError(error), "%s failed", what, how=how)

    for _ in range(100):
        report("mails", "refused", "low")
    assert log.text().count("mails failed") == repeats.BURST
    report("mails", "the disk is full", "low")
    report("ledger", "refused", "low")
    report("mails", "refused", "urgent")

    assert log.text().count("RuntimeError: the disk is full") == 1
    assert log.text().count("ledger failed") == 1
    assert log.text().count("mails failed") == repeats.BURST + 2


def test_memory_and_log_are_bounded_whatever_clients_choose(log: Log) -> None:
    chosen = [f"{number:010b}".replace("0", "a").replace("1", "b") for number in range(1000)]
    for path in chosen:
        log.logger.error("'GET /%s' failed", path)
    assert log.text().count("failed") == 10 + 10  # texts, and their rest
    log.fail_with(RuntimeError("the disk is full"), "'GET /%s' failed", "x")

    assert "RuntimeError: the disk is full" in log.text()


def test_an_error_that_cannot_be_shown_is_reported(log: Log) -> None:
    class BrokenError(Exception):
        def __str__(self) -> str:
            raise ValueError

    log.fail_with(BrokenError(), "it failed")

    assert log.text().count("it failed") == 1


def test_memory_is_bounded_however_many_kinds_there_are(
    repeats: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repeats, "MOST_KINDS", (10, 40, 10))
    seen = repeats.Repeats()
    passed = [
        seen.filter(logging.LogRecord(f"logger{number}", logging.ERROR, "", 1, "x", None, None))
        for number in range(100)
    ]

    assert passed.count(True) == 10 + repeats.BURST
