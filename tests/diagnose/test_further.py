"""Programs that lack several things, one after another: copies that get them, and go on."""

from collections.abc import Callable
from typing import Any

import pytest
from recorded import case, elf
from recorded import program as native

from examples import SERVER, STARTED
from scaffolder.diagnose.case import Case
from scaffolder.diagnose.evidence.trace_records import read
from scaffolder.diagnose.verdict import unset
from scaffolder.diagnose.verdict.copies import Outcome
from scaffolder.diagnose.verdict.factor import Factor
from scaffolder.diagnose.verdict.judge import judge
from scaffolder.diagnose.verdict.judgement import Judgement
from scaffolder.diagnose.verdict.reruns import try_factors
from scaffolder.docker.client import Engine

FILE, FOLDER, KEY, LAST = "/etc/app/app.toml", "/data/cache", "/etc/app/key.pem", "/etc/app/last"
PLACE = "/data/work"
"""A path that is only asked for, and has to be a directory."""
Program = Callable[[Factor], int]


def trace(factor: Factor, status: int) -> str:
    """Return what a copy does that ends over the first of these that it lacks."""
    rows = [STARTED.rstrip()]
    for path, flags in ((FILE, "0"), (FOLDER, "10000"), (PLACE, ""), (KEY, "0"), (LAST, "0")):
        result = "3" if path in factor.files else "-2"
        name = "openat" if flags else "newfstatat"
        rows.append(f"C\t1\t7\t7\t{name}\t{result}\tp={path}" + (f"\tx={flags}" if flags else ""))
        if result == "-2" or (path == PLACE and factor.files[path] is not None):
            break
    return "\n".join([*rows, f"X\t2\t7\t{status}\t0"])


def needs(*paths: str) -> Program:
    """Return a program that ends over the first of these that is missing, and tells which."""

    def lacks(factor: Factor, path: str) -> bool:
        return (
            factor.files.get(path, b"no") is not None if path == PLACE else path not in factor.files
        )

    return lambda factor: next((3 + i for i, path in enumerate(paths) if lacks(factor, path)), 0)


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Judgement, list[str]]]:
    def play(program: Program, **more: Any) -> tuple[Judgement, list[str]]:  # noqa: ANN401 - of a case
        ran: list[str] = []

        def run(_engine: Engine, _of: Case, factor: Factor, tracer: object = None) -> Outcome:
            ran.append(factor.name)
            code = program(factor)
            seen = read(trace(factor, code)) if tracer else None
            return Outcome(alive=not code, exit_code=code, text="", trace=seen)

        for module in ("copies", "further", "unchanged", "telling", "granted"):
            monkeypatch.setattr(f"scaffolder.diagnose.verdict.{module}.run", run)
        began = program(Factor("nothing", case().config))
        of = case(files=SERVER, exit_code=began, **more)
        return judge(of, try_factors(Engine("docker"), of)), ran

    return play


def test_what_it_lacks_one_after_another_is_named_and_proven(judged: Any) -> None:  # noqa: ANN401 - a fixture
    found, _ = judged(needs(FILE, FOLDER, PLACE))

    assert (found.verdict, found.cause) == ("proven", "file-missing")
    assert f"one thing after another: {FILE}, then {FOLDER}, then {PLACE}" in found.text
    assert f"{FOLDER}: make it in the Dockerfile" in found.fix
    assert "without any one of them, it ends" in found.evidence[-1].found


def test_one_thing_alone_is_no_sequence(judged: Any) -> None:  # noqa: ANN401 - a fixture
    found, _ = judged(needs(FILE))

    assert found.verdict == "proven"
    assert "one thing after another" not in found.text


def test_what_runs_without_the_first_thing_does_not_need_it(judged: Any) -> None:  # noqa: ANN401 - a fixture
    found, ran = judged(lambda factor: 0 if FOLDER in factor.files else 4 - (FILE in factor.files))

    assert f"a directory at {FOLDER}" in ran
    assert found.verdict == "likely"
    assert "one thing after another" not in found.text


def test_a_copy_that_ends_over_the_same_thing_has_got_no_further(judged: Any) -> None:  # noqa: ANN401 - a fixture
    def ends(factor: Factor) -> int:
        factor.files.pop(FILE, None)  # type: ignore[attr-defined] # it does not see the file
        return 3

    found, ran = judged(ends)

    assert found.verdict == "likely"
    assert "gets further" not in found.text
    assert not any(" and " in name for name in ran if FILE in name)


def test_where_no_copy_runs_it_tells_how_far_they_got(judged: Any) -> None:  # noqa: ANN401 - a fixture
    found, _ = judged(needs(FILE, FOLDER, PLACE, KEY))

    assert (found.verdict, found.cause) == ("likely", "file-missing")
    for path in (FOLDER, PLACE, KEY):
        assert f"at('{path}'): no such file or directory" in found.text


def test_a_limit_that_was_lifted_is_no_such_step(judged: Any) -> None:  # noqa: ANN401 - a fixture
    _, ran = judged(needs(FILE, "/never"), config={"memory": 1 << 26})

    assert not any("more memory and" in name for name in ran)


READS = {"/app/server": native(elf(text=b"\0GRID_PLUGINS\0"))}
LACKS = f"{STARTED}C\t1\t7\t7\topenat\t-2\tp={FILE}\tx=0\nX\t2\t7\t4\t0"


def test_a_variable_proves_nothing_where_the_container_ended_over_a_failed_call() -> None:
    alone, over = (list(unset.variables(case(files=READS, trace=t))) for t in ("", LACKS))

    assert [f.name for f in alone] == [f.name for f in over] == ["the variable GRID_PLUGINS"]
    assert [f.cure and f.cure.proves for f in (*alone, *over)] == [True, False]


@pytest.mark.parametrize(("asked", "is_given"), [("/1", False), ("1/x", False), ("/12", True)])
def test_what_is_made_of_a_sample_value_is_no_thing_that_is_missing(
    monkeypatch: pytest.MonkeyPatch, asked: str, *, is_given: bool
) -> None:
    """A program that lists the directory in a variable, and has loaded nothing from it."""
    ran: list[Factor] = []

    def run(_engine: Engine, _of: Case, factor: Factor, tracer: object = None) -> Outcome:
        ran.append(factor)
        lists = "GRID_PLUGINS" in factor.config.env
        call = f"{asked}\tx=10000\td=/" if lists else f"{FILE}\tx=0"
        code = 3 if lists else 4
        rows = f"{STARTED}C\t1\t7\t7\topenat\t-2\tp={call}\nX\t2\t7\t{code}\t0"
        alive = lists and bool(factor.files)
        return Outcome(alive, code, "", read(rows) if tracer and not alive else None)

    for module in ("copies", "further", "unchanged", "telling", "granted"):
        monkeypatch.setattr(f"scaffolder.diagnose.verdict.{module}.run", run)
    of = case(files=READS, exit_code=4)
    found = judge(of, try_factors(Engine("docker"), of))

    assert any(asked.strip("/") in path for f in ran for path in f.files) is is_given
    assert found.verdict == "likely"
    assert found.cause == "file-missing"
