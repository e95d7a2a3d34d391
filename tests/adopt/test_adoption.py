"""An adopted service: what stays, what comes, and that it goes on like any other."""

import json
import os
import subprocess
import sys
import tomllib
import urllib.request
from pathlib import Path

import existing
import pytest
import running
from conftest import commit, files, git, state, viscaffold
from existing import MakeExisting

from scaffolder.operations import adoption
from scaffolder.templates.template import builtin, carried

NAMES = {"flat": "pens", "layered": "app-service", "factory": "blog-service", "worker": "pens"}
ASKED = {
    "flat": ("/pens/1", {"color": "blue"}),
    "layered": ("/api/v1/pens", ["blue"]),
    "factory": ("/posts", ["first"]),
    "worker": ("/health/live", {"status": "ok"}),
}
CHANGED = {
    "flat": {".gitignore"},
    "layered": {"pyproject.toml", "docker-compose.yml"},
    "worker": {"Dockerfile"},
}
"""Files of theirs that adoption was asked to change."""

EACH = pytest.mark.parametrize("shape", existing.SHAPES)


def program(root: Path, shape: str) -> running.Program:
    """Return how the runtime starts a service."""
    package = NAMES[shape].replace("-", "_")
    command = (sys.executable, "-m", package)
    return running.Program("python", command, {"PYTHONPATH": f"{root / 'src'}:{root}"})


@EACH
def test_what_is_theirs_stays_byte_for_byte(adopted: MakeExisting, shape: str) -> None:
    now = files(adopted(shape))
    before = {path: text.encode() for path, text in existing.SHAPES[shape].items()}
    changed = {path for path, content in before.items() if now.get(path) != content}

    assert changed == CHANGED.get(shape, set())


