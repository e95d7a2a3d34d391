"""What adopt finds in a service, and what it refuses; nothing of the service is run."""

import os
import sys
import tomllib
from pathlib import Path
from typing import Any

import existing
import pexpect
import pytest
from adopting import refused
from conftest import commit, git, state, viscaffold
from existing import MakeExisting
from terminals import on_terminal

from scaffolder.adopt.python.found import look
from scaffolder.adopt.sources import Sources
from scaffolder.overlays.fetch import preferences

RUNS = "raise SystemExit('this must not be run')\n"


def found(root: Path) -> list[str]:
    tracked = frozenset(git(root, "ls-files").splitlines())
    return [*look(Sources(root, tracked)).lines()]


@pytest.mark.parametrize(
    ("shape", "lines"),
    [
        (
            "flat",
            [
                "language: python",
                "FastAPI application: main:app (main.py:5)",
                "dependencies: requirements.txt",
                "dependencies: requirements-dev.txt",
                "not taken over: an option or an address (requirements.txt:3)",
            ],
        ),
        (
            "layered",
            [
                "language: python",
                "FastAPI application: app.main:app (app/main.py:14)",
                "port: 80 (Dockerfile:5)",
                "container: Dockerfile",
                "container: docker-compose.yml",
                "stays as it is: CI (.github/workflows/tests.yml)",
            ],
        ),
        (
            "factory",
            [
                "language: python",
                "Starlette application: blog.web:create_app() (src/blog/web.py:14)",
                "port: 5000 (Procfile:1)",
                "health route: /health (src/blog/web.py:15)",
                "dependencies: requirements.txt",
                "dependencies: setup.cfg",
                "stays as it is: answers of another scaffold (.cruft.json)",
            ],
        ),
        (
            "worker",
            [
                "language: python",
                "program: python -m worker (worker/__main__.py:1)",
                "dependencies: requirements.txt",
                "container: Dockerfile",
            ],
        ),
    ],
)
def test_each_shape_is_found_with_its_place(
    exists: MakeExisting, shape: str, lines: list[str]
) -> None:
    assert found(exists(shape)) == lines


def test_code_is_read_and_never_run(exists: MakeExisting) -> None:
    exists(
        files={
            **existing.FLAT,
            "setup.py": RUNS,
            "aaa.py": RUNS,
            "main.py": RUNS + "app = FastAPI()",
        }
    )

    assert viscaffold("adopt", "--dry-run", "--yes").code == 0


def test_git_runs_no_program_that_the_repository_names(
    exists: MakeExisting, tmp_path: Path
) -> None:
    root = exists(files={**existing.FLAT, ".gitattributes": "* filter=trap\n"})
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/trapped\ncat\n", encoding="utf-8")
    trap.chmod(0o700)
    for hook in ("post-index-change", "pre-commit"):
        (root / ".git/hooks" / hook).parent.mkdir(exist_ok=True)
        (root / ".git/hooks" / hook).symlink_to(trap)
    names = ("core.fsmonitor", "diff.external", "filter.trap.clean", "filter.trap.process")
    for name in names:
        git(root, "config", name, str(trap))
    (tmp_path / "trapped").unlink(missing_ok=True)  # by the test's own git
    (root / "main.py").touch()  # git looks at it again
    said = viscaffold("adopt", "--yes", "--no-verify").err

    assert "\n  filter.trap.clean\n  filter.trap.process\n" in said
    assert "git config --local --remove-section filter.trap" in said
    assert not (tmp_path / "trapped").exists()
    git(root, "config", "--local", "--remove-section", "filter.trap")
    (tmp_path / "trapped").unlink(missing_ok=True)  # by the test's own git
    assert viscaffold("adopt", "--yes", "--no-verify").code == 0
    assert not (tmp_path / "trapped").exists()


def test_a_module_that_is_no_python_and_a_link_out_of_the_service_are_left_out(
    exists: MakeExisting, tmp_path: Path
) -> None:
    root = exists()
    (tmp_path / "outside.py").write_text("other = FastAPI()\n", encoding="utf-8")
    (root / "outside.py").symlink_to(tmp_path / "outside.py")
    (root / "broken.py").write_bytes(b"app = FastAPI(\x00\xff")
    (root / "deep.py").write_text(f"a{'.a' * 5000}()\n", encoding="utf-8")
    commit(root)

    assert "FastAPI application: main:app (main.py:5)" in found(root)
    assert "outside" not in "".join(found(root))


