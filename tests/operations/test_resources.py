"""`add-resource`: what may be typed, what is edited, what is refused, and the way back."""

import itertools
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import rust_services
from conftest import MakeService, commit, files, git, state, viscaffold
from hypothesis import given
from hypothesis import strategies as st
from teams import TEAM, MakeTeam

from scaffolder.errors import ExitCode, UsageError
from scaffolder.languages import python_wiring
from scaffolder.languages.all import LANGUAGES
from scaffolder.languages.base import Wiring, WiringError
from scaffolder.operations import resource as resources
from scaffolder.operations.resource import Resource
from scaffolder.templates import once, template

PYTHON = LANGUAGES["python"]
APP = "src/orders/app.py"
FIELD = "color:string"


def parsed(name: str, *fields: str, plural: str = "") -> Resource:
    return resources.parsed(
        name, fields or (FIELD,), plural, PYTHON, taken={"page", "jobs"}, taken_by_fields={"id"}
    )


@pytest.mark.parametrize(
    ("name", "plural", "path"),
    [
        ("pen", "pens", "pens"),
        ("box", "boxes", "boxes"),
        ("class_day", "class_days", "class-days"),
        ("glass", "glasses", "glasses"),
        ("city", "cities", "cities"),
        ("day", "days", "days"),
    ],
)
def test_names_follow_from_one(name: str, plural: str, path: str) -> None:
    found = parsed(name)

    assert (found.plural, found.path) == (plural, path)


def test_a_field_has_a_type_and_may_be_optional() -> None:
    color, price = parsed("pen", "color:string", "price:int?").fields

    assert (color.name, color.type, color.optional) == ("color", "string", False)
    assert (price.name, price.type, price.optional) == ("price", "int", True)
    assert not price.unique


def test_a_field_may_be_unique_where_its_values_can_be_compared() -> None:
    fields = parsed("pen", "tag:string:unique", "code:uuid?:unique").fields

    assert [(field.type, field.optional, field.unique) for field in fields] == [
        ("string", False, True),
        ("uuid", True, True),
    ]
    for kind in ("text", "float?", "bool"):
        with pytest.raises(UsageError, match="note cannot be unique: ") as refused:
            parsed("pen", f"note:{kind}:unique")
        assert refused.value.hint == f"note:{kind}"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("../x", "add-resource x"),
        ("OrderLine", "add-resource order_line"),
        ("order-line", "add-resource order_line"),
        ("stra\u00dfe\u200d", "add-resource strae"),
        ("\x1b[31m", "add-resource m"),
        ("pen\n", "add-resource pen"),
        ("1st", "add-resource st"),
        ("_pen", "add-resource pen"),
        ("", "add-resource order"),
        ("x" * 31, f"add-resource {'x' * 30}"),
        ("class", "add-resource own_class"),
        ("page", "add-resource own_page"),
        ("job", "--plural own_jobs"),
        ("pens", "add-resource pen ..., or, if it is one: --plural penses"),
        ("sqlite_pen", "another name"),
    ],
)
def test_a_name_that_cannot_be_is_refused_with_one_to_try(name: str, hint: str) -> None:
    with pytest.raises(UsageError) as refused:
        parsed(name)

    assert refused.value.hint.endswith(hint)
    assert refused.value.message.isprintable()


@pytest.mark.parametrize("plural", ["sheep", "Sheep", "../sheep", "import", "x" * 33])
def test_a_plural_that_cannot_be_is_refused(plural: str) -> None:
    with pytest.raises(UsageError):
        parsed("sheep", plural=plural)


