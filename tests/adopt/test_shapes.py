"""Shapes of Python services: below a repository, wrapped, for one Python, made of arguments."""

import json
import sys
import tomllib
import urllib.request

import existing
import pytest
import running
from adopting import refused
from conftest import git, viscaffold
from existing import MakeExisting

STACK = {
    "backend/app/__init__.py": "",
    "backend/app/main.py": """\
from fastapi import FastAPI

from app.api.main import api_router

app = FastAPI(title="Stack")
app.include_router(api_router, prefix="/api/v1")
""",
    "backend/app/api/__init__.py": "",
    "backend/app/api/main.py": """\
from fastapi import APIRouter

api_router = APIRouter()


@api_router.get("/utils/health-check/")
async def health_check() -> bool:
    return True
""",
    "backend/app/other.py": "from fastapi import FastAPI\n\nadmin = FastAPI()\n",
    "backend/app/alembic/env.py": "raise SystemExit('this must not be run')\n",
    "backend/tests/__init__.py": "",
    "backend/tests/api/__init__.py": "",
    "backend/pyproject.toml": """\
[project]
name = "app"
version = "0.1.0"
requires-python = ">=3.14,<4.0"
dependencies = [
    "fastapi[standard]>=0.120,<1.0.0",
]

[dependency-groups]
dev = [
    "pytest<10.0.0,>=7.4.3",
]

[tool.fastapi]
entrypoint = "app.main:app"
""",
    "backend/Dockerfile": 'FROM python:3.14\nCMD ["fastapi", "run", "--workers", "4"]\n',
    "compose.yml": "services: {backend: {build: {context: ., dockerfile: backend/Dockerfile}}}\n",
    "pyproject.toml": '[tool.uv.workspace]\nmembers = ["backend"]\n',
    "frontend/package.json": "{}\n",
    ".env": "PROJECT_NAME=Stack\n",
}
"""As FastAPI's full-stack template has it: the service in `backend/`, compose and `.env` above."""


@pytest.mark.parametrize(("within", "path"), [(".", "backend"), ("backend", ".")])
def test_a_backend_below_the_repository_is_adopted_there(
    exists: MakeExisting, monkeypatch: pytest.MonkeyPatch, within: str, path: str
) -> None:
    root = exists(files=STACK)
    monkeypatch.chdir(root / within)
    ran = viscaffold("adopt", path, "--yes", "--dockerfile", "replace")
    assert ran.code == 0, ran.err

    changed = git(root, "diff", "--staged", "--name-only", "--no-relative").split()
    assert {each.partition("/")[0] for each in changed} == {"backend"}
    assert "found FastAPI application: app.main:app" in ran.err
    image = (root / "backend/Dockerfile").read_text(encoding="utf-8")
    assert "RUNTIME_IMAGE=python:3.14-slim" in image
    assert "3.13" not in image


def test_a_container_gets_their_own_settings_and_its_port(exists: MakeExisting) -> None:
    root = exists()
    assert viscaffold("adopt", "--yes").code == 0
    compose = (root / "compose.yaml").read_text(encoding="utf-8")

    assert "env_file: [{path: .env, required: false}]" in compose
    assert "    environment:\n      - PORT=8080\n      - CORS_ORIGINS\n" in compose


def test_the_port_that_it_had_is_named(exists: MakeExisting) -> None:
    exists("factory")
    ran = viscaffold("adopt", "--yes")

    assert "it listens on port 8080, and not on 5000 (Procfile:1)" in ran.err


def test_a_lock_of_another_tool_is_said_to_lack_what_comes(exists: MakeExisting) -> None:
    exists(files={**existing.FLAT, "uv.lock": "version = 1\n"})

    assert (
        "uv.lock lacks what was added to pyproject.toml: uv lock"
        in viscaffold("adopt", "--yes").err
    )


INNER = "from fastapi import FastAPI\n\nfrom .ink import INK\n\napp = FastAPI(title=INK)\n"