@EACH
def test_their_own_tests_still_pass(adopted: MakeExisting, shape: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=adopted(shape), capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert ran.returncode == 0, ran.stdout
    assert "1 passed" in ran.stdout


@EACH
def test_the_runtime_starts_it_and_it_answers_as_before(adopted: MakeExisting, shape: str) -> None:
    path, answer = ASKED[shape]
    with program(adopted(shape), shape).start() as service:
        with urllib.request.urlopen(service.url + path) as got:
            assert json.load(got) == answer
        with urllib.request.urlopen(f"{service.url}/health/ready") as ready:
            assert ready.status == 200
        with urllib.request.urlopen(f"{service.url}/health") as health:
            assert (health.read() == b"fine") == (shape == "factory")
        assert service.stop() == 0


REFERS = """\
from fastapi import FastAPI, Request

def make():
    return FastAPI()

app = make()

@app.get("/where")
def where(request: Request) -> str:
    return str(request.url_for("where"))

@app.get("/health/live")
def live() -> str:
    return "theirs"
"""


def test_their_routes_know_each_other_and_come_before_ours(exists: MakeExisting) -> None:
    root = exists(files={"main.py": REFERS})
    assert viscaffold("adopt", "--yes").code == 0
    with program(root, "flat").start() as service:

        def said(path: str) -> object:
            with urllib.request.urlopen(service.url + path) as got:
                return json.load(got)

        assert said("/where") == f"{service.url}/where"
        assert said("/health/live") == "theirs"
        assert said("/health/ready") == {"status": "ok", "checks": {}}


@EACH
def test_the_manifest_names_what_both_need(adopted: MakeExisting, shape: str) -> None:
    manifest = tomllib.loads((adopted(shape) / "pyproject.toml").read_text(encoding="utf-8"))

    assert {"starlette>=1.0", "uvicorn>=0.50"} <= {*manifest["project"]["dependencies"]}
    assert ("fastapi>=0.120" in manifest["project"]["dependencies"]) == (
        shape in ("flat", "layered")
    )
    assert "httpx2>=2.0" in manifest["dependency-groups"]["dev"]
    assert manifest.get("tool", {}).get("pytest") == (
        {"ini_options": {"testpaths": ["app"]}} if shape == "layered" else None
    )


@EACH
def test_undo_takes_it_back(exists: MakeExisting, shape: str) -> None:
    root = exists(shape)
    before = state(root)
    assert viscaffold("adopt", "--yes", *existing.FLAGS[shape]).code == 0
    assert state(root) != before

    assert viscaffold("undo").code == 0
    assert state(root) == before


@EACH
def test_stages_come_and_go(
    adopted: MakeExisting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shape: str
) -> None:
    root = tmp_path / "pens"
    git(tmp_path, "clone", "--quiet", str(adopted(shape)), str(root))
    monkeypatch.chdir(root)
    before = files(root)
    added = viscaffold("add-stage", "metrics", "logging", "--yes")

    assert added.code == 0, added.err
    assert "prometheus" in (root / "pyproject.toml").read_text(encoding="utf-8")
    assert (root / "README.md").exists() == ("README.md" in existing.SHAPES[shape])
    commit(root)
    removed = viscaffold("remove-stage", "metrics", "logging", "--yes")
    assert removed.code == 0, removed.err
    assert files(root) == before


@EACH
def test_an_update_is_merged_into_it(
    exists: MakeExisting, monkeypatch: pytest.MonkeyPatch, shape: str
) -> None:
    root = exists(shape)
    with monkeypatch.context() as patch:
        patch.setattr(adoption, "builtin", lambda: carried("0.10.0"))
        assert viscaffold("adopt", "--yes", *existing.FLAGS[shape]).code == 0
    commit(root)
    (root / "main.py").write_text("from fastapi import FastAPI\n\napp = FastAPI()\n")
    commit(root)
    updated = viscaffold("update", "--yes")

    assert updated.code == 0, updated.err
    commit(root)
    text = (root / ".copier-answers.yml").read_text(encoding="utf-8")
    assert f"_commit: {builtin().version}" in text
    assert "README.md: SERVICE.md" in text
    assert viscaffold("update", "--yes").err.endswith("Nothing to do.\n")


def test_a_dry_run_writes_nothing_and_shows_the_tree_that_is_written(exists: MakeExisting) -> None:
    root = exists()
    before = state(root)
    planned = viscaffold("adopt", "--dry-run", "--yes", "--json").json()

    assert state(root) == before
    assert "+from main import app" in planned["diff"]
    assert viscaffold("adopt", "--yes", "--json").json()["tree"] == planned["tree"]
    assert git(root, "write-tree").strip() == planned["tree"]


def test_secrets_are_ignored_beside_what_they_ignore(adopted: MakeExisting) -> None:
    assert (adopted("flat") / ".gitignore").read_text(encoding="utf-8") == ".venv\n.env\n/data/\n"


def test_the_runtime_alone_brings_nothing_of_containers(exists: MakeExisting) -> None:
    root = exists("layered")
    ran = viscaffold("adopt", "--yes", "--runtime-only")

    assert ran.code == 0, ran.err
    new = {*git(root, "diff", "--staged", "--name-only").splitlines()}
    assert not new & {"Dockerfile", ".dockerignore", "compose.yaml", "service.Dockerfile"}
    assert "src/app_service/runtime/supervisor.py" in new


def test_a_dockerfile_beside_theirs_is_the_one_that_compose_builds(adopted: MakeExisting) -> None:
    root = adopted("layered")

    assert "dockerfile: service.Dockerfile" in (root / "compose.yaml").read_text(encoding="utf-8")
    assert "PYTHONPATH=/app/src" in (root / "service.Dockerfile").read_text(encoding="utf-8")
    assert not (root / ".dockerignore").exists()


def test_a_service_in_a_directory_of_a_repository_is_adopted_there(
    exists: MakeExisting, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = {f"backend/{path}": text for path, text in existing.FLAT.items()}
    root = exists(files={**inner, "README.md": "# All\n"})
    assert viscaffold("adopt", "backend", "--yes").code == 0

    new = git(root, "diff", "--staged", "--name-only").splitlines()
    assert {path.partition("/")[0] for path in new} == {"backend"}
    monkeypatch.chdir(root / "backend")
    said = viscaffold("status").out
    assert "Stages: none" in said
    assert "Changed by you" not in said


def test_places_that_lead_out_of_the_service_are_refused(exists: MakeExisting) -> None:
    root = exists()
    assert viscaffold("adopt", "--yes").code == 0
    answers = root / ".copier-answers.yml"
    text = answers.read_text(encoding="utf-8")
    answers.write_text(text.replace("SERVICE.md", "../../outside"), encoding="utf-8")
    commit(root)
    ran = viscaffold("add-stage", "metrics", "--yes")

    assert ran.code == 5
    assert "_places" in ran.err


def test_tests_of_a_resource_stand_beside_those_of_the_stages(exists: MakeExisting) -> None:
    root = exists("worker")
    assert viscaffold("adopt", "--yes", *existing.FLAGS.get("worker", ())).code == 0
    commit(root)
    assert viscaffold("add-stage", "api", "--yes").code == 0
    commit(root)
    ran = viscaffold("add-resource", "box", "color:string")
    assert ran.code == 0, ran.err

    new = git(root, "diff", "--staged", "--name-only").split()
    assert new == ["src/pens/app.py", "src/pens/boxes.py", "tests/stages/test_boxes.py"]
    tested = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", new[-1]],
        cwd=root, env={**os.environ, "PYTHONPATH": f"{root / 'src'}:{root}"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "3 passed" in tested.stdout, tested.stdout
