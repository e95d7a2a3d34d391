"""Services as people have them before they know viscaffold, each of another shape."""

from collections.abc import Callable
from pathlib import Path

from conftest import commit, git

FLAT = {
    "main.py": """\
import os

from fastapi import FastAPI, HTTPException

app = FastAPI()
PENS = {"1": "blue"}


@app.get("/pens/{pen}")
def pen(pen: str) -> dict[str, str]:
    if pen not in PENS:
        raise HTTPException(404, "no such pen")
    return {"color": PENS[pen]}


@app.get("/end")
async def end() -> None:
    os._exit(3)
""",
    "requirements.txt": "-r base.txt\nuvicorn  # serves\n--index-url https://me:secret@example.com\n",
    "base.txt": "fastapi>=0.120\n",
    "requirements-dev.txt": "pytest\nhttpx2\n",
    "tests/test_main.py": """\
from fastapi.testclient import TestClient
from main import app


def test_a_pen_has_a_color() -> None:
    assert TestClient(app).get("/pens/1").json() == {"color": "blue"}
""",
    ".gitignore": ".venv\n",
    "README.md": "# Pens\n",
}
"""By hand: FastAPI in one file."""

LAYERED = {
    "app/__init__.py": "",
    "app/main.py": """\
from contextlib import asynccontextmanager

from fastapi import FastAPI

from app.api import router


@asynccontextmanager
async def lifespan(app):
    app.state.open = True
    yield {"pens": ["blue"]}


app = FastAPI(title="Shop", lifespan=lifespan)
app.include_router(router, prefix="/api/v1")
""",
    "app/api.py": """\
from fastapi import APIRouter, Request

router = APIRouter()


@router.get("/pens")
def pens(request: Request) -> list[str]:
    return request.state.pens
""",
    "app/tests/__init__.py": "",
    "app/tests/test_api.py": """\
from fastapi.testclient import TestClient

from app.main import app


def test_pens_are_listed() -> None:
    with TestClient(app) as client:
        assert client.get("/api/v1/pens").json() == ["blue"]
""",
    "pyproject.toml": """\
[project]
name = "app"
version = "0.1.0"
requires-python = ">=3.11"
dependencies = ["fastapi>=0.120", "uvicorn>=0.50"]

[dependency-groups]
dev = [
    "pytest<10",
]

[tool.pytest.ini_options]
testpaths = ["app"]
""",
    "Dockerfile": """\
FROM python:3.13
COPY . /code
WORKDIR /code
RUN pip install .
EXPOSE 80
CMD ["uvicorn", "app.main:app", "--port", "80"]
""",
    "docker-compose.yml": "services: {backend: {build: .}}\n",
    ".github/workflows/tests.yml": "on: push\n",
    "README.md": "# Shop\n",
}
"""As the full-stack template has it: FastAPI in layers below `app/`, PEP 621, Docker."""

FACTORY = {
    "src/blog/__init__.py": "",
    "src/blog/web.py": """\
from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route


async def posts(_request):
    return JSONResponse(["first"])


async def health(_request):
    return PlainTextResponse("fine")


def create_app(debug: bool = False) -> Starlette:
    app = Starlette(debug=debug, routes=[Route("/posts", posts), Route("/health", health)])
    return app
""",
    "setup.cfg": """\
[metadata]
name = blog
version = 2.1

[options]
packages = find:
package_dir = =src
install_requires =
    starlette>=1.0
    uvicorn

""",
    "requirements.txt": "starlette>=1.0\nuvicorn\n",
    "tests/conftest.py": """\
import sys

import pytest

sys.path.insert(0, "src")


@pytest.fixture
def client():
    from blog.web import create_app
    from starlette.testclient import TestClient

    return TestClient(create_app())
""",
    "tests/test_web.py": """\
def test_posts_are_listed(client) -> None:
    assert client.get("/posts").json() == ["first"]
""",
    ".cruft.json": '{"template": "https://example.com/cookiecutter-web"}\n',
    "Procfile": "web: uvicorn blog.web:create_app --factory --port 5000\n",
}
"""From a cookiecutter: a factory of Starlette below `src/`, setup.cfg, requirements.txt."""

WORKER = {
    "worker/__init__.py": "",
    "worker/__main__.py": """\
import time

from worker.work import step

while True:
    step()
    time.sleep(0.1)
""",
    "worker/work.py": """\
import os


def step() -> str:
    if os.environ.get("FAIL"):
        raise RuntimeError("the queue is gone")
    return "done"
""",
    "requirements.txt": "",
    "tests/test_work.py": """\
from worker.work import step


def test_a_step_is_done() -> None:
    assert step() == "done"
""",
    "Dockerfile": 'FROM python:3.13\nCOPY . .\nCMD ["python", "-m", "worker"]\n',
}
"""A loop that is run with `python -m`, and serves nothing."""

SHAPES = {"flat": FLAT, "layered": LAYERED, "factory": FACTORY, "worker": WORKER}

FLAGS: dict[str, tuple[str, ...]] = {
    "flat": (),
    "layered": ("--dockerfile", "beside", "--compose", "replace"),
    "factory": (),
    "worker": ("--dockerfile", "replace"),
}
"""What is said of each where it cannot be known."""

MakeExisting = Callable[..., Path]


def write(root: Path, files: dict[str, str]) -> Path:
    """Make a repository of them, with a history of two commits."""
    root.mkdir()
    git(root, "init", "--quiet")
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
        commit(root, f"Add {path}")
    return root
