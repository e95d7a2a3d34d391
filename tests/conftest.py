"""What the tests share: a quiet git, the command line in-process, and services to work on."""

import io
import json
import os
import shutil
import signal
import stat
import subprocess
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

from scaffolder import cli
from scaffolder.interrupts import SIGNALS

if TYPE_CHECKING:
    from teams import Contents, MakeRepository, MakeTeam

settings.register_profile("default", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("default")

STAGES = ("api", "auth", "logging")
MEMORY = Path("/dev/shm")
"""Where there is one, for tests that would wait for a disk half of the time."""


@dataclass(frozen=True)
class Ran:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str

    def json(self) -> Any:  # noqa: ANN401 - whatever it printed
        return json.loads(self.out)


File = tuple[str, int, bytes]
"""Kind, permissions, and content or the target of a link."""

MakeService = Callable[..., Path]


def viscaffold(*args: str) -> Ran:
    """Run the command line in this process, in the current directory."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = cli.run(list(args))
    heed_signals()
    return Ran(code, out.getvalue(), err.getvalue())


def heed_signals() -> None:
    """Heed the signals that ask to stop, as a process in the foreground does.

    A command that has done its work ignores them, and so does a background job of a script; every
    process that a test starts would inherit it.
    """
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def git(cwd: Path, *args: str, stdin: str = "") -> str:
    """Run git in `cwd`; return what it prints."""
    return subprocess.run(
        ["git", *args], cwd=cwd, input=stdin, text=True, capture_output=True, check=True
    ).stdout


def files(root: Path) -> dict[str, bytes]:
    """Return the content of every file below `root`, but for git's; a link's is its target."""
    found = {}
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root)
        if relative.parts[0] != ".git" and (path.is_file() or path.is_symlink()):
            linked = path.is_symlink()
            found[str(relative)] = str(path.readlink()).encode() if linked else path.read_bytes()
    return found


def walk(top: Path, folder: str = "") -> Iterator[tuple[str, "os.DirEntry[str]"]]:
    """Return everything below `top` but git's; links are not followed."""
    with os.scandir(top / folder) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        path = f"{folder}{entry.name}"
        if path != ".git":
            yield path, entry
            if entry.is_dir(follow_symlinks=False):
                yield from walk(top, f"{path}/")


def contents(top: Path) -> tuple[dict[str, File], dict[str, int]]:
    """Return files and directories below `top`."""
    files: dict[str, File] = {}
    directories: dict[str, int] = {}
    for path, entry in walk(top) if top.is_dir() else ():
        mode = stat.S_IMODE(entry.stat(follow_symlinks=False).st_mode)
        if entry.is_symlink():
            files[path] = ("link", 0, os.fsencode(Path(entry).readlink()))
        elif entry.is_dir():
            directories[path] = mode
        else:
            files[path] = ("file", mode, Path(entry).read_bytes())
    return files, directories


def state(root: Path) -> tuple[dict[str, bytes], str, str]:
    """Return all that must not change when a command refuses: files, index and HEAD."""
    return files(root), git(root, "ls-files", "--stage"), git(root, "for-each-ref")


def commit(root: Path, message: str = "mine") -> None:
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", message)


@pytest.fixture(autouse=True)
def _foreground() -> None:
    heed_signals()


@pytest.fixture(scope="session", autouse=True)
def _quiet_environment(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Git with an identity and nothing else of the person's who runs the tests."""
    home = tmp_path_factory.mktemp("home")
    config = home / ".gitconfig"
    config.write_text("[user]\n\tname = Test\n\temail = test@example.com\n", encoding="utf-8")
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        del os.environ[name]
    for name in ("NO_COLOR", "PORT", "HOST", "LOG_LEVEL", "PYTHONPATH"):
        os.environ.pop(name, None)
    os.environ |= {"HOME": str(home), "GIT_CONFIG_NOSYSTEM": "1", "PYTHONDONTWRITEBYTECODE": "1"}


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Callable[[tuple[str, ...]], Path]:
    """Services as `new` makes them, one for each set of stages; not to be changed."""
    made: dict[tuple[str, ...], Path] = {}

    def make(stages: tuple[str, ...]) -> Path:
        if stages not in made:
            path = tmp_path_factory.mktemp("pristine") / "orders"
            flags = [word for stage in stages for word in ("--stage", stage)]
            ran = viscaffold("new", str(path), *flags)
            assert ran.code == 0, ran.err
            made[stages] = path
        return made[stages]

    return make


@pytest.fixture
def service(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    pristine: Callable[[tuple[str, ...]], Path],
) -> MakeService:
    """Make a service with the stages given, and step into it."""

    def make(*stages: str) -> Path:
        path = tmp_path / "orders"
        shutil.copytree(pristine(tuple(sorted(stages))), path, symlinks=True)
        git(path, "status")  # the copies are new files: let git note that they are the same
        monkeypatch.chdir(path)
        return path

    return make


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mount a small file system with the options given."""
    mounted: list[Path] = []

    def mount(options: str) -> Path:
        place = tmp_path / "disk"
        place.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
        ran = subprocess.run(command, check=False, capture_output=True, text=True)
        if ran.returncode:
            pytest.skip(f"this machine mounts no file system for tests: {ran.stderr.strip()}")
        mounted.append(place)
        return place

    yield mount
    for place in mounted:
        subprocess.run(["umount", "--lazy", place], check=True)


@pytest.fixture
def new_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user who has trusted nothing, and has no copies of overlays."""
    from scaffolder.overlays import layers

    for variable in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(variable, str(tmp_path / ".user" / variable))
    monkeypatch.delenv("VISCAFFOLD_TEMPLATE", raising=False)
    monkeypatch.chdir(tmp_path)
    layers.recorded.cache_clear()


@pytest.fixture
def team(tmp_path: Path, new_user: None) -> "MakeTeam":  # noqa: ARG001 - who uses it
    """Write an overlay, with the files given in place of those of TEAM."""

    def make(contents: "Contents | None" = None, name: str = "team") -> Path:
        from teams import TEAM, write

        root = tmp_path / name
        write(root, TEAM)
        return write(root, contents or {})

    return make


@pytest.fixture
def repository(team: "MakeTeam") -> "MakeRepository":
    """Make the same as a git repository with the tag 1.0."""

    def make(contents: "Contents | None" = None, name: str = "team") -> Path:
        from teams import tag

        root = team(contents, name)
        git(root, "init", "--quiet")
        tag(root, "1.0")
        return root

    return make