@pytest.mark.parametrize(
    "more", [{"src/__init__.py": ""}, {"Procfile": "web: uvicorn src.main:app --port 5000\n"}]
)
def test_a_package_that_is_called_src_is_imported_as_it_is(
    exists: MakeExisting, more: dict[str, str]
) -> None:
    inner = {"src/main.py": INNER, "src/ink.py": "INK = 'blue'\n"}
    exists(files={**inner, "requirements.txt": "fastapi\n", **more})

    assert "FastAPI application: src.main:app (src/main.py:5)" in viscaffold("adopt", "--yes").err


WRAPPED = """\
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware


class CountingMiddleware:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        await self.app(scope, receive, send)


@asynccontextmanager
async def lifespan(app):
    app.state.ink = "blue"
    yield


api = FastAPI(lifespan=lifespan)


@api.get("/ink")
def ink() -> str:
    return api.state.ink


"""


@pytest.mark.parametrize(
    "line",
    [
        "app = CountingMiddleware(CORSMiddleware(api, allow_origins=['*']))",
        "app = api\napp = CountingMiddleware(app=api)",
    ],
)
def test_an_application_in_middleware_is_run_with_its_lifespan(
    exists: MakeExisting, line: str
) -> None:
    root = exists(files={"main.py": f"{WRAPPED}{line}\n", "requirements.txt": "fastapi\n",
                         "Procfile": "web: uvicorn main:app\n"})  # fmt: skip
    ran = viscaffold("adopt", "--yes")
    assert ran.code == 0, ran.err
    assert "FastAPI application: main:app" in ran.err

    command = (sys.executable, "-m", "pens")
    variables = {"PYTHONPATH": f"{root / 'src'}:{root}"}
    with running.Program("python", command, variables).start() as service:
        with urllib.request.urlopen(f"{service.url}/ink") as got:
            assert json.load(got) == "blue"
        assert service.stop() == 0


ASGI = """\
class App:
    async def __call__(self, scope, receive, send):
        if scope["type"] == "lifespan":
LIFESPAN
        body = scope["state"].get("ink", "none").encode()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})


app = App()
"""
WHOLE = """\
            await receive()
            scope["state"]["ink"] = "blue"
            await send({"type": "lifespan.startup.complete"})
            await receive()
            print("it has stopped", flush=True)
            return await send({"type": "lifespan.shutdown.complete"})
"""
NONE = "            raise NotImplementedError('http alone')\n"
FAILS = """\
            await receive()
            return await send({"type": "lifespan.startup.failed", "message": "no ink"})
"""


def other(exists: MakeExisting, lifespan: str) -> running.Program:
    """Adopt an application of no framework that is known."""
    code = ASGI.replace("LIFESPAN\n", lifespan)
    root = exists(files={"main.py": code, "requirements.txt": "starlette\n"})
    ran = viscaffold("adopt", "--yes", "--app", "main:app")
    assert ran.code == 0, ran.err
    variables = {"PYTHONPATH": f"{root / 'src'}:{root}"}
    return running.Program("python", (sys.executable, "-m", "pens"), variables)


@pytest.mark.parametrize(
    ("lifespan", "ink", "last"), [(WHOLE, b"blue", "it has stopped"), (NONE, b"none", "")]
)
def test_any_application_of_asgi_is_run_with_its_lifespan(
    exists: MakeExisting, lifespan: str, ink: bytes, last: str
) -> None:
    with other(exists, lifespan).start() as service:
        with urllib.request.urlopen(f"{service.url}/ink") as got:
            assert got.read() == ink
        with urllib.request.urlopen(f"{service.url}/health/ready") as got:
            assert got.status == 200
        assert service.stop() == 0
        assert last in service.log()
        assert "never retrieved" not in service.log()


