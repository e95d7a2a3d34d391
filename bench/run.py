"""Time viscaffold against what its users would otherwise run, side by side, and write a table.

Run it by hand after `scripts/setup`: `.venv/bin/python bench/run.py [ROUNDS]`. Every round runs
each side once, in turn, so that whatever else the machine does hits both; the table holds medians.
Requests per second are asked for by load.py, from one process; the server has the other core.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

from scale import LargeTemplate, Monorepo
from server import Service
from timing import BIN, HEAD, Side, fresh, rows, run, write_table

from scaffolder.overlays.fetch.preferences import LOCK_VARIABLE
from scaffolder.templates import releases

TABLE = Path(__file__).parent / "results.md"

BARE = """
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

async def index(request: Request) -> JSONResponse:
    return JSONResponse({"service": "orders"})

app = Starlette(routes=[Route("/", index)])
"""


class Bench:
    """The places that the sides work in."""

    def __init__(self, place: Path) -> None:
        """Lay out a plain copy of the template, and a git repository with its versions as tags."""
        self.place = place
        self.plain, self.tagged = fresh(place / "plain"), fresh(place / "tagged")
        self._git(self.tagged, "init", "-q")
        first, *_, last = releases.digests()
        for version in (first, last):
            for root in (self.plain, self.tagged):
                shutil.rmtree(root / "template", ignore_errors=True)
                shutil.copytree(releases.unpacked(version), root, dirs_exist_ok=True)
            self._commit(self.tagged)
            self._git(self.tagged, "tag", f"v{version}")
        self.service = self._service("orders", last)
        self.grown = self._service("grown", last, "api")
        self.older = self._service("older", first, "api")
        self.copied = self._copied("copied", last)
        self.copied_grown = self._copied("copied-grown", last, "api")
        self.copied_older = self._copied("copied-older", first, "api")

    def _git(self, cwd: Path, *args: str) -> None:
        run("git", "-c", "user.name=bench", "-c", "user.email=bench@example.com", *args, cwd=cwd)

    def _commit(self, cwd: Path) -> None:
        self._git(cwd, "add", "--all")
        self._git(cwd, "commit", "-q", "-m", "bench")

    def _service(self, name: str, version: str, *stages: str) -> Path:
        """Make a service, and keep what viscaffold knows of it before the first change."""
        from scaffolder.operations import making
        from scaffolder.templates.template import carried

        root = self.place / name
        answers = {"name": name, "stages": list(stages)}
        making.make(carried(version), answers, root, commit="bench", within=None)
        (root / ".git/viscaffold").mkdir(exist_ok=True)
        shutil.copytree(root / ".git/viscaffold", self.place / f"{name}.known")
        return root

    def _copied(self, name: str, version: str, *stages: str) -> Path:
        root = self.place / name
        answers = ("-d", "name=orders", "-d", f"stages=[{','.join(stages)}]")
        self._copier("copy", f"--vcs-ref=v{version}", *answers, str(self.tagged), str(root))
        self._git(root, "init", "-q")
        self._commit(root)
        return root

    def _copier(self, command: str, *args: str, cwd: Path | None = None) -> float:
        copier = str(BIN / "copier")
        return run(copier, command, "--defaults", "--quiet", *args, cwd=cwd or self.place)

    def _change(self, root: Path, *command: str) -> float:
        """Time a command on a service that is as after its last commit, and has seen no other."""
        self._git(root, "reset", "-q", "--hard")
        shutil.rmtree(root / ".git/viscaffold", ignore_errors=True)
        shutil.copytree(self.place / f"{root.name}.known", root / ".git/viscaffold")
        return run(str(BIN / "viscaffold"), *command, cwd=root)

    def _copier_update(self, root: Path, *args: str) -> float:
        self._git(root, "reset", "-q", "--hard")
        self._git(root, "clean", "-qfd")
        return self._copier("update", *args, cwd=root)

    def help(self) -> float:
        """Time `viscaffold --help`."""
        return run(str(BIN / "viscaffold"), "--help", cwd=self.place)

    def nothing(self) -> float:
        """Time Python alone."""
        return run(sys.executable, "-c", "pass", cwd=self.place)

    def new(self) -> float:
        """Time `viscaffold new`, first commit included."""
        target = fresh(self.place / "new")
        return run(str(BIN / "viscaffold"), "new", "orders", cwd=target)

    def new_locked(self) -> float:
        """Time the same with the lock, for which a package registry is asked."""
        os.environ[LOCK_VARIABLE] = "1"
        try:
            return self.new()
        finally:
            os.environ[LOCK_VARIABLE] = "0"

    def copy(self) -> float:
        """Time `copier copy` of the same template, from a plain directory."""
        target = fresh(self.place / "copy")
        return self._copier("copy", "-d", "name=orders", str(self.plain), str(target / "orders"))

    def add_stage(self) -> float:
        """Time `viscaffold add-stage api`."""
        return self._change(self.service, "add-stage", "api")

    def copier_adds(self) -> float:
        """Time `copier update` that adds the same stage."""
        return self._copier_update(self.copied, "--vcs-ref=:current:", "-d", "stages=[api]")

    def remove_stage(self) -> float:
        """Time `viscaffold remove-stage api`."""
        return self._change(self.grown, "remove-stage", "api")

    def copier_removes(self) -> float:
        """Time `copier update` that removes the same stage."""
        return self._copier_update(self.copied_grown, "--vcs-ref=:current:", "-d", "stages=[]")

    def update(self) -> float:
        """Time `viscaffold update` from the first version to the last."""
        return self._change(self.older, "update")

    def copier_updates(self) -> float:
        """Time `copier update` over the same versions."""
        return self._copier_update(self.copied_older)

    def undo(self) -> float:
        """Time `viscaffold undo` of an added stage."""
        self.add_stage()
        return run(str(BIN / "viscaffold"), "undo", cwd=self.service)

    def status(self) -> float:
        """Time `viscaffold status`."""
        return run(str(BIN / "viscaffold"), "status", cwd=self.grown)

    def git_status(self) -> float:
        """Time `git status`."""
        return run("git", "status", cwd=self.grown)


def services(bench: Bench) -> tuple[Service, Service, Service]:
    """Return a new service, it without a supervisor, and a bare application on the same server."""
    (bench.place / "bare.py").write_text(BARE, encoding="utf-8")
    python = sys.executable
    served = bench.place / "served"
    shutil.copytree(bench.service, served)
    command, source = [python, "-m", "orders"], str(served / "src")
    ours = Service(command, served, PYTHONPATH=source)
    alone = Service(command, served, PYTHONPATH=source, SUPERVISE="0")
    uvicorn = [python, "-m", "uvicorn", "bare:app", "--host", "127.0.0.1", "--port", "PORT"]
    return ours, alone, Service(uvicorn, bench.place)


def main() -> None:
    """Measure everything, and write the table."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    # As for users: what was compiled once is not compiled again.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ[LOCK_VARIABLE] = "0"  # the other sides lock nothing
    with tempfile.TemporaryDirectory(prefix="viscaffold-bench-") as place:
        bench = Bench(Path(place))
        monorepo, large = Monorepo(Path(place)), LargeTemplate(Path(place))
        ours, alone, bare = services(bench)
        plan: list[tuple[str, str, str, Side, Side]] = [
            ("`viscaffold --help`", "`python -c pass`", "s", bench.help, bench.nothing),
            ("`viscaffold new`", "`copier copy`", "s", bench.new, bench.copy),
            ("`new` with a lock", "without", "s", bench.new_locked, bench.new),
            ("`viscaffold add-stage`", "`copier update`", "s", bench.add_stage, bench.copier_adds),
            (
                "`viscaffold remove-stage`",
                "`copier update`",
                "s",
                bench.remove_stage,
                bench.copier_removes,
            ),
            ("`viscaffold update`", "`copier update`", "s", bench.update, bench.copier_updates),
            ("`viscaffold undo`", "`copier update`", "s", bench.undo, bench.copier_removes),
            ("`viscaffold status`", "`git status`", "s", bench.status, bench.git_status),
            (
                "`add-stage` in a monorepo",
                "`git merge`",
                "s",
                monorepo.add_stage,
                monorepo.git_merge,
            ),
            ("`status` in a monorepo", "`git status`", "s", monorepo.status, monorepo.git_status),
            ("`update`, 1,900 files", "`git merge`", "s", large.update, large.git_merge),
            ("start of a service", "bare Starlette", "s", ours.start, bare.start),
            ("start of a service", "without supervisor", "s", ours.start, alone.start),
            ("memory of it", "bare Starlette", "MiB", ours.memory, bare.memory),
            ("supervisor", "the service", "MiB", ours.supervisor_memory, ours.memory),
            ("requests to it", "bare Starlette", "/s", ours.load, bare.load),
        ]
        lines = rows(plan, rounds)
    about = f"Medians of {rounds} rounds, both sides in turn"
    write_table(TABLE, "Side by side", about, HEAD, lines)


if __name__ == "__main__":
    main()
