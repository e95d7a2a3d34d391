"""Which of several stages that came at once made a service fail: they are added one by one."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scaffolder import temporary
from scaffolder.engine import trees
from scaffolder.engine.git import QUIET, Git
from scaffolder.verify.outcome import Result, Verification

from . import owned_data
from .additions import add
from .judging import Judge
from .revisions import Revision
from .saving import NOBODY
from .service import load

MANY = 2
"""From how many stages on there is a question."""


@dataclass(frozen=True)
class AddedStage:
    """A stage with which a service fails."""

    name: str
    after: list[str]
    """Those that were added before it, in that order, and with which the service works."""
    alone: bool
    """It fails without them, too: with no more than it requires."""
    verification: Verification

    def document(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {"name": self.name, "after": self.after, "alone": self.alone}


def guilty(judge: Judge, good: Revision, bad: Revision) -> AddedStage | None:
    """Return the stage that is to blame, if `bad` added several to `good`; None for an edit."""
    before, after = (owned_data.answers(judge.scratch, tree) for tree in (good.tree, bad.tree))
    came = owned_data.stages(after) - owned_data.stages(before)
    same = owned_data.version(before) == owned_data.version(after)
    return first(judge, good, sorted(came)) if same and len(came) >= MANY else None


def first(judge: Judge, start: Revision, names: list[str]) -> AddedStage | None:
    """Return the first of the stages, in the catalogue's order, with which `start` fails."""
    with _copy(judge, start.tree) as root:
        known = load(root, judge.trust).catalogue
        there = owned_data.stages(owned_data.answers(judge.scratch, start.tree))
        order = [s for s in known.stages if s in known.closure(names) and s not in there]
        for number, name in enumerate(order):
            found = _with(judge, root, start, order[: number + 1])
            if found.result is Result.FAILED:
                needed = [s for s in order if s in known.closure([name])]
                return AddedStage(
                    name, order[:number], number == 0 or _alone(judge, start, needed, found), found
                )
    return None


def _alone(judge: Judge, start: Revision, needed: list[str], found: Verification) -> bool:
    """Tell whether a stage fails with no more than it requires."""
    with _copy(judge, start.tree) as root:
        seen = _with(judge, root, start, needed)
    return seen.tree == found.tree or seen.result is Result.FAILED


def _with(judge: Judge, root: Path, start: Revision, names: list[str]) -> Verification:
    """Verify what a copy becomes with stages."""
    add(root, names, verify=False, trust=judge.trust)
    git = Git(root, options=QUIET)
    revision = Revision(git.line("write-tree"), title=f"{start} with {', '.join(names)}")
    return judge.judged(revision, git)


@contextmanager
def _copy(judge: Judge, tree: str) -> Iterator[Path]:
    """Make a throw-away repository with the service in `tree`, in which it can be grown."""
    with temporary.directory() as place:
        root = place / "service"
        root.mkdir()
        git = Git(root, NOBODY, QUIET)
        git("init", "-q", "--template=", f"--object-format={judge.repository.object_format}")
        trees.borrow(root / ".git" / "objects", judge.scratch.cwd / "objects")
        git("update-ref", "HEAD", git.line("commit-tree", tree, "-m", "Start"))
        git("read-tree", "--reset", "-u", "HEAD")
        yield root