def test_a_lifespan_that_fails_ends_the_start(exists: MakeExisting) -> None:
    program = other(exists, FAILS)
    with program.start(ready=False) as service:
        assert service.wait() != 0
        assert "no ink" in service.log()


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("app = Litestar([])", "Litestar application: main:app"),
        ("app = Quart(__name__)", "Quart application: main:app"),
        ("application = get_asgi_application()", "Django application: main:application"),
    ],
)
def test_applications_of_other_frameworks_are_found(
    exists: MakeExisting, line: str, found: str
) -> None:
    root = exists(files={"main.py": f"from x import *\n{line}\n", "requirements.txt": "x\n"})
    ran = viscaffold("adopt", "--yes")

    assert ran.code == 0
    assert found in ran.err
    assert "async def started(" in (root / "src/pens/app.py").read_text(encoding="utf-8")


def test_an_application_of_wsgi_is_told_how_it_becomes_one_of_asgi(exists: MakeExisting) -> None:
    exists(files={"main.py": "from flask import Flask\nweb = Flask(__name__)\n"})
    said = refused()

    assert "main:web (main.py:2) is an application of WSGI" in said
    assert "from main import web; asgi = WSGIMiddleware(web)" in said


@pytest.mark.parametrize("keyword", ["def", "async def"])
def test_a_factory_of_arguments_is_refused_with_what_to_write(
    exists: MakeExisting, keyword: str
) -> None:
    code = f"from fastapi import FastAPI\n\n\n{keyword} make(settings):\n    return FastAPI()\n"
    exists(files={"main.py": code})
    said = refused()

    assert "main:make (main.py:4) makes an application of arguments" in said
    assert "--app MODULE:app" in said


def test_an_entrypoint_that_is_no_text_is_no_hint(exists: MakeExisting) -> None:
    exists(
        files={**existing.FLAT, "pyproject.toml": "[project]\n[tool.fastapi]\nentrypoint = [1]\n"}
    )

    assert "main:app" in viscaffold("adopt", "--yes", "--dry-run").err


def test_options_of_their_server_that_end_are_told_without_their_values(
    exists: MakeExisting,
) -> None:
    start = "CMD gunicorn main:app -w 4 --bind :80 --root-path=/s3cret \\\n --keyfile s3cret\n"
    exists(files={**existing.FLAT, "Dockerfile": f"FROM python:3.13\n{start}"})
    ran = viscaffold("adopt", "--dry-run", "--dockerfile", "keep")
    assert ran.code == 0, ran.err

    told = " ".join(ran.err.split())
    assert "of gunicorn (Dockerfile:3) are not taken over: -w, --root-path (ROOT_PATH" in told
    assert "--keyfile; one process runs" in told
    assert "s3cret" not in ran.err


def test_a_server_without_options_of_its_own_loses_none(exists: MakeExisting) -> None:
    start = 'CMD ["uvicorn", "main:app", "--host", "0.0.0.0", "--port", "80"]\n'
    exists(files={**existing.FLAT, "Dockerfile": f"FROM python:3.13\n{start}"})
    ran = viscaffold("adopt", "--dry-run", "--dockerfile", "keep")

    assert ran.code == 0
    assert "not taken over: -" not in " ".join(ran.err.split())


FORMS = (
    "CMD {}",
    'CMD ["sh", "-c", "{}"]',
    'ENTRYPOINT ["/bin/bash", "-ec"]\nCMD ["{}"]',
)


@pytest.mark.parametrize(
    ("start", "told"),
    [
        ("alembic upgrade head && exec uvicorn main:app --port 80", "alembic"),
        ("cd /app; ./up --key s3cret 2>&1 && python -m seed; uvicorn main:app", "./up, python"),
        ("export A=1; exec uvicorn main:app --port 80 | tee -a log", ""),
        ("uvicorn main:app 2>&1 && alembic upgrade head", ""),
    ],
)  # fmt: skip
@pytest.mark.parametrize("form", FORMS)
def test_what_runs_before_their_server_is_told(
    exists: MakeExisting, form: str, start: str, told: str
) -> None:
    image = f"FROM python:3.13\n{form.format(start)}\n"
    exists(files={**existing.FLAT, "Dockerfile": image})
    ran = viscaffold("adopt", "--dry-run", "--dockerfile", "keep")
    said = " ".join(ran.err.split())

    assert ran.code == 0, ran.err
    assert (f"run no more before the service starts: {told} (Dockerfile:" in said) == bool(told)
    assert ("run no more" in said) == bool(told)
    assert "-a" not in said.split()
    assert "s3cret" not in said