def test_which_of_several_applications_has_to_be_said(exists: MakeExisting) -> None:
    exists(
        files={**existing.FLAT, "admin.py": "from fastapi import FastAPI\n\nadmin = FastAPI()\n"}
    )

    assert "--app admin:admin (or main:app)" in refused()
    assert "there is no 'nothing:app' here" in refused("--app", "nothing:app")
    assert viscaffold("adopt", "--yes", "--app", "main:app").code == 0


@pytest.mark.parametrize(
    ("shape", "flag"), [("layered", "--dockerfile"), ("worker", "--dockerfile")]
)
def test_what_becomes_of_their_dockerfile_has_to_be_said(
    exists: MakeExisting, shape: str, flag: str
) -> None:
    exists(shape)

    assert f"{flag} keep (or beside, replace)" in refused()


def test_what_becomes_of_their_compose_file_has_to_be_said(exists: MakeExisting) -> None:
    exists("layered")

    assert "--compose keep (or beside, replace)" in refused("--dockerfile", "keep")


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"lib.py": "x = 1\n"}, "no application was found"),
        (
            {
                **existing.FLAT,
                "pyproject.toml": "[tool.poetry.dependencies]\npens = {path = '../pens'}\n",
            },
            "declares 'pens' in [tool.poetry] in a way that [project] does not have",
        ),
        ({**existing.FLAT, "pyproject.toml": "[project\n"}, "pyproject.toml cannot be read"),
        (
            {**existing.FLAT, "pyproject.toml": '[project]\nrequires-python = ">=3.9"\n'},
            "the runtime needs Python 3.11",
        ),
        (
            {**existing.FLAT, ".copier-answers.yml": "_src_path: x\n"},
            "copier update --answers-file",
        ),
        ({**existing.FLAT, "requirements/run.txt": "x\n"}, "  requirements/run.txt"),
        ({**existing.FLAT, "docs": "x\n", "SERVICE.md": "x\n"}, "\n  SERVICE.md\n  docs\n"),
        (
            {**existing.FLAT, "pyproject.toml": '[project]\ndynamic = ["dependencies"]\n'},
            "its dependencies are elsewhere",
        ),
        *(
            ({**existing.FLAT, "pyproject.toml": text}, "has no tables [project] and [tool]")
            for text in ("project = 1\n", "[[project]]\n", "tool = 1\n")
        ),
        *(
            ({**existing.FLAT, "pyproject.toml": text}, "not written as adopt can add lines to it")
            for text in (
                '[project]\n  dependencies = ["x"]\n',
                '[ project ]\nname = "x"\n',
                'project.name = "x"\n',
                '[project]\n[dependency-groups]\n"dev" = ["x"]\n',
                '[project]\n[tool.hatch.envs.lint]\ndependencies = ["ruff"]\n',
                '[project]\n[project.optional-dependencies]\ndev = "abc"\n',
            )
        ),
        (
            {"worker.py": "import signal\nsignal.signal(2, print)\nif __name__ == 'x':\n  1\n"},
            "handles signals itself (worker.py:2)",
        ),
    ],
)
def test_what_cannot_be_adopted_is_refused_with_a_reason(
    exists: MakeExisting, files: dict[str, str], words: str
) -> None:
    exists(files=files)

    assert words in refused()


def adopting(terminal: str) -> "pexpect.spawn[Any]":
    """Start it where a person can be asked, on a terminal of some kind."""
    variables = {"TERM": terminal, "PROMPT_TOOLKIT_NO_CPR": "1"}
    words = ["-m", "scaffolder", "adopt", "--no-verify"]
    environment = {**os.environ, **variables}
    return on_terminal(sys.executable, words, encoding="utf-8", env=environment)


def test_a_terminal_is_asked_for_what_cannot_be_known(exists: MakeExisting) -> None:
    exists("layered")
    child = adopting("dumb")
    child.expect("What becomes of your Dockerfile")
    child.sendline("keep")
    child.expect("What becomes of your docker-compose.yml")
    child.sendline("keep")
    child.expect("To take it all back")
    child.expect(pexpect.EOF)

    new = git(Path.cwd(), "diff", "--staged", "--name-only")
    assert "Dockerfile" not in new
    assert "compose" not in new


