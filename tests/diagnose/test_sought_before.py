"""Files that a program sought before the last one: which of them it needs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from recorded import File, case

from examples import SERVER, STARTED
from scaffolder.diagnose.case import Case
from scaffolder.diagnose.evidence import stand_ins
from scaffolder.diagnose.evidence.swallowed import Swallowed
from scaffolder.diagnose.evidence.trace_records import read
from scaffolder.diagnose.verdict.copies import Outcome
from scaffolder.diagnose.verdict.factor import Factor
from scaffolder.diagnose.verdict.judge import judge
from scaffolder.diagnose.verdict.judgement import Judgement
from scaffolder.diagnose.verdict.reruns import try_factors
from scaffolder.docker.client import Engine

PLANS, EXTRA, OTHER = "/srv/app/plans.json", "/srv/app/extra", "/etc/app/other.json"
RLE, RAW = "/srv/app/enc_rle.so", "/srv/app/enc_raw.so"
LOCAL, STOCK = "/srv/app/local.bin", "/srv/app/stock.bin"


@dataclass(frozen=True)
class Program:
    """A program that looks for files in turn, and runs with some of them."""

    paths: tuple[str, ...]
    runs: Callable[[Factor], bool] = lambda _: False
    said: Callable[[Factor], str] = lambda _: "not open today"
    between: str = ""
    """What is recorded between its calls."""
    closed: tuple[str, ...] = ()
    stops: bool = False
    """It looks for no other file once it has found one."""
    last: tuple[str, ...] = ()

    def trace(self, factor: Factor, status: int) -> str:
        rows = [STARTED.rstrip()]
        for path in self.paths:
            is_root = factor.config.user == "0"
            is_closed = path in self.closed and not is_root
            is_there = path in factor.files or path in self.closed
            result = "-13" if is_closed else "3" if is_there else "-2"
            flags = "10000" if path == EXTRA else "0"
            rows.append(f"C\t1\t7\t7\topenat\t{result}\tp={path}\tx={flags}")
            rows += [self.between] if self.between and path != self.paths[-1] else []
            if self.stops and result == "3":
                break
        rows += ["\t".join(("L", "1", "7", *self.last))] if self.last else []
        return "\n".join([*rows, f"X\t2\t7\t{status}\t0"])


Judged = Callable[..., Judgement]


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> Judged:
    def play(program: Program, kept: str = "", **more: Any) -> Judgement:  # noqa: ANN401 - of a case
        def run(_engine: Engine, _of: Case, factor: Factor, tracer: object = None) -> Outcome:
            code = 0 if program.runs(factor) else 4
            seen = read(program.trace(factor, code)) if tracer else None
            return Outcome(alive=not code, exit_code=code, text=program.said(factor), trace=seen)

        for module in ("copies", "further", "unchanged", "telling", "granted", "sought_before"):
            monkeypatch.setattr(f"scaffolder.diagnose.verdict.{module}.run", run)
        if kept:
            told = Swallowed(kept, frozenset({"OSError"}), "/srv/app/app.py:3", "")
            monkeypatch.setattr(
                "scaffolder.diagnose.verdict.telling.ask",
                lambda _engine, of: object.__setattr__(of.seen, "swallowed", told),
            )
        text = more.pop("log", program.said(Factor("nothing", case().config)))
        of = case(**{"files": SERVER, **more}, exit_code=4, log=text)
        return judge(of, try_factors(Engine("docker"), of))

    return play


def has(path: str) -> Callable[[Factor], bool]:
    return lambda factor: path in factor.files


def test_what_was_sought_first_is_named_where_the_last_is_given_in_vain(judged: Judged) -> None:
    found = judged(Program((PLANS, EXTRA)))

    assert (found.cause, found.verdict) == ("file-missing", "likely")
    assert f"the program needs {PLANS}" in found.text
    assert f"it then looks for {EXTRA}, which does not exist" in found.text
    assert f"-v ./plans.json:{PLANS}:ro" in found.fix


def test_the_order_of_the_search_is_that_of_the_answer(judged: Judged) -> None:
    found = judged(Program((LOCAL, STOCK, PLANS)))

    assert f"the program needs {LOCAL}" in found.text
    assert f"it then looks for {STOCK}, then for {PLANS}, which do not exist" in found.text


@pytest.mark.parametrize("paths", [(PLANS, EXTRA), (PLANS, LOCAL, STOCK), (LOCAL, PLANS, STOCK)])
def test_a_copy_that_runs_with_one_sought_before_proves_that_one(
    judged: Judged, paths: Sequence[str]
) -> None:
    found = judged(Program(tuple(paths), runs=has(PLANS)))

    assert (found.cause, found.verdict) == ("file-missing", "proven")
    assert f"the program needs {PLANS}" in found.text
    assert f"with an empty file at {PLANS} a copy keeps running" in found.text


def test_the_last_is_proven_as_ever_if_a_copy_runs_with_it(judged: Judged) -> None:
    found = judged(Program((LOCAL, STOCK), runs=has(STOCK)))

    assert (found.cause, found.verdict) == ("file-missing", "proven")
    assert STOCK in found.text
    assert LOCAL not in found.text


@pytest.mark.parametrize(
    "more",
    [
        {"said": lambda f: "no stock in it" if STOCK in f.files else "not open today"},
        {"between": "C\t1\t7\t7\topenat\t5\tp=/srv/data\tx=0"},
        {"last": ("openat=-2", "write=9", "openat=-2", "write=21")},
    ],
    ids=["the last changes the end", "it has gone on", "it has said something"],
)
def test_what_a_program_does_without_is_not_blamed(judged: Judged, more: dict[str, Any]) -> None:
    found = judged(Program((LOCAL, STOCK), **more))

    assert "/srv/app/stock.bin" in found.text
    assert LOCAL not in found.text


def test_what_lies_elsewhere_is_not_blamed(judged: Judged) -> None:
    found = judged(Program((OTHER, STOCK)))

    assert f"the program needs {STOCK}" in found.text
    assert OTHER not in found.text


@pytest.mark.parametrize(
    "log",
    ["warning: local.bin: using defaults\nnot open today", "not open today: stock.bin"],
    ids=["says that it does without", "names the last"],
)
def test_what_the_program_says_of_its_files_counts(judged: Judged, log: str) -> None:
    found = judged(Program((LOCAL, STOCK)), log=log)

    assert f"the program needs {LOCAL}" not in found.text


def test_several_places_for_one_name_are_told_as_such(judged: Judged) -> None:
    places = ("/etc/app.conf", "/root/.app.conf", "/srv/app.conf", "/srv/app.yaml")
    found = judged(Program(places))

    assert "looks for app in 4 places" in found.text


def test_one_after_which_no_other_is_sought_is_the_one(judged: Judged) -> None:
    found = judged(Program((LOCAL, PLANS, STOCK), stops=True))

    assert f"the program needs {PLANS}" in found.text


@pytest.mark.parametrize(
    ("env", "named"),
    [
        ({"TILE_FORMAT": "rle"}, RLE),
        ({"TILE_FORMAT": "raw"}, RAW),
        ({"ENCODER": RLE}, RLE),
    ],
)
def test_a_setting_names_the_library_that_decides(
    judged: Judged, env: dict[str, str], named: str
) -> None:
    other = "/srv/app/enc_png.so"
    found = judged(Program((other, RLE, RAW) if named == RLE else (RAW, RLE)), config={"env": env})

    assert f"the program needs {named}" in found.text or f"names {named}" in found.text


def test_a_path_that_a_setting_names_decides_wherever_it_is(judged: Judged) -> None:
    found = judged(Program((OTHER, STOCK)), config={"env": {"TABLE": OTHER}})

    assert f"the program needs {OTHER}" in found.text
    assert STOCK in found.text


def test_libraries_that_the_loader_seeks_everywhere_are_not_swapped(judged: Judged) -> None:
    dirs = ("/lib", "/usr/lib")
    found = judged(Program(tuple(f"{d}/lib{n}.so.1" for n in ("numa", "pq") for d in dirs)))

    assert "libpq.so.1" in found.text
    assert "numa" not in found.text


def error(path: str) -> str:
    return f"FileNotFoundError: [Errno 2] No such file or directory: '{path}'"


def test_an_exception_that_is_kept_tells_which_it_is(judged: Judged) -> None:
    found = judged(Program((LOCAL, PLANS, STOCK)), kept=error(PLANS))

    assert PLANS in found.text
    assert LOCAL not in found.text


@pytest.mark.parametrize("has_more", [True, False])
def test_an_exception_over_the_last_keeps_it_first_and_names_the_others(
    judged: Judged, *, has_more: bool
) -> None:
    found = judged(Program((PLANS, STOCK) if has_more else (STOCK,)), kept=error(STOCK))

    assert f"the program needs {STOCK}" in found.text
    assert (f"before that, it looks for {PLANS}, which does not exist" in found.text) is has_more


def test_an_exception_over_something_else_decides_alone(judged: Judged) -> None:
    found = judged(Program((PLANS, STOCK)), kept="ValueError: no stock")

    assert f"the program needs {PLANS}" not in found.text


CURRENT, PREVIOUS = "/keys/current.key", "/keys/previous.key"
AS_USER = {"files": {**SERVER, CURRENT: File(b"x", mode=0o600)}, "config": {"user": "1000"}}


def test_a_file_that_may_not_be_read_comes_before_one_that_nobody_put_there(
    judged: Judged,
) -> None:
    program = Program(
        (CURRENT, PREVIOUS), runs=lambda f: f.config.user == "0", closed=(CURRENT,), stops=True
    )
    found = judged(program, **AS_USER)

    assert (found.cause, found.verdict) == ("file-closed", "proven")
    assert f"cannot access {CURRENT}" in found.text
    assert f"it then looks for {PREVIOUS}, which does not exist" in found.text


@pytest.mark.parametrize(
    ("runs", "verdict"), [(has(PREVIOUS), "proven"), (lambda _: False, "likely")]
)
def test_one_that_may_not_be_read_and_does_not_matter_is_not_blamed(
    judged: Judged, runs: Callable[[Factor], bool], verdict: str
) -> None:
    found = judged(Program((CURRENT, PREVIOUS), runs=runs, closed=(CURRENT,)), **AS_USER)

    assert (found.cause, found.verdict) == ("file-missing", verdict)
    assert CURRENT not in found.text


def test_a_closed_directory_tells_nothing_of_a_file_elsewhere() -> None:
    rows = (
        f"{STARTED}C\t1\t7\t7\topenat\t-13\tp=/root/.apprc\tx=0\n"
        f"C\t1\t7\t7\topenat\t-2\tp={STOCK}\tx=0\nX\t2\t7\t1\t0"
    )
    seen = read(rows)

    assert stand_ins.refused(seen, seen.calls[-1]) is None
