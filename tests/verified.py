"""A stand-in for the verification of changes, which takes no time and ends as it is told to."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from scaffolder.engine.git import Git
from scaffolder.operations.service import Service
from scaffolder.verify.outcome import Level, Outcome, Result, Verification

PASSED = Outcome("environment", Result.PASSED, 0.1)
FAILED = Outcome("tests", Result.FAILED, 1.5, "status 0", "status 1", ("one line", "\x1b[2Jlast"))
WARNED = Outcome("environment", Result.WARNED, 0.1, found="there is no Python 3.13; install it")


@dataclass
class StandIn:
    """Takes the place of the verification: it sees what it is asked, and answers at once."""

    outcome: Outcome
    log: Path
    asked: list[tuple[Service, str, Level]] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    meanwhile: Callable[[], object] = lambda: None

    def __call__(
        self, service: Service, store: Git, tree: str, level: Level, **_: object
    ) -> Verification:
        self.asked.append((service, tree, level))
        listed = store.fields("ls-tree", "-r", "-z", "--format=%(objectname) %(path)", tree)
        self.files = {path: oid for oid, _, path in (line.partition(" ") for line in listed)}
        self.log.write_text("the whole log\n", encoding="utf-8")
        self.meanwhile()
        began = datetime.now(UTC)
        return Verification(tree, level, (PASSED, self.outcome), began, log=str(self.log))


MakeStandIn = Callable[..., StandIn]