@pytest.mark.parametrize(
    ("field", "hint"),
    [
        ("color", "color:string"),
        ("color:", "color:string"),
        ("color:sting", "color:string"),
        ("price:decimal", "price:int"),
        ("price:integer!", "price:int"),
        ("sold:boolean", "sold:bool"),
        ("at:timestamp", "at:datetime"),
        ("id:int", "its_id:..."),
        ("class:string", "its_class:..."),
        ("Color:string", "color:..."),
        ("a b:string", "a_b:..."),
        ("color:string??", "color:string"),
        ("color:string:unique?", "color:string"),
        ("color:string:index", "color:string"),
        ("color:int:uniqe", "color:int"),
    ],
)
def test_a_field_that_cannot_be_is_refused_with_one_to_try(field: str, hint: str) -> None:
    with pytest.raises(UsageError) as refused:
        parsed("pen", field)

    assert refused.value.hint == hint


def test_a_field_comes_once_and_there_are_not_endless_ones() -> None:
    with pytest.raises(UsageError, match="two fields color"):
        parsed("pen", FIELD, "color:text")
    assert len(parsed("pen", *(f"f{number}:int" for number in range(40))).fields) == 40
    with pytest.raises(UsageError, match="41 fields"):
        parsed("pen", *(f"f{number}:int" for number in range(41)))


@given(st.text(max_size=50), st.text(max_size=50), st.text(max_size=50))
def test_whatever_is_typed_is_a_resource_or_refused(name: str, field: str, plural: str) -> None:
    try:
        found = parsed(name, field, plural=plural)
    except UsageError as error:
        said = error.message
        assert said.isprintable()
    else:
        for word in (found.name, found.plural, *(field.name for field in found.fields)):
            assert word.isascii()
            assert word.isidentifier()


def app(imports: str = "from . import health, stages", body: str = "stages.install(app)") -> str:
    lines = body.replace("\n", "\n    ")
    return f"{imports}\n\n\ndef create_app() -> Starlette:\n    app = made()\n    {lines}\n"


def routed(text: str) -> str:
    return python_wiring.wired({"application": text}, Wiring("pens"))["application"]


def test_an_application_gets_a_resource_after_the_stages_and_after_other_resources() -> None:
    once = routed(app())
    twice = python_wiring.wired({"application": once}, Wiring("cars"))["application"]

    assert once == app(
        "from . import health, pens, stages", "stages.install(app)\npens.install(app)"
    )
    assert "stages.install(app)\n    pens.install(app)\n    cars.install(app)\n" in twice
    assert twice.startswith("from . import cars, health, pens, stages\n")


def test_what_is_there_already_stays() -> None:
    by_hand = app("from .pens import install\nfrom . import pens, stages", "pens.install(app)")

    assert routed(by_hand) == by_hand


@pytest.mark.parametrize("names", ["a_module_with_a_long_name", "another_module_with_a_name"])
def test_a_long_import_is_written_as_a_formatter_would(names: str) -> None:
    many = ", ".join(sorted(["stages", *(f"{names}_{n}" for n in range(3))]))
    lines = routed(app(f"from . import {many}")).splitlines()

    assert lines[0] == "from . import ("
    assert "    pens," in lines
    assert routed("\n".join(lines)) == "\n".join(lines)


@pytest.mark.parametrize(
    "text",
    [
        "def create_app(:\n",
        "",
        app("from . import stages as mine"),
        app("from orders import stages"),
        app("from . import (  # mine\n    stages,\n)"),
        app(body="stages.install(service)"),
        app(body="stages.install(\n    app\n)"),
        app(body="if True:\n    stages.install(app)"),
        app() + app(""),
        "\0",
    ],
)
def test_an_application_that_is_not_as_plain_is_not_edited(text: str) -> None:
    with pytest.raises(WiringError) as refused:
        routed(text)

    assert refused.value.lines[0] == "from . import pens"


@pytest.mark.parametrize("own", ["import pens", "pens = 1", "def pens() -> None: ..."])
def test_a_name_that_is_taken_is_not_used_again(own: str) -> None:
    with pytest.raises(WiringError, match="something else pens"):
        routed(f"{own}\n{app()}")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("TABLES: tuple[str, ...] = ()\n", 'TABLES: tuple[str, ...] = ("pens",)\n'),
        ('TABLES = ("cars",)  # mine\n', 'TABLES = ("cars", "pens")  # mine\n'),
        ('TABLES = (\n    "cars",\n)\n', 'TABLES = ("cars", "pens")\n'),
        ('TABLES = ("pens",)\n', 'TABLES = ("pens",)\n'),
    ],
)
def test_the_table_is_listed(text: str, expected: str) -> None:
    text, expected = f'"""\u00c4."""\n{text}', f'"""\u00c4."""\n{expected}'

    assert python_wiring.wired({"tables": text}, Wiring("pens"))["tables"] == expected


