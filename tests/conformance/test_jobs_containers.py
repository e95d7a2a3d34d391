"""Jobs of three containers on one table, which are killed one by one and all at once."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import applications
import containers
import pytest
import rust_images
from client import Client
from containers import docker
from jobs_table import SETTINGS, Jobs, Line, assert_each_was_done
from running import free_port
from samples import FULL
from served import wait_until

if TYPE_CHECKING:
    from conftest import Pristine
    from postgresql_server import Server

pytestmark = pytest.mark.slow

SHORT, LONG = 990, 5
"""How many jobs take a moment, and how many more than a lease, before and after the kills."""
SHORT_SECONDS, LONG_SECONDS = 0.25, 5
WORKERS = 5
LIVES = SETTINGS | {
    "DATABASE_POOL_SIZE": "1",  # the server of tests has few connections
    "HOST": "127.0.0.1",
    "JOBS_FILE": "/jobs/now",
    "JOBS_WORKERS": str(WORKERS),
}
DONE_BETWEEN_KILLS = 60


class Container:
    """A container with a worker, which is killed and started again; each life has a file."""

    def __init__(self, image: str, url: str, files: Path) -> None:
        self.name = f"{image}-{uuid4().hex[:6]}"
        self._files = files
        self._now = files / "now"
        self._port = free_port()
        files.mkdir()
        files.chmod(0o777)  # the image has a user of its own
        settings = {**LIVES, "DATABASE_URL": url, "PORT": str(self._port)}
        flags = [f"--env={name}={value}" for name, value in settings.items()]
        # PostgreSQL listens on this machine alone.
        flags += ["--network=host", f"--volume={files}:/jobs", "--name", self.name]
        docker("run", "--detach", *flags, image)

    def wait_until_ready(self) -> None:
        """Wait until it answers, and has made its tables."""

        def is_ready() -> bool:
            try:
                return Client(self._port).get("/health/ready").status == 200
            except OSError:
                return False

        wait_until(is_ready, f"{self.name} is not ready")

    def enqueue(self, count: int, seconds: float) -> list[str]:
        path = f"/jobs/slow?n={count}&seconds={seconds}"
        answer = Client(self._port).ask("POST", path)
        assert answer.status == 200, answer.body
        return list(answer.json()["ids"])

    def bury(self) -> None:
        """Keep what a killed life has written; the next one has a file of its own."""
        assert not containers.inspect(self.name, "{{.State.Pid}}").strip("0")
        self._now.rename(self._files / f"{len(self.killed())}.killed")

    def killed(self) -> list[Path]:
        return sorted(self._files.glob("*.killed"))

    def lives(self) -> list[Path]:
        return [*self.killed(), *([self._now] if self.works() else [])]

    def works(self) -> bool:
        """Tell whether it has begun a job in this life."""
        return self._now.exists()


class JobsOfContainers(Jobs):
    """What the jobs of several containers have written: the process of a line is one life."""

    def __init__(self, server: "Server", directory: Path) -> None:
        super().__init__(server.new_database("jobs"), directory)
        self.containers: list[Container] = []
        self._server = server

    def lines(self) -> list[Line]:
        """Return them in the order of attempts; each life has its lines in order."""
        lives = self.lives()
        found = [
            Line(job, int(attempt), lives.index(life), what)
            for life in lives
            for job, attempt, _, what in map(str.split, life.read_text("utf-8").splitlines())
        ]
        return sorted(found, key=lambda line: line.attempt)

    def ask(self, statement: str) -> list[tuple[object, ...]]:
        """Ask as a superuser, who has a connection when the workers have all others."""
        return self._server.ask(statement, "jobs")

    def lives(self) -> list[Path]:
        return [life for each in self.containers for life in each.lives()]

    def killed(self) -> set[int]:
        return {number for number, life in enumerate(self.lives()) if life.suffix == ".killed"}

    def wait_until_done(self, made: list[str]) -> None:
        """Wait as long as one job after another is done."""
        while (done := self.done()) != {*made}:
            wait_until(partial(self._goes_on, done), "not all are done")

    def _goes_on(self, done: set[str]) -> bool:
        return self.done() > done

    def kill(self, *chosen: Container) -> None:
        """Kill containers at once, while jobs are left, and start them again."""
        enough = len(self.done()) + DONE_BETWEEN_KILLS
        wait_until(lambda: len(self.done()) >= enough, "few are done")
        wait_until(lambda: all(each.works() for each in chosen), "one is idle")
        names = [each.name for each in chosen]
        docker("kill", "--signal", "KILL", *names)
        for each in chosen:
            each.bury()
        assert self.ask("SELECT count(*) FROM jobs") != [(0,)], "it was killed too late"
        docker("start", *names)


@pytest.fixture(
    params=[
        "python",
        pytest.param(
            "rust", marks=pytest.mark.skipif(not FULL, reason="it compiles: for scripts/full")
        ),
    ]
)
def image(request: pytest.FixtureRequest, pristine: "Pristine", tmp_path: Path) -> Iterator[str]:
    """Build the image of a service whose handlers write down what they do."""
    language, place = str(request.param), tmp_path / "orders"
    containers.require_docker(language)
    app = applications.APPLICATION / "jobs"
    if language == "rust":
        rust_images.context(("database", "jobs"), place)
        shutil.copy(app / "app.rs", place / "src/app.rs")
    else:
        shutil.copytree(pristine(("jobs",)), place)
        shutil.copy(app / "app.py", place / "src/orders/app.py")
    with containers.image(place) as tag:
        yield tag


@contextmanager
def three(image: str, jobs: JobsOfContainers, directory: Path) -> Iterator[Sequence[Container]]:
    """Run three containers; nothing is left of them."""
    try:
        for number in range(3):
            jobs.containers.append(Container(image, jobs.url, directory / str(number)))
        for each in jobs.containers:
            each.wait_until_ready()
        yield jobs.containers
    finally:
        for each in jobs.containers:
            docker("rm", "--force", "--volumes", each.name, expect=None)


def test_three_containers_are_killed_in_the_middle_of_a_thousand_jobs(
    image: str, postgresql: "Server", tmp_path: Path
) -> None:
    jobs = JobsOfContainers(postgresql, tmp_path)
    with three(image, jobs, tmp_path) as all_three:
        made = all_three[0].enqueue(LONG, LONG_SECONDS) + all_three[1].enqueue(SHORT, SHORT_SECONDS)
        for each in all_three:
            jobs.kill(each)
        jobs.kill(*all_three)
        for each in all_three:
            each.wait_until_ready()
        made += all_three[2].enqueue(LONG, LONG_SECONDS)
        jobs.wait_until_done(made)
        killed = jobs.killed()
        assert len(killed) == 6
        assert_each_was_done(jobs, made, killed)
        again = [lines for lines in jobs.by_job().values() if lines[-1].attempt > 1]
        assert len(again) <= len(killed) * WORKERS
        logs = "".join(docker("logs", each.name) for each in all_three)
        assert "its worker did not come back (attempt 1 of 5)" in logs
        assert " is dead: " not in logs