@pytest.mark.parametrize(
    ("path", "text", "arguments"),
    [
        ("Procfile", "web: python -m pens 5 --all\nother: python -m pens 6\n", ["5", "--all"]),
        ("Procfile", "worker: python -m pens 5\n", ["5"]),
        ("Procfile", "a: python -m pens 5\nb: python -m pens 6\n", []),
        ("Dockerfile", 'FROM x\nENTRYPOINT ["python", "-m", "pens"]\nCMD ["5"]\n', ["5"]),
        ("Dockerfile", "FROM x\nCMD python -m pens\n", []),
    ],
)
def test_a_program_gets_the_arguments_that_it_had(
    exists: MakeExisting, path: str, text: str, arguments: list[str]
) -> None:
    program = "import sys\n\nif __name__ == '__main__':\n    print(sys.argv)\n"
    root = exists(files={"pens/__init__.py": "", "pens/__main__.py": program,
                         "requirements.txt": "httpx\n", path: text})  # fmt: skip
    beside = ["--dockerfile", "beside"] if path == "Dockerfile" else []
    ran = viscaffold("adopt", "--yes", *beside)
    made = (root / "src/pens_service/app.py").read_text(encoding="utf-8")
    given = {"sys": sys}
    lines = [line.strip() for line in made.splitlines() if "ARGUMENTS" in line]

    assert ran.code == 0, ran.err
    assert bool(lines) == bool(arguments)
    if arguments:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "argv", ["service", "word"])
            exec("\n".join(lines), given)
            assert sys.argv == ["service", *arguments]


def test_arguments_that_a_shell_makes_are_said_to_be_lost(exists: MakeExisting) -> None:
    program = "if __name__ == '__main__':\n    print(1)\n"
    process = "web: python -m pens $PORT\n"
    exists(files={"pens/__init__.py": "", "pens/__main__.py": program,
                  "requirements.txt": "httpx\n", "Procfile": process})  # fmt: skip
    said = " ".join(viscaffold("adopt", "--yes", "--dry-run").err.split())

    assert "which a shell makes, are not taken over (Procfile:1)" in said


DYNAMIC = """\
[project]
name = "pens"
dynamic = ["version", 'dependencies']

[tool.setuptools.dynamic]
version = {attr = "main.VERSION"}
dependencies = {file = ["deps/run.txt"]}
"""


def test_dependencies_in_files_of_setuptools_move_to_the_project(exists: MakeExisting) -> None:
    root = exists(files={**existing.FLAT, "pyproject.toml": DYNAMIC, "deps/run.txt": "fastapi\n"})
    assert viscaffold("adopt", "--yes").code == 0
    made = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))

    assert made["project"]["dynamic"] == ["version"]
    assert "fastapi" in made["project"]["dependencies"]
    assert made["tool"]["setuptools"]["dynamic"] == {"version": {"attr": "main.VERSION"}}


def test_a_container_alone_installs_the_files_of_setuptools(exists: MakeExisting) -> None:
    own = {"pyproject.toml": DYNAMIC, "deps/run.txt": "fastapi\n"}
    root = exists(files={"main.py": existing.FLAT["main.py"], **own})
    assert viscaffold("adopt", "--yes", "--container-only").code == 0
    image = (root / "Dockerfile").read_text(encoding="utf-8")

    assert "COPY deps/run.txt deps/\nRUN pip --python /opt/venv install -r deps/run.txt" in image


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("deps/run.txt", "gone.txt"),
        ("dependencies = {file", "dependencies = {attr"),
        ('{file = ["deps/run.txt"]}', "[]"),
    ],
)
def test_dependencies_that_nobody_can_read_are_refused(
    exists: MakeExisting, old: str, new: str
) -> None:
    project = DYNAMIC.replace(old, new)
    exists(files={**existing.FLAT, "pyproject.toml": project, "deps/run.txt": "fastapi\n"})

    assert "its dependencies are elsewhere (dynamic)" in refused()