def test_many_tables_are_listed_as_a_formatter_would() -> None:
    many = ", ".join(f'"a_table_with_a_long_name_{number}"' for number in range(3))
    found = python_wiring.wired({"tables": f"TABLES = ({many})\n"}, Wiring("pens"))["tables"]

    assert found.splitlines()[-2:] == ['    "pens",', ")"]


@pytest.mark.parametrize(
    "text", ["", "TABLES = tuple(x)\n", 'TABLES = (*MORE, "x")\n', "TABLES = ()\nTABLES = ()\n"]
)
def test_a_list_of_tables_that_is_not_as_plain_is_not_edited(text: str) -> None:
    with pytest.raises(WiringError):
        python_wiring.wired({"tables": text}, Wiring("pens"))


def test_a_resource_is_staged_and_undo_takes_it_back(service: MakeService) -> None:
    root = service("database", "api")
    before = state(root)
    ran = viscaffold("add-resource", "pen", FIELD, "price:int?", "--json")
    again = viscaffold("add-resource", "city", "name:string")

    assert ran.code == again.code == ExitCode.DONE, ran.err + again.err
    assert ran.json()["operation"] == "add-resource"
    assert [(file["change"], file["path"]) for file in ran.json()["files"]] == [
        ("modify", APP),
        ("add", "src/orders/migrations/0001_pens.py"),
        ("modify", "src/orders/migrations/__init__.py"),
        ("add", "src/orders/pens.py"),
        ("add", "tests/test_pens.py"),
    ]
    assert 'git commit -m "Add cities"' in again.err + again.out
    assert (root / "src/orders/migrations/0002_cities.py").is_file()
    assert not git(root, "diff", "--name-only")
    assert viscaffold("undo").code == viscaffold("undo").code == ExitCode.DONE
    assert state(root) == before


def test_a_dry_run_writes_nothing(service: MakeService) -> None:
    root = service("api")
    before = state(root)
    ran = viscaffold("add-resource", "pen", FIELD, "--dry-run")

    assert ran.code == ExitCode.DONE
    assert "+class NewPen(BaseModel):" in ran.err + ran.out
    assert state(root) == before


def test_what_is_the_users_is_no_part_of_later_operations(service: MakeService) -> None:
    root = service("api")
    assert viscaffold("add-resource", "pen", FIELD).code == ExitCode.DONE
    commit(root)
    own = (root / "src/orders/pens.py", root / "tests/test_pens.py", root / APP)
    before = [path.read_bytes() for path in own]

    assert viscaffold("add-stage", "logging").code == ExitCode.DONE
    assert [path.read_bytes() for path in own] == before
    assert viscaffold("status", "--json").json()["modified"] == [APP]


@pytest.mark.parametrize(
    "path", ["src/orders/pens.py", "src/orders/pens/x.py", "tests/test_pens.py"]
)
@pytest.mark.parametrize("tracked", [True, False])
def test_what_is_in_the_way_stays(service: MakeService, path: str, tracked: bool) -> None:  # noqa: FBT001 - a case
    root = service("api")
    (root / path).parent.mkdir(exist_ok=True)
    (root / path).write_text("MINE = 1\n", encoding="utf-8")
    if tracked:
        commit(root)
    before = state(root)
    ran = viscaffold("add-resource", "pen", FIELD)

    assert ran.code == ExitCode.REFUSED
    assert "in the way" in ran.err
    assert state(root) == before