def test_there_is_a_way_back_to_what_was_asked(exists: MakeExisting) -> None:
    exists("layered")
    child = adopting("xterm")
    for question, keys in (
        ("What becomes of your Dockerfile", "\x1b[B\r"),  # beside
        ("What becomes of your docker-compose.yml", "\x1b"),
        ("What becomes of your Dockerfile", "\r"),  # keep
        ("What becomes of your docker-compose.yml", "\r"),
    ):
        child.expect_exact(question)
        child.expect_exact("keep")  # the list is there
        child.send(keys)
        child.expect_exact(question if keys != "\x1b" else "")
    child.expect("To take it all back", timeout=120)
    child.expect(pexpect.EOF)

    new = git(Path.cwd(), "diff", "--staged", "--name-only")
    assert "Dockerfile" not in new
    assert "compose" not in new


def test_a_link_is_not_written_over(exists: MakeExisting) -> None:
    root = exists(files={**existing.FLAT, "sub/p.toml": '[project]\nname = "pens"\n'})
    (root / "pyproject.toml").symlink_to("sub/p.toml")
    commit(root)

    assert "in the way of files that would be added:\n  pyproject.toml" in refused()


@pytest.mark.parametrize(
    ("code", "line"),
    [
        (
            "from fastapi import FastAPI\ndef make(): return FastAPI()\napp = make()\n",
            "FastAPI application: main:app (main.py:3)",
        ),
        ("\ufefffrom fastapi import FastAPI\napp = FastAPI()\n", "main:app (main.py:2)"),
        (
            "import blinker\nblinker.signal('x')\nif __name__ == '__main__':\n    1\n",
            "program: python -m main (main.py:3)",
        ),
    ],
    ids=["made-by-a-call", "byte-order-mark", "another-signal"],
)
def test_code_of_many_kinds_is_understood(exists: MakeExisting, code: str, line: str) -> None:
    root = exists(files={"main.py": code})

    assert any(line in found_line for found_line in found(root))


@pytest.mark.parametrize(
    "code",
    [
        "from fastapi import FastAPI\nif True:\n    app = FastAPI()\n",
        "from fastapi import FastAPI\nclass Shop(FastAPI): pass\napp = Shop()\n",
        "from fastapi import FastAPI\napp = FastAPI()\napp = str(app)\n",
    ],
    ids=["inside", "subclass", "wrapped"],
)
def test_an_application_that_is_not_found_can_be_named(exists: MakeExisting, code: str) -> None:
    exists(files={"main.py": code, "class.py": "x = 1\n"})

    assert "no application was found" in refused()
    assert "there is no 'other:app' here" in refused("--app", "other:app")
    assert "there is no 'class:x' here" in refused("--app", "class:x")
    assert viscaffold("adopt", "--yes", "--app", "main:app").code == 0


@pytest.mark.parametrize("name", ["app", "fastapi", "json"])
def test_a_name_that_hides_a_module_is_refused(exists: MakeExisting, name: str) -> None:
    exists(files={**existing.LAYERED, **existing.FLAT})

    assert "Try: the same command with --name NAME" in refused(
        "--name", name, "--dockerfile", "keep", "--compose", "keep", "--app", "main:app"
    )


def test_requirements_are_taken_over_as_toml_can_have_them(exists: MakeExisting) -> None:
    lines = 'fastapi>=0.100 ; python_version >= "3.9"\n./libs/pen\npen @ https://u:secret@pens.example/p\n'
    setup = 'install_requires =\n    tomli; python_version < "3.11"\n    a @ https://u:secret@b/c\n'
    files = {"requirements.txt": lines, "setup.cfg": f"[options]\n{setup}"}
    root = exists(files={**existing.FLAT, **files})
    assert viscaffold("adopt", "--yes").code == 0
    text = (root / "pyproject.toml").read_text(encoding="utf-8")
    needed = tomllib.loads(text)["project"]["dependencies"]

    assert "fastapi>=0.100 ; python_version >= '3.9'" in needed
    assert "tomli; python_version < '3.11'" in needed
    assert "secret" not in text
    assert "libs" not in text


