"""The code of resources: formatted, linted and typed for all names and types."""

import ast
import itertools
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pydantic
import pytest
from conftest import MakeService, Pristine, viscaffold
from samples import FULL

from scaffolder.languages import toolchain
from scaffolder.languages.all import LANGUAGES
from scaffolder.operations.resource import TYPES, Resource, parsed
from scaffolder.templates import once, template

FACTS = toolchain.load(template.builtin().root, "python").resource
NAMES = ("b", "pen", "order_line", "a_" * 14 + "bc", "x" * 30)
EVERY = ("color:string", "note:text?", "price:int", "weight:float", "sold:bool", "at:datetime",
         "day:date?", "code:uuid?")  # fmt: skip


def resource(name: str, *fields: str) -> Resource:
    return parsed(
        name,
        fields,
        "",
        LANGUAGES["python"],
        taken=FACTS["taken"],
        taken_by_fields=FACTS["fields"],
    )


def rendered(found: Resource, *stages: str) -> dict[str, str]:
    """Return the files of a resource, by their templates."""
    names = {**FACTS["files"], **FACTS["with"]["database"]["files"]}
    context = {
        "name": "orders",
        "package": "orders",
        "stages": stages,
        "resource": found.document(),
        "number": "0001",
    }
    return once.render(template.builtin(), "resource/python", list(names), context)


def samples() -> Iterator[Resource]:
    """Return resources with each type alone, optional or not, and with all, in short and long."""
    longest = "f_" * 14 + "gh"
    for name in NAMES:
        yield resource(name, *(f"{kind[0]}_{kind}:{kind}" for kind in TYPES), f"{longest}:int?")
    for kind, mark in itertools.product(TYPES, ("", "?")):
        yield resource("pen", f"{longest}:{kind}{mark}")
    for kinds in itertools.combinations(TYPES, 2):
        yield resource("pen", *(f"{kind}_:{kind}?".replace("_:", "1:") for kind in kinds))


def test_whatever_it_has_the_code_is_formatted_and_linted(
    pristine: Pristine, tmp_path: Path
) -> None:
    for number, (found, stages) in enumerate(itertools.product(samples(), ((), ("database",)))):
        for name, text in rendered(found, *stages).items():
            ast.parse(text)
            kind = "tests" if name.startswith("test") else "src/orders"
            place = tmp_path / kind / f"n{number}_{name.removesuffix('.jinja')}"
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")
    shutil.copy(pristine(()) / "pyproject.toml", tmp_path)
    for module in ("__init__.py", "app.py", "stages/__init__.py"):  # told from other packages
        (tmp_path / "src/orders" / module).parent.mkdir(exist_ok=True)
        (tmp_path / "src/orders" / module).touch()
    ruff = Path(sys.executable).with_name("ruff")
    for command in (["format", "--diff"], ["check", "--output-format=concise"]):
        ran = subprocess.run(
            [str(ruff), *command, "--no-cache"],
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stdout[:3000] + ran.stderr[:1000]


def test_names_that_the_code_has_for_something_else_are_refused() -> None:
    """A class of such a name would hide another one: all of them stand in language.yml."""
    own: set[str] = set()
    for stages in ((), ("database",)):
        for text in rendered(resource("zzz", *EVERY), *stages).values():
            own |= {name for node in ast.walk(ast.parse(text)) for name in _named(node)}
    classes = {name for name in own if re.fullmatch(r"([A-Z][a-z0-9]+)+", name)}
    refused = {"".join(word.capitalize() for word in name.split("_")) for name in FACTS["taken"]}

    assert {name for name in classes if "Zzz" not in name} - refused == set()


def _named(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [alias.asname or alias.name for alias in node.names]
    return [node.id] if isinstance(node, ast.Name) else []


def test_fields_that_would_hide_what_a_model_has_are_refused() -> None:
    inherited = {name for name in dir(pydantic.BaseModel) if not name.startswith("_")}

    assert inherited - {*FACTS["fields"]} == set()


@pytest.mark.slow
@pytest.mark.parametrize("stages", [("api", "auth", "database"), *([("api",)] if FULL else [])])
def test_a_service_with_resources_is_typed_and_passes_their_tests(
    service: MakeService, stages: tuple[str, ...], tmp_path: Path
) -> None:
    root = service(*stages)
    for name, fields in (("pen", EVERY), ("lot", ("date:date", "order:string", "self:int?"))):
        ran = viscaffold("add-resource", name, *fields)
        assert ran.code == 0, ran.err
    tests = ["tests/test_pens.py", "tests/test_lots.py"]
    for command in (
        ["mypy", "--cache-dir", f"{tmp_path}/mypy"],
        ["pytest", "-q", "-p", "no:cacheprovider", *tests],
    ):
        ran_tool = subprocess.run(
            [sys.executable, "-m", *command], cwd=root, capture_output=True, text=True, check=False
        )
        assert ran_tool.returncode == 0, ran_tool.stdout + ran_tool.stderr
