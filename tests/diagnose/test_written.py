"""Where Python writes by its source, on a read-only root; and how long copies may take."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from recorded import NOW, case, folder

from examples import SERVER, py
from scaffolder.diagnose.case import Case
from scaffolder.diagnose.evidence.trace_records import read
from scaffolder.diagnose.programs.pypaths import written
from scaffolder.diagnose.verdict.copies import Outcome
from scaffolder.diagnose.verdict.factor import Factor
from scaffolder.diagnose.verdict.judge import judge
from scaffolder.diagnose.verdict.lifetimes import watched_for, window
from scaffolder.diagnose.verdict.reruns import try_factors
from scaffolder.docker.client import Engine

SOURCE = """import os, sys
from pathlib import Path
STORE = Path(os.environ.get("STORE", "/var/cache/pictures"))
try:
    for size in ("64", "128"):
        place = STORE / size
        place.mkdir(parents=True, exist_ok=True)
except OSError:
    sys.exit(1)
"""
READ_ONLY = {"read_only": True}


@pytest.mark.parametrize(
    ("source", "env", "paths"),
    [
        (SOURCE, {}, [("/var/cache/pictures", True)]),
        (SOURCE, {"STORE": "/data"}, [("/data", True)]),
        ("import os\nos.makedirs(os.path.join('/srv', 'a', b))", {}, [("/srv/a", True)]),
        ("import os\nos.makedirs(os.environ['OUT'] or '/out')", {}, [("/out", True)]),
        ("p = '/run/app.pid'\nopen(p, 'w').write('7')", {}, [("/run/app.pid", False)]),
        ("from pathlib import Path\n(Path('/a') / 'b').write_text('x')", {}, [("/a/b", False)]),
        ("from pathlib import Path\nPath('/a/b').parent.mkdir()", {}, [("/a", True)]),
        ("open('/etc/app.toml').read()\nopen('/etc/a', 'rb')", {}, []),
        ("import os\nos.makedirs('data')\nos.listdir('/srv')", {}, []),
        ("p = '/a'\np = find()\nopen(p, 'w')", {}, []),
        ("def broken(:", {}, []),
    ],
)  # fmt: skip
def test_where_a_program_writes_is_read_from_its_source(
    source: str, env: dict[str, str], paths: list[tuple[str, bool]]
) -> None:
    assert [*written(source, env)] == paths


def test_a_place_that_a_read_only_root_refuses_is_named_without_a_rerun() -> None:
    found = judge(case(**py(SOURCE, config=READ_ONLY)))

    assert (found.verdict, found.cause) == ("likely", "not-writable-silent")
    assert "the root filesystem is read-only" in found.text
    assert "/var/cache/pictures" in found.text
    assert "--tmpfs" in found.fix


WATCHED = "P\t0\t7\t/usr/local/bin/python3\tpython3\\x00/app/main.py\\x00\n"


@pytest.mark.parametrize(
    "more",
    [
        {"config": {}},
        {"config": {**READ_ONLY, "tmpfs": {"/var/cache": ""}}},
        {"config": {**READ_ONLY, "env": {"STORE": "/tmp/p"}, "tmpfs": {"/tmp": ""}}},
        {"config": READ_ONLY, "files": {"/var/cache/pictures": folder()}},
        {"config": READ_ONLY, "trace": f"{WATCHED}X\t2\t7\t1\t0"},
    ],
    ids=["writable", "tmpfs", "set-elsewhere", "there-already", "a-copy-did-not-try"],
)
def test_a_place_that_can_be_written_or_is_not_is_no_cause(more: dict[str, Any]) -> None:
    assert judge(case(**py(SOURCE, **more))).cause != "not-writable-silent"


def lived(seconds: float) -> Case:
    state = {"started": NOW - timedelta(seconds=60 + seconds), "finished": NOW - timedelta(60)}
    state["finished"] = NOW - timedelta(seconds=60)
    return case(files=SERVER, state=state)


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> Callable[[Case, float], tuple[list[str], list[str]]]:
    """Return what is run of a case whose copies end after some seconds, and what is told."""

    def play(of: Case, seconds: float) -> tuple[list[str], list[str]]:
        ran: list[str] = []

        def run(_engine: Engine, _of: Case, factor: Factor, tracer: object = None) -> Outcome:
            ran.append(factor.name)
            trace = f"P\t0\t7\t/app/server\t/app/server\\x00\nX\t{seconds * 1000:.0f}\t7\t1\t0"
            return Outcome(alive=False, exit_code=1, text="", trace=read(trace) if tracer else None)

        for module in ("copies", "further", "unchanged", "telling", "granted"):
            monkeypatch.setattr(f"scaffolder.diagnose.verdict.{module}.run", run)
        return ran, try_factors(Engine("docker"), of).tried

    return play


@pytest.mark.parametrize(
    ("life", "of_copy", "copies", "told"),
    [
        (18, 5, "many", "rerun with"),
        (18, 17, "one", "a watched copy exits with 1, as late"),
        (70, 5, "none", "longer than a copy may run"),
        (134, 5, "many", "rerun with"),  # as long as Linux tries to connect
        (150, 5, "none", "longer than a copy may run"),
        (2, 2, "many", "rerun with"),
    ],
)
def test_a_slow_life_is_tried_by_one_copy_first(
    tried: Callable[[Case, float], tuple[list[str], list[str]]],
    life: float,
    of_copy: float,
    copies: str,
    told: str,
) -> None:
    ran, lines = tried(lived(life), of_copy)

    assert {0: "none", 1: "one"}.get(len(ran), "many") == copies
    assert any(told in line for line in lines)


def test_a_watched_copy_gets_the_time_of_a_slow_life_and_others_do_not() -> None:
    assert watched_for(lived(28)) > 28 * 1.5 > window(lived(28))
    assert watched_for(lived(900)) < 30
    assert watched_for(lived(1)) < 10
