"""A service of which the container alone is adopted: their command, hardened, and no runtime."""

import json
import subprocess
import sys
from pathlib import Path

import existing
import pytest
from adopting import refused
from conftest import commit, files, git, state, viscaffold
from containers import remove_image, require_docker
from existing import MakeExisting

from scaffolder.adopt.python import container
from scaffolder.adopt.python.app import Entry
from scaffolder.adopt.sources import Sources
from scaffolder.operations import adoption
from scaffolder.templates.template import builtin, carried

ALONE = ("adopt", "--yes", "--container-only")
WEB = {**existing.FACTORY, "requirements.txt": "starlette>=1.0\nuvicorn>=0.50\n"}
PROJECT = {
    "src/blog/__init__.py": "",
    "src/blog/web.py": existing.FACTORY["src/blog/web.py"],
    "Procfile": existing.FACTORY["Procfile"],
    "pyproject.toml": """\
[project]
name = "blog"
version = "2.1"
requires-python = ">=3.11"
dependencies = ["starlette>=1.0", "uvicorn>=0.50"]
""",
}
UV = Path(sys.executable).with_name("uv")


def test_four_files_come_and_undo_takes_them_back(exists: MakeExisting) -> None:
    root = exists("factory")
    before = state(root)
    ran = viscaffold(*ALONE)
    assert ran.code == 0, ran.err

    new = git(root, "diff", "--staged", "--name-status").split()
    assert new == ["A", ".copier-answers.yml", "A", ".dockerignore", "A", "Dockerfile",
                   "A", "compose.yaml"]  # fmt: skip
    assert "docker compose up --build --detach" in ran.err
    assert "pytest" not in ran.err
    assert viscaffold("undo").code == 0
    assert state(root) == before


def test_their_command_port_and_health_route_are_taken_over(exists: MakeExisting) -> None:
    root = exists("factory")
    assert viscaffold(*ALONE).code == 0
    image = (root / "Dockerfile").read_text(encoding="utf-8")

    assert ('CMD ["uvicorn", "blog.web:create_app", "--factory", "--host", "0.0.0.0", '
            '"--port", "5000"]') in image  # fmt: skip
    assert "EXPOSE 5000" in image
    assert "'GET', '/health'" in image
    assert "USER 1000:1000" in image
    compose = (root / "compose.yaml").read_text(encoding="utf-8")
    assert "${PORT:-5000}:5000" in compose
    assert "init: true" in compose
    assert "LOG_LEVEL" not in compose


@pytest.mark.parametrize(
    ("made", "asked"),
    [
        ("route = APIRouter(prefix='/api')\n@route.get('/health')", "/"),
        ("Mount('/api', routes=[Route('/health', len)])\n@app.get('/none')", "/"),
        ("@app.get('/api/v1/health-check/')", "/api/v1/health-check/"),
        ("@app.get('/healthy-food')", "/"),
    ],
)
def test_the_health_check_asks_a_route_whose_path_is_known(
    exists: MakeExisting, made: str, asked: str
) -> None:
    head = "from fastapi import APIRouter, FastAPI\nfrom starlette.routing import Mount, Route\n"
    code = f"{head}app = FastAPI()\n{made}\ndef health(): return 1\n"
    root = exists(files={"main.py": code, "requirements.txt": "fastapi\n"})
    assert viscaffold(*ALONE).code == 0

    assert f"'GET', '{asked}'" in (root / "Dockerfile").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ('CMD ["fastapi", "run", "app/main.py"]', ["fastapi", "run", "app/main.py"]),
        ("CMD gunicorn -w 2 app:app", ["gunicorn", "-w", "2", "app:app"]),
        ("CMD uvicorn app:app --port $PORT", None),
        ("CMD uvicorn app:app && echo done", None),
        ('CMD ["uvicorn", {"a": 1}]', None),
        ("CMD [" * 5000, None),
        ('CMD ["./start.sh"]', None),
        ('CMD uvicorn "app:app', None),
        ('CMD ["uvicorn", "app:app"]\nENTRYPOINT ["./start.sh"]\nCMD []', None),
        ('ENTRYPOINT ["./start.sh"]\nCMD ["uvicorn", "app:app"]', ["uvicorn", "app:app"]),
        ('ENTRYPOINT ["uvicorn"]\nCMD ["app:app"]', ["uvicorn", "app:app"]),
        ("CMD python -m uvicorn \\\n  app:app", ["uvicorn", "app:app"]),
        ('CMD ["uvicorn", "app:app"]\nFROM scratch', None),
        (
            'CMD ["uvicorn", "app:app", "--forwarded-allow-ips=*"]',
            ["uvicorn", "app:app", "--forwarded-allow-ips=*"],
        ),
    ],
)
def test_a_command_of_their_dockerfile_is_taken_where_no_shell_reads_it(
    tmp_path: Path, given: str, words: list[str] | None
) -> None:
    (tmp_path / "Dockerfile").write_text(f"FROM scratch\n{given}\n", encoding="utf-8")
    (tmp_path / "main.py").write_text("from fastapi import FastAPI\napp = FastAPI()\n")
    sources = Sources(tmp_path, frozenset({"Dockerfile", "main.py"}))
    entry = Entry("main", "app")

    usual = ["uvicorn", "main:app", "--host", "0.0.0.0", "--port", "80"]
    assert container.command(sources, entry, 80) == (words or usual)


def test_what_has_no_routes_or_names_no_dependencies_is_refused(exists: MakeExisting) -> None:
    exists("worker")
    assert "without --container-only" in refused("--container-only", "--dockerfile", "replace")
    assert "exclude each other" in refused("--container-only", "--runtime-only")


