"""A health check that does nothing is named, whatever Docker says; one that asks is not."""

from collections.abc import Callable
from pathlib import Path

import pytest
from recorded import File, case

from examples import EXAMPLES, PYTHON
from scaffolder.diagnose.causes.health.nothing import only_defines
from scaffolder.diagnose.verdict.judge import judge
from scaffolder.templates import releases

EXAMPLE = EXAMPLES["check-does-nothing"]
SOURCE = "template/python/src/{{package}}"


def with_module(source: str, **others: str) -> dict[str, object]:
    """Return the example with another module as its check."""
    files = {f"/app/orders/{name}.py": File(text.encode()) for name, text in others.items()}
    return {**EXAMPLE, "files": {**PYTHON, "/app/orders/probe.py": File(source.encode()), **files}}


def test_the_check_of_template_0_5_0_does_nothing_and_the_one_before_it_asked() -> None:
    faulty = (releases.unpacked("0.5.0") / SOURCE / "probe.py").read_text(encoding="utf-8")
    before = (releases.unpacked("0.4.0") / SOURCE / "health.py.jinja").read_text(encoding="utf-8")

    assert only_defines(faulty)
    assert not only_defines(before)


@pytest.mark.parametrize("module", ["health", "runtime/healthcheck"])
def test_the_check_of_a_new_service_asks(
    pristine: Callable[[tuple[str, ...]], Path], module: str
) -> None:
    source = (pristine(()) / f"src/orders/{module}.py").read_text(encoding="utf-8")

    assert not only_defines(source)


def test_a_check_that_says_healthy_and_does_nothing_is_proven_with_its_evidence() -> None:
    found = judge(case(**EXAMPLE))

    assert (found.verdict, found.cause) == ("proven", "check-does-nothing")
    assert {evidence.source for evidence in found.evidence} == {"inspect", "files"}


def test_a_service_of_ours_gets_the_command_that_repairs_it() -> None:
    source = EXAMPLE["files"]["/app/orders/probe.py"].content.decode()
    ours = judge(case(**with_module(source, health="")))  # type: ignore[arg-type]

    assert "viscaffold update" in ours.fix
    assert "python -m orders.health" in ours.fix
    assert "viscaffold" not in judge(case(**EXAMPLE)).fix


def test_an_image_with_such_a_check_is_told_so_before_it_runs() -> None:
    image = {key: value for key, value in EXAMPLE.items() if key != "state"}

    assert judge(case(**image, kind="image")).cause == "check-does-nothing"


@pytest.mark.parametrize(
    "source",
    [
        'import sys\n\ndef main():\n    return 1\n\nif __name__ == "__main__":\n    sys.exit(main())\n',
        "def main():\n    return 1\n\nmain()\n",
        "import requests\n",
        "from . import ask\n",
        "raise SystemExit(1)\n",
        "def broken(:\n",
        "x = (" * 500,
        "@run\ndef main():\n    pass\n",
    ],
)
def test_a_module_that_may_do_something_is_not_accused(source: str) -> None:
    assert judge(case(**with_module(source))).verdict == "healthy"  # type: ignore[arg-type]
