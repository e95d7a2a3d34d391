"""Time viscaffold against what its users would otherwise run, side by side, and write a table.

Run it by hand after `scripts/setup`: `.venv/bin/python bench/run.py [ROUNDS]`. Every round runs
each side once, in turn, so that whatever else the machine does hits both; the table holds medians.
Requests per second are measured with `wrk` and left out where it is missing.
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
from collections.abc import Callable
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
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

Side = Callable[[], float]


def run(*command: str, cwd: Path) -> float:
    """Run a command; return its seconds."""
    start = time.perf_counter()
    ran = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - start
    if ran.returncode:
        sys.exit(f"{command} failed:\n{ran.stdout}{ran.stderr}")
    return seconds


def fresh(directory: Path) -> Path:
    """Return `directory`, empty."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    return directory


def sides(ours: Side, other: Side, rounds: int) -> tuple[float, float]:
    """Return the medians of both sides, run in turn."""
    ours(), other()  # once for whatever is slower the first time
    pairs = [(ours(), other()) for _ in range(rounds)]
    return median(pair[0] for pair in pairs), median(pair[1] for pair in pairs)


class Bench:
    """The places that the sides work in."""

    def __init__(self, place: Path) -> None:
        """Lay out a plain copy of the template, and one that is a git repository with a tag."""
        self.place = place
        self.plain, self.tagged = place / "plain", place / "tagged"
        for root in (self.plain, self.tagged):
            fresh(root)
            shutil.copy(ROOT / "copier.yml", root)
            shutil.copytree(ROOT / "template", root / "template")
        self._git(self.tagged, "init", "-q")
        self._commit(self.tagged)
        self._git(self.tagged, "tag", "v1.0.0")
        self.service = place / "orders"
        run(str(BIN / "viscaffold"), "new", str(self.service), cwd=place)
        self.copied = place / "copied"
        self._copier("copy", "-d", "name=orders", str(self.tagged), str(self.copied))
        self._git(self.copied, "init", "-q")
        self._commit(self.copied)

    def _git(self, cwd: Path, *args: str) -> None:
        run("git", "-c", "user.name=bench", "-c", "user.email=bench@example.com", *args, cwd=cwd)

    def _commit(self, cwd: Path) -> None:
        self._git(cwd, "add", "--all")
        self._git(cwd, "commit", "-q", "-m", "bench")

    def _copier(self, command: str, *args: str, cwd: Path | None = None) -> float:
        copier = str(BIN / "copier")
        return run(copier, command, "--defaults", "--quiet", *args, cwd=cwd or self.place)

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
        self._git(self.service, "reset", "-q", "--hard")
        return run(str(BIN / "viscaffold"), "add-stage", "api", cwd=self.service)

    def update(self) -> float:
        """Time `copier update` that adds the same stage."""
        self._git(self.copied, "reset", "-q", "--hard")
        self._git(self.copied, "clean", "-qfd")
        more = ("--vcs-ref", ":current:", "-d", "stages=[api]")
        return self._copier("update", *more, cwd=self.copied)


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
        wrk = ["wrk", "-t1", "-c16", f"-d{LOAD_SECONDS}s", f"http://127.0.0.1:{port}/"]
        ran = subprocess.run(wrk, capture_output=True, text=True, check=True)
        self._stop(process)
        found = re.search(r"Requests/sec:\s+([\d.]+)", ran.stdout)
        return float(found[1]) if found else 0.0


def services(bench: Bench) -> tuple[Service, Service]:
    """Return a new service, and a bare Starlette application under the same server."""
    (bench.place / "bare.py").write_text(BARE, encoding="utf-8")
    python = sys.executable
    served = bench.place / "served"
    shutil.copytree(bench.service, served)
    ours = Service([python, "-m", "orders"], served, PYTHONPATH=str(served / "src"))
    uvicorn = [python, "-m", "uvicorn", "bare:app", "--host", "127.0.0.1", "--port", "PORT"]
    return ours, Service(uvicorn, bench.place)


def main() -> None:
    """Measure everything, and write the table."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    # As for users: what was compiled once is not compiled again.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory(prefix="viscaffold-bench-") as place:
        bench = Bench(Path(place))
        ours, bare = services(bench)
        plan: list[tuple[str, str, str, Side, Side]] = [
            ("`viscaffold --help`", "`python -c pass`", "s", bench.help, bench.nothing),
            ("`viscaffold new`", "`copier copy`", "s", bench.new, bench.copy),
            (
                "`viscaffold add-stage`",
                "`copier update`",
                "s",
                bench.add_stage,
                bench.update,
            ),
            ("start of a service", "bare Starlette", "s", ours.start, bare.start),
        ]
        if shutil.which("wrk"):
            plan.append(("requests to it", "bare Starlette", "/s", ours.load, bare.load))
        lines = [
            "| what | against | unit | viscaffold | other | ratio |",
            "|---|---|---|---|---|---|",
        ]
        for what, against, unit, mine, other in plan:
            left, right = sides(mine, other, rounds)
            digits = 3 if unit == "s" else 0
            cells = [what, against, unit, f"{left:.{digits}f}", f"{right:.{digits}f}"]
            lines.append(f"| {' | '.join(cells)} | {left / right:.2f} |")
            print(lines[-1], flush=True)
    about = f"Medians of {rounds} rounds, both sides in turn, {os.cpu_count()} cores."
    TABLE.write_text(f"# Side by side\n\n{about}\n\n" + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
