"""A service on this machine: set up, built, tested, started, asked and stopped."""

import os
import re
import shutil
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from scaffolder import temporary
from scaffolder.languages.base import Command
from scaffolder.reporting import SILENT, Reporter

from . import environments, ports, processes
from .asking import Asking, Running
from .log import Log
from .outcome import Outcome
from .processes import CannotStartError, Ended, Limits
from .steps import MissingError, NotAsExpectedError, attempt
from .subject import Subject

MEMORY = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
TOOL = Limits(seconds=900, memory=min(16 << 30, MEMORY * 3 // 4))
"""What a build or the service's tests may take: less than has the machine kill others."""

SERVICE = Limits(seconds=1800, memory=2 << 30)

OWN = re.compile(
    r"PATH|HOME|USER|LOGNAME|SHELL|TMPDIR|TZ|LANG|LANGUAGE|LC_\w+|LD_LIBRARY_PATH|SSL_CERT_\w+"
)
"""Variables of the user's that a service is started with: none of those that could be a setting."""


def local(subject: Subject, log: Log, report: Reporter) -> Generator[Outcome]:
    """Yield the outcome of each step; each relies on those before it having passed."""
    with ExitStack() as stack:
        machine = Machine(subject, log, stack, report)
        yield attempt("environment", machine.set_up)
        yield from machine.built()
        yield attempt("tests", machine.test)
        yield from machine.asked()


def asked(subject: Subject, environment: Path, log: Log) -> Iterator[Outcome]:
    """Yield those of a service whose environment is there, and which is tested elsewhere."""
    with ExitStack() as stack:
        machine = Machine(subject, log, stack, SILENT, environment, subject.root)
        yield from machine.built()
        yield from machine.asked()


@contextmanager
def built(subject: Subject, log: Log, report: Reporter) -> Iterator["Machine"]:
    """Give a service that is ready for its own commands.

    Raise MissingError if it cannot be made here, NotAsExpectedError if its installation or build
    fails.
    """
    with ExitStack() as stack:
        machine = Machine(subject, log, stack, report)
        machine.set_up()
        machine.build()
        yield machine


@dataclass
class Machine:
    """What the steps of one verification share."""

    subject: Subject
    log: Log
    stack: ExitStack
    report: Reporter
    environment: Path = Path()
    work: Path = Path()
    """Where tools work: they leave things behind."""

    def set_up(self) -> None:
        """Install what the service has locked."""
        self.environment = self.stack.enter_context(
            environments.ready(self.subject, self.log, self.report)
        )
        self.work = self.stack.enter_context(environments.workplace(self.subject, self.environment))

    def built(self) -> Iterator[Outcome]:
        """Make what is started, where that is needed."""
        if self.subject.tools.build:
            yield attempt("build", self.build)

    def build(self) -> None:
        """Make what is started, where that is needed."""
        if self.subject.tools.build:
            self._in_each(self.subject.tools.build, "build", "it builds")

    def asked(self) -> Iterator[Outcome]:
        """Start the service, ask it, and stop it."""
        yield from Asking(self.started, self.subject.stages, self.stack).steps()

    def test(self) -> None:
        """Run the service's own tests; raise MissingError if it has none."""
        tests = self.subject.tools.checks["tests"]
        directory = self.subject.tools.stage_tests.partition("/")[0]
        if not self.subject.inner and not (self.subject.root / directory).is_dir():
            raise MissingError(f"it has no tests: there is no directory {directory}")
        self._in_each(tests, "tests", "its tests pass", tests.nothing)

    def _in_each(self, command: Command, title: str, expected: str, nothing: int = 0) -> None:
        for each in self.subject.directories:
            self._run(self.work / each, command, title, expected, nothing)

    def _run(self, place: Path, command: Command, title: str, expected: str, nothing: int) -> None:
        filled = self.subject.filled(command, place, self.environment)
        own = self.subject.language.variables(self.environment)
        variables = {**_tools(own), **filled.variables}
        try:
            ended, said = processes.run(
                _found(Command(filled.run, variables)),
                cwd=place,
                log=self.log,
                title=title,
                limits=TOOL,
            )
        except CannotStartError as error:
            raise MissingError(f"{filled.run[0]} cannot be run: {error}") from error
        if nothing and ended.status == nothing:
            raise MissingError(f"it has no {title}")
        if ended.status:
            raise NotAsExpectedError(expected, str(ended), said.replace(f"{self.work}/", ""))

    def command(self, directory: Path, words: Sequence[str]) -> tuple[Ended, str]:
        """Run a command of the service's own in a directory, with the user's variables."""
        start = self.subject.filled(self.subject.tools.start, self.subject.root, self.environment)
        own = self.subject.language.variables(self.environment)
        return processes.run(
            _found(Command((*start.run, *words), {**_tools(own), **start.variables})),
            cwd=directory,
            log=self.log,
            title=" ".join(words),
            limits=TOOL,
        )

    @contextmanager
    def started(self, settings: Mapping[str, str]) -> Iterator[Running]:
        """Start the service in an empty copy of its directory, on a port of its own."""
        if not self.subject.tools.start.run:
            raise MissingError("its template does not say how it is started: viscaffold update")
        with temporary.directory() as place, ports.claimed() as port:
            root = place / self.subject.name
            shutil.copytree(self.subject.root, root, symlinks=True)
            command = self.subject.filled(self.subject.tools.start, root, self.environment)
            own = {key: value for key, value in os.environ.items() if OWN.fullmatch(key)}
            variables = {
                **own,
                **self.subject.language.variables(self.environment),
                **command.variables,
                **self.subject.settings,
                "HOST": "127.0.0.1",
                "PORT": str(port),
                **settings,
            }
            with processes.started(
                _found(Command(command.run, variables)),
                cwd=root,
                log=self.log,
                title=f"the service with {dict(settings)}" if settings else "the service",
                limits=SERVICE,
            ) as process:
                yield Running(process, port, process.signal)


def _tools(own: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of tools, which are the user's, with those of an environment."""
    return {**processes.inherited(), **own, "NO_COLOR": "1"}


def _found(command: Command) -> Command:
    """Return a command with the path of its program, looked for where it would be found itself."""
    program, *rest = command.run
    path = shutil.which(program, path=command.variables.get("PATH")) or program
    return Command((path, *rest), command.variables)