@pytest.mark.parametrize(
    ("lock", "tools", "export"),
    [
        ("uv.lock", "uv", "uv export --quiet --frozen --no-dev --no-emit-project"),
        ("poetry.lock", "poetry poetry-plugin-export", "poetry export --quiet"),
    ],
)
def test_what_their_lock_says_is_installed(
    exists: MakeExisting, lock: str, tools: str, export: str
) -> None:
    project = '[tool.poetry]\nname = "pens"\n[tool.poetry.dependencies]\npython = "^3.12"\n'
    root = exists(files={**existing.FLAT, "pyproject.toml": project, lock: ""})
    assert viscaffold(*ALONE).code == 0
    image = (root / "Dockerfile").read_text(encoding="utf-8")

    assert (
        f"COPY pyproject.toml {lock} ./\nRUN pip --python /opt/build install {tools} \\\n" in image
    )
    assert (
        f"/opt/build/bin/{export} --output-file run.txt".replace(
            "--quiet --output-file", "--quiet --output"
        )
        in image
    )
    assert "-m venv --without-pip /opt/build" in image
    assert "install -r run.txt" in image


def test_a_project_of_poetry_without_its_lock_is_told_to_make_it(exists: MakeExisting) -> None:
    project = '[tool.poetry]\nname = "pens"\n[tool.poetry.dependencies]\npython = "^3.12"\n'
    exists(files={"main.py": existing.FLAT["main.py"], "pyproject.toml": project})

    assert "poetry lock, and commit poetry.lock" in refused("--container-only")


def test_nothing_to_install_is_refused(exists: MakeExisting) -> None:
    exists(files={"main.py": existing.FLAT["main.py"]})

    assert "nothing says what an image has to install" in refused("--container-only")


@pytest.mark.parametrize(
    "command", [("add-stage", "metrics"), ("lock",), ("add-resource", "pen", "color:string")]
)
def test_what_needs_a_runtime_says_how_to_get_it(
    exists: MakeExisting, command: tuple[str, ...]
) -> None:
    root = exists("factory")
    assert viscaffold(*ALONE).code == 0
    commit(root)
    before = state(root)
    ran = viscaffold(*command)

    assert ran.code == 5
    assert "viscaffold adopt, which brings the runtime" in ran.err
    assert state(root) == before


def test_the_runtime_can_come_later(exists: MakeExisting) -> None:
    root = exists("factory")
    assert viscaffold(*ALONE).code == 0
    commit(root)
    ran = viscaffold("adopt", "--yes", "--dockerfile", "replace", "--compose", "replace")
    assert ran.code == 0, ran.err

    commit(root)
    assert (root / "src/blog_service/runtime/supervisor.py").exists()
    assert viscaffold("add-stage", "metrics", "--yes").code == 0


def test_an_update_changes_the_container_alone(
    exists: MakeExisting, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = exists("factory")
    with monkeypatch.context() as patch:
        patch.setattr(adoption, "builtin", lambda: carried("0.10.0"))
        assert viscaffold(*ALONE).code == 0
    commit(root)
    before = {*files(root)}
    ran = viscaffold("update", "--yes")

    assert ran.code == 0, ran.err
    assert {*files(root)} == before
    assert f"_commit: {builtin().version}" in (root / ".copier-answers.yml").read_text()
    for command in ("status", "doctor", "explain Dockerfile"):
        assert viscaffold(*command.split()).code in (0, 1), command


@pytest.mark.slow
@pytest.mark.parametrize("is_locked", [False, True])
def test_it_is_verified_in_a_container_alone(exists: MakeExisting, *, is_locked: bool) -> None:
    require_docker()
    root = exists(files=PROJECT if is_locked else WEB)
    if is_locked:
        subprocess.run([UV, "lock", "--quiet"], check=True)
        commit(root)
    ran = viscaffold(*ALONE, "--verify", "local", "--json")
    seen = json.loads(ran.out)["verification"] if ran.out else {}
    try:
        assert [step["step"] for step in seen["steps"]] == [
            *("image", "container start", "container first-line", "container healthy"),
            *("container stop", "container frozen"),
        ]
        assert {step["result"] for step in seen["steps"]} == {"PASSED"}
        assert seen["level"] == "container"
        # It listens where nobody outside of its container gets to.
        path = root / "Dockerfile"
        path.write_text(path.read_text().replace("0.0.0.0", "127.0.0.1"), encoding="utf-8")
        commit(root)
        ran = viscaffold("verify", "--json")
        assert ran.code == 4
        assert json.loads(ran.out)["steps"][-1]["step"] == "container start"
    finally:
        for tree in (git(root, "rev-parse", f"HEAD{past}^{{tree}}")[:12] for past in ("", "~1")):
            remove_image(f"viscaffold-verified/blog-service:{tree}")


@pytest.mark.slow
@pytest.mark.parametrize(("stand", "code"), [("beside", 0), ("keep", 4)])
def test_the_image_that_is_verified_is_the_template_s_unless_theirs_is_kept(
    exists: MakeExisting, stand: str, code: int
) -> None:
    require_docker()
    broken = "FROM scratch\nCOPY missing /\n"
    root = exists(files={**WEB, "Dockerfile": broken})
    ran = viscaffold(*ALONE, "--dockerfile", stand, "--verify", "local", "--json")
    try:
        assert ran.code == code, ran.err
        assert (root / "service.Dockerfile").exists() == (stand == "beside")
    finally:
        tree = git(root, "write-tree").strip()[:12]
        remove_image(f"viscaffold-verified/blog-service:{tree}")
