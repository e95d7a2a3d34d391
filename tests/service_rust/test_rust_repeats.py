"""Reports that come again and again, in a service in Rust."""

import re

from cases import run


def test_the_first_reports_of_a_kind_are_written_and_the_others_are_counted() -> None:
    done = run("repeats")
    reports = re.findall(r"ERROR orders::app: request (\d+)", done.stdout)
    panics = re.findall(r"ERROR orders::runtime::panics: thread .*: handler of (\d+)", done.stdout)
    hidden = re.findall(r"90 more like this in \d+ s: (.*)", done.stdout)

    assert reports == panics == [str(number) for number in range(10)]
    assert "something else" in done.stdout
    assert len(hidden) == 2
    assert "request 99: request 99 failed" in hidden
    assert any(text.endswith("handler of 99") for text in hidden)


def test_what_is_no_report_or_ends_the_service_is_always_written() -> None:
    done = run("repeats")

    assert done.stdout.count(": information") == 100
    assert done.stdout.count("CRITICAL orders::app: the end") == 100


def test_they_are_counted_when_they_are_due_and_once() -> None:
    before, after = run("repeats").stdout.split("not yet")

    assert "more like this" not in before
    assert len(re.findall(r"ERROR .* more like this", after)) == 2


def test_what_fails_once_is_not_lost_among_others_of_its_place() -> None:
    shown = run("fails in the crowd").stdout

    assert shown.count("task noisy failed: cache miss\n") == 10
    assert shown.count('mails failed: refused how="low"') == 10
    for rare in (
        "task noisy failed: another error\n",
        "task precious failed: cache miss\n",
        'mails failed: the disk is full how="low"',
        'ledger failed: refused how="low"',
        'mails failed: refused how="urgent"',
    ):
        assert shown.count(rare) == 1, shown


def test_memory_and_log_are_bounded_whatever_clients_choose() -> None:
    shown = run("repeats what clients choose").stdout
    first, after = shown.split("ledger failed: the disk is full")

    assert first.count(" failed") == 10 + 10  # texts, and their rest
    assert after.count(" failed") < 50


def test_memory_is_bounded_however_many_kinds_there_are() -> None:
    done = run("repeats")
    kinds = re.findall(r"WARNING orders::app: kind", done.stdout)

    assert len(kinds) == 40 + 10  # kinds, and their rest