def test_an_application_that_was_changed_is_said_what_it_would_get(service: MakeService) -> None:
    root = service("api")
    file = root / APP
    text = file.read_text(encoding="utf-8")
    text = text.replace("from . import health, stages", "from orders import health, stages")
    file.write_text(text, encoding="utf-8")
    commit(root)
    before = state(root)
    ran = viscaffold("add-resource", "pen", FIELD)

    assert ran.code == ExitCode.REFUSED
    assert "  from . import pens\n  pens.install(app)" in ran.err
    assert state(root) == before


def test_changes_that_are_not_staged_are_not_written_over(service: MakeService) -> None:
    root = service("api")
    (root / APP).write_text((root / APP).read_text(encoding="utf-8") + "# mine\n", encoding="utf-8")
    before = files(root)
    ran = viscaffold("add-resource", "pen", FIELD)

    assert ran.code == ExitCode.REFUSED
    assert f"{APP} (changed, not staged)" in ran.err
    assert files(root) == before


def test_lines_end_as_they_did(service: MakeService) -> None:
    root = service("api")
    git(root, "config", "core.autocrlf", "false")
    (root / APP).write_bytes((root / APP).read_bytes().replace(b"\n", b"\r\n"))
    commit(root)

    assert viscaffold("add-resource", "pen", FIELD).code == ExitCode.DONE
    content = (root / APP).read_bytes()
    assert b"    pens.install(app)\r\n" in content
    assert content.count(b"\r\n") == content.count(b"\n")


def test_without_an_api_there_is_nothing_to_serve_it(service: MakeService) -> None:
    service()
    ran = viscaffold("add-resource", "pen", FIELD)

    assert ran.code == ExitCode.REFUSED
    assert "viscaffold add-stage api" in ran.err


def test_a_template_from_before_has_no_resources(old: MakeService) -> None:
    old("0.10.0", "api")
    ran = viscaffold("add-resource", "pen", FIELD)

    assert ran.code == ExitCode.REFUSED
    assert "viscaffold update" in ran.err


def test_in_rust_a_resource_is_staged_and_undo_takes_it_back(service: MakeService) -> None:
    root = service("database", "api", language="rust")
    before = state(root)
    ran = viscaffold("add-resource", "pen", FIELD, "price:int?", "--json")
    again = viscaffold("add-resource", "city", "name:string")

    assert ran.code == again.code == ExitCode.DONE, ran.err + again.err
    assert [(file["change"], file["path"]) for file in ran.json()["files"]] == [
        ("modify", "src/app.rs"),
        ("modify", "src/lib.rs"),
        ("add", "src/migrations/0001_pens.down.sql"),
        ("add", "src/migrations/0001_pens.up.sql"),
        ("add", "src/pens.rs"),
        ("add", "tests/pens.rs"),
    ]
    assert (root / "src/migrations/0002_cities.up.sql").is_file()
    assert viscaffold("undo").code == viscaffold("undo").code == ExitCode.DONE
    assert state(root) == before


def test_in_rust_an_application_that_was_changed_is_said_what_it_would_get(
    service: MakeService,
) -> None:
    root = service("api", language="rust")
    file = root / "src/app.rs"
    file.write_text(file.read_text(encoding="utf-8").replace("Self\n", "App\n"), encoding="utf-8")
    commit(root)
    before = state(root)
    ran = viscaffold("add-resource", "pen", FIELD)

    assert ran.code == ExitCode.REFUSED
    assert "  crate::pens::configure(app, self.pens.clone());  // in configure()" in ran.err
    assert state(root) == before


NAMES = ("t", "order", "a_thing_with_a_very_long_named")
EVERY = tuple(f"{{}}{at}:{kind}{mark}" for at, (kind, mark) in enumerate(
    (kind, mark) for kind in resources.TYPES for mark in ("", "?", ":unique", "?:unique")
    if not mark.endswith("unique") or kind not in resources.ONE_OF_MANY
))  # fmt: skip


