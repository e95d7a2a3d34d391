"""Time viscaffold against what its users would otherwise run, side by side, and write a table.

Run it by hand after `scripts/setup`: `.venv/bin/python bench/run.py [ROUNDS]`. Every round runs
each side once, in turn, so that whatever else the machine does hits both; the table holds medians.
Requests per second are asked for by load.py, from one process; the server has the other core.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from timing import BIN, Side, fresh, run, sides, write_table

from scaffolder import releases

TABLE = Path(__file__).parent / "results.md"
LOAD_SECONDS = 2

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
        from scaffolder import creation, source

        root = self.place / name
        answers = {"name": name, "stages": list(stages)}
        creation.create(source.carried(version), answers, root, commit="bench", within=None)
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
        shutil.rmtree(root / ".git/viscaffold")
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


class Service:
    """A server that can be started and put under load."""

    def __init__(self, command: list[str], cwd: Path, **variables: str) -> None:
        """Keep what starts it."""
        self.command, self.cwd, self.variables = command, cwd, variables

    def _started(self) -> tuple["subprocess.Popen[bytes]", int, float]:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        environment = {**os.environ, "HOST": "127.0.0.1", "PORT": str(port), **self.variables}
        command = [word.replace("PORT", str(port)) for word in self.command]
        start = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=self.cwd, env=environment, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/").read()
            except urllib.error.URLError:
                if process.poll() is not None:
                    sys.exit(f"{command} ended with status {process.returncode}")
                time.sleep(0.002)
            else:
                return process, port, time.perf_counter() - start

    def _stop(self, process: "subprocess.Popen[bytes]") -> None:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=15)

    def start(self) -> float:
        """Time from the start of the process to its first answer."""
        process, _, seconds = self._started()
        self._stop(process)
        return seconds

    def load(self) -> float:
        """Return the requests that it answers in a second."""
        process, port, _ = self._started()
        script = Path(__file__).with_name("load.py")
        command = [sys.executable, str(script), str(port), str(LOAD_SECONDS)]
        ran = subprocess.run(command, capture_output=True, text=True, check=True)
        self._stop(process)
        return float(ran.stdout)

    def memory(self) -> float:
        """Return the memory, in MiB, that it has after its first answer; without a supervisor's."""
        process, _, _ = self._started()
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        serving = (children.read_text(encoding="utf-8").split() or [str(process.pid)])[0]
        found = _resident(serving)
        self._stop(process)
        return found

    def supervisor_memory(self) -> float:
        """Return the memory, in MiB, of the process that was started."""
        process, _, _ = self._started()
        found = _resident(str(process.pid))
        self._stop(process)
        return found


def _resident(process: str) -> float:
    status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    found = re.search(r"VmRSS:\s+(\d+)", status)
    return int(found[1]) / 1024 if found else 0.0


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
    with tempfile.TemporaryDirectory(prefix="viscaffold-bench-") as place:
        bench = Bench(Path(place))
        ours, alone, bare = services(bench)
        plan: list[tuple[str, str, str, Side, Side]] = [
            ("`viscaffold --help`", "`python -c pass`", "s", bench.help, bench.nothing),
            ("`viscaffold new`", "`copier copy`", "s", bench.new, bench.copy),
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
            ("start of a service", "bare Starlette", "s", ours.start, bare.start),
            ("start of a service", "without supervisor", "s", ours.start, alone.start),
            ("memory of it", "bare Starlette", "MiB", ours.memory, bare.memory),
            ("supervisor", "the service", "MiB", ours.supervisor_memory, ours.memory),
            ("requests to it", "bare Starlette", "/s", ours.load, bare.load),
        ]
        lines = []
        for what, against, unit, mine, other in plan:
            left, right = sides(mine, other, rounds)
            digits = {"s": 3, "MiB": 1}.get(unit, 0)
            cells = [what, against, unit, f"{left:.{digits}f}", f"{right:.{digits}f}"]
            lines.append(f"| {' | '.join(cells)} | {left / right:.2f} |")
            print(lines[-1], flush=True)
    about = f"Medians of {rounds} rounds, both sides in turn"
    head = "| what | against | unit | viscaffold | other | ratio |"
    write_table(TABLE, "Side by side", about, head, lines)


if __name__ == "__main__":
    main()