@pytest.mark.parametrize(
    "files",
    [
        {"Makefile": "run: uvicorn " + "a." * 400_000 + "\n"},
        {"requirements.txt": "foo" + " " * 400_000 + "x\n"},
        {"m.py": "x = 1\n" * 160_000, "n.py": "x = 1\n" * 160_000, "o.py": "x = 1\n" * 160_000},
    ],
    ids=["reference", "requirement", "code"],
)
def test_no_text_takes_for_ever(exists: MakeExisting, files: dict[str, str]) -> None:
    exists(files={**existing.FLAT, **files})

    assert viscaffold("adopt", "--yes", "--dry-run").code == 0


def test_what_is_not_committed_is_in_the_way(exists: MakeExisting) -> None:
    root = exists()
    (root / "main.py").write_text("app = 1\n", encoding="utf-8")

    assert "not committed:\n  main.py" in refused()


def test_a_directory_without_a_repository_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = viscaffold("adopt")

    assert ran.code == 5
    assert "git init" in ran.err


def test_an_address_with_a_password_is_not_repeated(exists: MakeExisting) -> None:
    exists()
    ran = viscaffold("adopt", "--yes", *existing.FLAGS["flat"])

    assert "secret" not in ran.out + ran.err
    assert "secret" not in Path("pyproject.toml").read_text(encoding="utf-8")


def test_whether_its_code_may_be_run_has_to_be_said(
    exists: MakeExisting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(preferences.VERIFY_VARIABLE)
    root = exists()
    before = state(root)
    ran = viscaffold("adopt", "--yes")

    assert ran.code == 2
    assert "installs what it requires and runs its code" in ran.err
    assert "with --verify local (or --no-verify)" in ran.err
    assert state(root) == before
    assert viscaffold("adopt", "--yes", "--dry-run").code == 0
    assert viscaffold("adopt", "--yes", "--no-verify").code == 0


@pytest.mark.parametrize("path", [".gitignore", "pyproject.toml"])
@pytest.mark.parametrize(
    "content", [b"# caf\xe9\n", b"# x\n" * (1 << 19)], ids=["Latin-1", "large"]
)
def test_what_would_lose_something_when_it_is_written_again_is_refused(
    exists: MakeExisting, path: str, content: bytes
) -> None:
    root = exists()
    (root / path).write_bytes(content)
    commit(root)

    assert f"{path} would get lines, and it is no text in UTF-8 of at most 1 MiB" in refused()


def test_lines_end_as_theirs_do(exists: MakeExisting) -> None:
    root = exists()
    (root / ".gitignore").write_bytes(b".venv\r\n")
    (root / "pyproject.toml").write_bytes(b'[project]\r\nname = "pens"\r\nversion = "1"\r\n')
    commit(root)
    assert viscaffold("adopt", "--yes").code == 0

    for path in (".gitignore", "pyproject.toml"):
        content = (root / path).read_bytes()
        assert content.count(b"\r\n") == content.count(b"\n") > 2


def test_requirements_that_include_each_other_are_each_read_once(exists: MakeExisting) -> None:
    """Otherwise, twenty files of a hundred lines would be read for years."""
    chain = {f"r{n}.txt": f"-r r{n + 1}.txt\n" * 100 for n in range(20)}
    end = {"r20.txt": "-r requirements.txt\nhttpx\n"}
    exists(files={**existing.FLAT, "requirements.txt": "-r r0.txt\n", **chain, **end})
    assert viscaffold("adopt", "--yes").code == 0

    assert '    "httpx",\n' in Path("pyproject.toml").read_text(encoding="utf-8")


def test_no_more_code_is_read_than_takes_a_while(
    exists: MakeExisting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scaffolder.adopt.sources.MOST_BYTES", 500)
    more = {f"deep/inside/m{n}.py": "x = 1\n" * 100 for n in range(3)}
    root = exists(files={**existing.FLAT, **more})
    tracked = git(root, "ls-files").split()
    read = [path for path, _ in Sources(root, frozenset(tracked)).code(".py")]

    assert read == ["main.py", "deep/inside/m0.py"]