@pytest.mark.parametrize(
    ("language", "formatter"),
    [
        ("python", [sys.executable, "-m", "ruff", "format", "--line-length", "100", "--check"]),
        ("rust", ["rustfmt", "--edition", "2024", "--check"]),
    ],
)
def test_the_code_is_formatted_whatever_the_names_are(
    language: str, formatter: list[str], tmp_path: Path
) -> None:
    if language == "rust":
        rust_services.require_cargo()
    suffix = LANGUAGES[language].SUFFIX
    templates_of = [f"resource{suffix}.jinja", f"test{suffix}.jinja"]
    stages, prefixes = (["api"], ["api", "database"]), ("f", "a_field_with_a_very_long_nam")
    kinds = (EVERY[:1], EVERY[-1:], EVERY)
    for at, (name, prefix, fields, chosen) in enumerate(
        itertools.product(NAMES, prefixes, kinds, stages)
    ):
        typed = [field.format(prefix) for field in fields]
        resource = resources.parsed(
            name, typed, "", LANGUAGES[language], taken=(), taken_by_fields=()
        )
        context = {"package": "orders", "stages": chosen, "resource": resource.document()}
        rendered = once.render(
            template.builtin(), f"resource/{language}", templates_of, {**context, "number": "0001"}
        )
        for file, text in rendered.items():
            (tmp_path / f"{at}_{file.removesuffix('.jinja')}").write_text(text, encoding="utf-8")

    written = sorted(map(str, tmp_path.iterdir()))
    done = subprocess.run([*formatter, *written], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_a_team_writes_resources_in_its_own_way(
    team: MakeTeam, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = {"template/shared/resource/python/test.py.jinja": "# {{ resource.plural }} of Acme\n"}
    source, root = team({**TEAM, **own}), tmp_path / "made" / "orders"
    made = viscaffold("new", str(root), "--template", str(source), "--trust", "--stage", "api")
    assert made.code == ExitCode.DONE, made.err
    monkeypatch.chdir(root)
    ran = viscaffold("add-resource", "pen", FIELD)

    assert ran.code == ExitCode.DONE, ran.err
    assert (root / "tests/test_pens.py").read_text(encoding="utf-8") == "# pens of Acme\n"
    assert "class NewPen" in (root / "src/orders/pens.py").read_text(encoding="utf-8")


def test_tables_and_modules_of_stages_are_theirs(service: MakeService) -> None:
    service("database", "api")
    for name, plural in (("pen", "auth_users"), ("pen", "stages"), ("user", "")):
        ran = viscaffold("add-resource", name, FIELD, "--plural", plural)
        assert ran.code == ExitCode.USAGE, plural


@pytest.mark.parametrize(
    ("name", "plural"), [("status", "statuses"), ("bus", "buses"), ("analysis", "analyses")]
)
def test_a_word_in_the_singular_may_end_with_s(
    service: MakeService, name: str, plural: str
) -> None:
    service("api")

    assert viscaffold("add-resource", name, FIELD, "--dry-run").code == 0
    assert f"src/orders/{plural}.py" in viscaffold("add-resource", name, FIELD, "--dry-run").err


def test_a_resource_may_be_called_like_its_service(service: MakeService) -> None:
    root = service("api")
    assert viscaffold("add-resource", "order", FIELD).code == 0
    tests = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_orders.py"]
    source = {**os.environ, "PYTHONPATH": str(root / "src")}
    ran = subprocess.run(tests, cwd=root, env=source, text=True, capture_output=True, check=False)

    assert ran.returncode == 0, ran.stdout
    assert " passed" in ran.stdout


def test_in_a_monorepo_a_resource_is_the_services(
    service: MakeService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "all" / "orders"
    shutil.copytree(service("api", "database"), place, ignore=shutil.ignore_patterns(".git"))
    git(place.parent, "init", "--quiet")
    commit(place.parent)
    monkeypatch.chdir(place)

    assert viscaffold("add-resource", "pen", FIELD).code == ExitCode.DONE
    assert (place / "src/orders/migrations/0001_pens.py").is_file()
    assert "orders/src/orders/pens.py" in git(place.parent, "diff", "--staged", "--name-only")
