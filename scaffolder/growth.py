"""Plan and carry out a change of a service's stages: render twice, merge, apply."""

import os
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from . import git, merge, trees
from .errors import RefusedError
from .merge import Merge
from .project import Project
from .render import ANSWERS_FILE, rendered
from .source import Source


def repository(project: Project) -> git.Repository:
    """Return the repository that the service is in, ready for a change.

    Raise RefusedError if there is none, the service is not in it, or git is in the middle of
    something.
    """
    git.require_version()
    found = git.repository(project.root)
    if found is None:
        raise RefusedError(
            f"{project.root} is in no git repository, so nothing could be taken back",
            "git init && git add --all && git commit -m 'Start'",
        )
    unfinished = found.unfinished()
    if unfinished:
        raise RefusedError(
            f"a {unfinished} is under way in {found.top}", f"finish it: git {unfinished} --continue"
        )
    if not found.git.fields("ls-files", "-z", "--", found.prefix + ANSWERS_FILE):
        raise RefusedError(f"git does not track {ANSWERS_FILE}", "git add --all && git commit")
    return found


@contextmanager
def planned(
    project: Project, repo: git.Repository, source: Source, answers: Mapping[str, Any], label: str
) -> Iterator[Merge]:
    """Merge what the template gives for `answers` into the service; nothing is written to it."""
    with (
        rendered(source, project.answers) as before,
        rendered(source, answers) as after,
        trees.scratch(repo) as scratch,
    ):
        base, theirs = trees.read_tree(before), trees.read_tree(after)
        yield merge.merge(scratch, repo, base, theirs, label)


def way_back(repo: git.Repository, merge: Merge) -> str:
    """Return the command that takes back what `merge` is about to do, and nothing else."""
    if repo.git("diff-index", "--cached", "--quiet", "HEAD", expect=(0, 1, 128)).returncode == 0:
        return "git reset --merge"
    # The index holds work of the user's: a reset would take that along.
    tree = repo.git.line("write-tree")
    paths = [os.path.relpath(Path(repo.top, repo.prefix, path)) for path in merge.paths]
    return f"git restore --source={tree} --staged --worktree -- {shlex.join(paths)}"
