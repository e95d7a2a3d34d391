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
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import applications
import containers
import pytest
import running
import rust_services
from hypothesis import HealthCheck, settings
from samples import is_its_turn

from scaffolder import cli, console
from scaffolder.interrupts import SIGNALS
from scaffolder.operations import making
from scaffolder.overlays.fetch import preferences
from scaffolder.templates import template

if TYPE_CHECKING:
    from postgresql_server import Server
    from teams import Contents, MakeRepository, MakeTeam
    from verified import MakeStandIn

    from scaffolder.verify.outcome import Outcome

pytest_plugins = ("open_files", "adopting")

settings.register_profile(
    "default",
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow],  # so is a machine that does other things
)
settings.load_profile("default")

STAGES = ("api", "auth", "cache", "config", "database", "jobs", "logging", "metrics", "tracing")
ORDERS = [STAGES[::-1], *(STAGES[n:] + STAGES[:n] for n in range(len(STAGES)))]
"""Orders in which each stage is first and last, and each pair comes both ways."""
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

Pristine = Callable[..., Path]

Imported = Callable[..., ModuleType]

MakeApplication = Callable[..., running.Program]

MakeProgram = Callable[..., running.Program]

InRust = Callable[[], running.Program]

InPython = Callable[[Path, Path], running.Program]
"""Takes a service as `new` makes it, and an empty directory."""

MakeInEachLanguage = Callable[..., running.Program]

Unshared = Callable[..., running.Program]


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
    for number in (*SIGNALS, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def git(cwd: Path, *args: str, stdin: str = "") -> str:
    """Run git in `cwd`; return what it prints."""
    return subprocess.run(
        ["git", *args], cwd=cwd, input=stdin, text=True, capture_output=True, check=True
    ).stdout


def files(root: Path) -> dict[str, bytes]:
    """Return the content of every file below `root`, but for git's and bytecode.

    That of a link is its target.
    """
    found = {}
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root)
        if relative.parts[0] == ".git" or "__pycache__" in relative.parts:
            continue  # bytecode is what running a service leaves
        if path.is_file() or path.is_symlink():
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


LONG = ("test_container.py", "test_drills.py", "test_mutations.py")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out whose turn it is not, and begin with what takes minutes.

    At the end, nothing would be left to do beside that.
    """
    others = [item for item in items if not is_its_turn(item.nodeid.removeprefix("tests/"))]
    if others:
        config.hook.pytest_deselected(items=others)
        left_out = set(others)
        items[:] = [item for item in items if item not in left_out]
    items.sort(key=lambda item: item.path.name not in LONG)


class Failures:
    """Names each failure when it happens: a run that is cut short does not come to its summary."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        terminal = self.config.pluginmanager.get_plugin("terminalreporter")
        if report.failed and terminal:
            terminal.write_line(f"\nFAILED {report.nodeid} ({report.when}): {said(report)}")


def said(report: pytest.TestReport) -> str:
    """Return the first line of what a test failed with."""
    crash = getattr(report.longrepr, "reprcrash", None)
    return str(crash.message if crash else report.longreprtext).strip().partition("\n")[0][:200]


def pytest_configure(config: pytest.Config) -> None:
    """Let the process that prints name failures at once, and no worker."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Failures(config))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Leave no layers of images; the workers have ended by then."""
    if not hasattr(session.config, "workerinput"):
        containers.remove_layers()


@pytest.fixture(autouse=True)
def _foreground() -> None:
    heed_signals()


@pytest.fixture(scope="session", autouse=True)
def _quiet_environment(tmp_path_factory: pytest.TempPathFactory) -> None:
    quiet(tmp_path_factory.mktemp("home"))


