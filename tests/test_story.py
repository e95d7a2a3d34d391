"""The story of a service, from its first day to its first emergency, with nothing made up.

A new service grows by three stages; a stage of the team breaks it and is not added; the team fixes
it; somebody commits a mistake; the commit is found, and the service goes back to what worked.
"""

from pathlib import Path

import pytest
from conftest import commit, git, viscaffold
from teams import write
from untouched import differences, seen

from scaffolder.overlays.fetch import preferences

pytestmark = pytest.mark.slow

HOME = "template/python/{{stage.hello}}"
MODULE = '''\
"""Stage hello: GET /hello."""

from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route


@dataclass(frozen=True)
class Settings:
    """None."""


def install(app: Starlette) -> None:
    """Add the route."""

    async def hello(_request: Request) -> JSONResponse:
        return JSONResponse({"hello": "world"})

    app.router.routes.append(Route("ROUTE", hello))
'''
TEAM = {
    "viscaffold.yml": "name: acme\n",
    "stages.yml": """\
hello:
  title: Hello
  summary: a greeting
  requires: []
  python: {dependencies: [], settings: {}}
  verify:
    - {about: it greets, request: GET /hello, status: 200, json: {hello: world}}
""",
    f"{HOME}/src/{{{{package}}}}/stages/hello.py": MODULE.replace("ROUTE", "/helo"),
    f"{HOME}/tests/stages/test_hello.py": '"""Of the stage."""\n',
    f"{HOME}/docs/stages/hello.md": "# Hello\n",
}
FIXED = {f"{HOME}/src/{{{{package}}}}/stages/hello.py": MODULE.replace("ROUTE", "/hello")}

MISTAKE = "\n\nraise RuntimeError('a mistake')\n"


def edit(path: Path, text: str, message: str) -> str:
    """Append to a file, and commit it; return the commit."""
    with path.open("a", encoding="utf-8") as file:
        file.write(text)
    commit(Path(), message)
    return git(Path(), "rev-parse", "HEAD").strip()


@pytest.fixture
def verifying(new_user: None, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001 - who trusts
    """Verify changes, as by default."""
    monkeypatch.delenv(preferences.VERIFY_VARIABLE)


@pytest.mark.usefixtures("verifying")
def test_from_new_to_rollback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    team = write(tmp_path / "team", TEAM)
    made = viscaffold("new", "orders")
    root = tmp_path / "orders"
    monkeypatch.chdir(root)
    for stage in ("logging", "api", "auth"):
        grown = viscaffold("add-stage", stage)
        assert (made.code, grown.code) == (0, 0), grown.err
        assert "works on this machine" in grown.err
        git(root, "commit", "-qm", f"Add {stage}")

    before = seen(root)
    broken = viscaffold("add-stage", str(team), "--trust")
    assert broken.code == 4
    assert "step: hello: it greets" in broken.err
    assert "404" in broken.err
    assert differences(before, seen(root)) == []
    kept = Path(viscaffold("verify", "--show-failed").out.strip())
    assert "/helo" in (kept / "tree/src/orders/stages/hello.py").read_text(encoding="utf-8")

    write(team, FIXED)
    fixed = viscaffold("add-stage", str(team), "--trust")
    assert fixed.code == 0, fixed.err
    git(root, "commit", "-qm", "Add hello")
    verified = viscaffold("verify")
    assert verified.code == 0
    assert "verified already" in verified.err

    good = edit(root / "src/orders/app.py", "\n# a remark\n", "A remark")
    bad = edit(root / "src/orders/app.py", MISTAKE, "A mistake")
    edit(root / "README.md", "\nMore.\n", "A page")
    assert viscaffold("verify").code == 4
    found = viscaffold("bisect", "--json")
    assert found.code == 10, found.err
    assert found.json()["bad"]["commit"] == bad
    assert found.json()["good"]["commit"] == good

    (root / "notes.txt").write_text("mine\n", encoding="utf-8")
    back = viscaffold("rollback")
    assert back.code == 0, back.err
    assert "a mistake" not in (root / "src/orders/app.py").read_text(encoding="utf-8")
    branch = git(root, "branch", "--list", "viscaffold/before-rollback-*", "--format=%(refname)")
    assert git(root, "show", f"{branch.strip()}:notes.txt") == "mine\n"
    assert viscaffold("verify").code == 0
    git(root, "commit", "-qm", "Go back")
    assert git(root, "diff", good, "HEAD", "--", "src") == ""