def quiet(home: Path) -> None:
    """Give git an identity, and nothing else of the person's who runs this."""
    home.mkdir(exist_ok=True)
    config = home / ".gitconfig"
    config.write_text("[user]\n\tname = Test\n\temail = test@example.com\n", encoding="utf-8")
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        del os.environ[name]
    of_python = ("PYTHONPATH", "PYTEST_ADDOPTS")
    for name in ("NO_COLOR", "PORT", "HOST", "LOG_LEVEL", *of_python, *console.UNATTENDED):
        os.environ.pop(name, None)
    for variable, place in (("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")):
        os.environ.setdefault(variable, str(Path.home() / place))  # tools, and what is downloaded
    os.environ |= {"HOME": str(home), "GIT_CONFIG_NOSYSTEM": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    os.environ[preferences.LOCK_VARIABLE] = "0"  # no registry is asked, but where that is the point
    os.environ[preferences.VERIFY_VARIABLE] = "0"  # nor is what a change leads to built and started


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Pristine:
    """Services as `new` makes them, one for each set of stages; not to be changed."""
    made: dict[tuple[str, tuple[str, ...]], Path] = {}

    def make(stages: tuple[str, ...], language: str = "python") -> Path:
        if (language, stages) not in made:
            path = tmp_path_factory.mktemp("pristine") / "orders"
            flags = [word for stage in stages for word in ("--stage", stage)]
            ran = viscaffold("new", str(path), "--language", language, *flags)
            assert ran.code == 0, ran.err
            made[language, stages] = path
        return made[language, stages]

    return make


@pytest.fixture(scope="module", params=["python", "rust"])
def program(request: pytest.FixtureRequest, pristine: Pristine) -> MakeProgram:
    """Make a service in each language: `program("api").start()`; what one promises, both do."""
    if request.param == "rust":
        return lambda *stages: running.rust(rust_services.binary(stages))
    return lambda *stages: running.python(pristine(tuple(sorted(stages))))


@pytest.fixture(scope="module", params=["python", "rust"])
def application(
    request: pytest.FixtureRequest,
    pristine: Callable[[tuple[str, ...]], Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> MakeApplication:
    """Make a service with the application of tests/conformance, in each language.

    One that is `impatient` gives its clients up sooner.
    """
    made: dict[bool, running.Program] = {}

    def make(*, impatient: bool = False) -> running.Program:
        if impatient not in made and request.param == "rust":
            made[impatient] = applications.in_rust(impatient=impatient)
        elif impatient not in made:
            place = tmp_path_factory.mktemp("application")
            made[impatient] = applications.in_python(pristine(()), place, impatient=impatient)
        return made[impatient]

    return make


@pytest.fixture(scope="module", params=["python", "rust"])
def in_each_language(
    request: pytest.FixtureRequest,
    pristine: Pristine,
    tmp_path_factory: pytest.TempPathFactory,
) -> MakeInEachLanguage:
    """Make a service with an application of tests/conformance, in each language.

    In Python, it is made of a service with the stages that are named.
    """

    def make(in_rust: InRust, in_python: InPython, *stages: str) -> running.Program:
        if request.param == "rust":
            return in_rust()
        return in_python(pristine(stages), tmp_path_factory.mktemp("application"))

    return make


@pytest.fixture(scope="module")
def asking(in_each_language: MakeInEachLanguage) -> running.Program:
    """Make a service whose application asks its database."""
    return in_each_language(applications.asking_in_rust, applications.asking_in_python, "database")


@pytest.fixture(scope="module")
def caching(in_each_language: MakeInEachLanguage) -> running.Program:
    """Make a service with the stage `cache` and routes that use it."""
    return in_each_language(applications.cached_in_rust, applications.cached_in_python, "cache")


@pytest.fixture(scope="module")
def working(in_each_language: MakeInEachLanguage) -> running.Program:
    """Make a service with the stage `jobs` and handlers."""
    return in_each_language(applications.working_in_rust, applications.working_in_python, "jobs")


@pytest.fixture(scope="module")
def moving(in_each_language: MakeInEachLanguage) -> running.Program:
    """Make a service whose tables have columns of every kind."""
    return in_each_language(
        applications.moving_in_rust, applications.moving_in_python, "auth", "jobs"
    )


@pytest.fixture(scope="session")
def postgresql_of_session() -> "Iterator[Server]":
    from postgresql_server import postgresql_server

    with postgresql_server() as server:
        yield server


@pytest.fixture
def postgresql(postgresql_of_session: "Server") -> "Server":
    """A server of PostgreSQL that answers, also where a test before has ended it and failed."""
    if not postgresql_of_session.runs():
        postgresql_of_session.start()
    return postgresql_of_session


@pytest.fixture(scope="session")
def unshared() -> Unshared:
    """Run a service in namespaces of its own, after a command of a shell."""

    def make(service: running.Program, *options: str, first: str = ":") -> running.Program:
        shell = ("sh", "-c", f'{first}; exec "$0" "$@"')
        command = ("unshare", "--mount", *options, "--", *shell)
        if subprocess.run([*command, "true"], check=False, capture_output=True).returncode:
            pytest.skip("this user may not make namespaces")
        return replace(service, command=(*command, *service.command))

    return make


@pytest.fixture(scope="session")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Imported]:
    """Import a module of a service: `imported("runtime.boot")`, `imported("app", "api", "auth")`.

    The services of each set of stages are packages of their own, side by side in this process.
    """
    top = tmp_path_factory.mktemp("imported")
    with pytest.MonkeyPatch.context() as patch:

        def load(module: str, *stages: str) -> ModuleType:
            root = top / "-".join(("imported", *stages))
            if not root.exists():
                flags = [word for stage in stages for word in ("--stage", stage)]
                ran = viscaffold("new", str(root), "--no-git", *flags)
                assert ran.code == 0, ran.err
                patch.syspath_prepend(root / "src")
            return import_module(f"{root.name.replace('-', '_')}.{module}")

        yield load


@pytest.fixture
def service(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    pristine: Pristine,
) -> MakeService:
    """Make a service with the stages given, and step into it."""

    def make(*stages: str, language: str = "python") -> Path:
        path = tmp_path / "orders"
        shutil.copytree(pristine(tuple(sorted(stages)), language), path, symlinks=True)
        git(path, "status")  # the copies are new files: let git note that they are the same
        monkeypatch.chdir(path)
        return path

    return make


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeService:
    """Make a service as an earlier viscaffold did, and step into it."""

    def make(version: str, *stages: str) -> Path:
        root = tmp_path / "orders"
        answers = {"name": "orders", "stages": sorted(stages)}
        making.make(template.carried(version), answers, root, commit="Start", within=None)
        monkeypatch.chdir(root)
        return root

    return make


@pytest.fixture
def verification(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> "MakeStandIn":
    """Have every verification end with an outcome; nobody has said that there should be none."""
    from verified import StandIn

    from scaffolder.operations import proof

    def make(outcome: "Outcome") -> "StandIn":
        stand_in = StandIn(outcome, tmp_path / "whole.log")
        monkeypatch.delenv(preferences.VERIFY_VARIABLE, raising=False)
        monkeypatch.setattr(proof, "of_tree", stand_in)
        return stand_in

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
    layers.known.clear()


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
