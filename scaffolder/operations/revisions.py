"""Revisions of a service: commits and what is staged, each by the service's own tree."""

from collections.abc import Iterator
from dataclasses import dataclass

from scaffolder.engine import ANSWERS_FILE, index, trees
from scaffolder.engine.git import Git, Repository
from scaffolder.engine.records import OID
from scaffolder.errors import RefusedError, UsageError
from scaffolder.reporting import SILENT, Reporter
from scaffolder.text import shown
from scaffolder.verify import evidence
from scaffolder.verify.outcome import Verification

FAR = 5000
"""How many commits are looked at for one that was verified."""

SHORT = 12


@dataclass(frozen=True)
class Revision:
    """The service in one commit; without a commit, what is staged, or a tree alone."""

    tree: str
    commit: str = ""
    title: str = ""
    """The first line of the commit's message, or what it is otherwise."""

    def __str__(self) -> str:
        """Return what a person is told."""
        return f"{self.commit[:SHORT]} ({self.title})" if self.commit else self.title

    def document(self) -> dict[str, str | None]:
        """Return it for JSON."""
        return {"commit": self.commit or None, "tree": self.tree, "title": self.title}


def staged(git: Git, repository: Repository) -> Revision:
    """Return what is staged; raise RefusedError where the index has conflicts."""
    tree = index.write_tree(git, repository, index.copied(git, repository, "revision"))
    return Revision(tree, title="what is staged")


def head(repository: Repository) -> Revision | None:
    """Return what HEAD has, if it has the service."""
    return next(_revisions(repository, [repository.head() or "HEAD"]), None)


def named(repository: Repository, name: str) -> Revision:
    """Return the revision that a person means: a commit as git reads it, or a service's tree.

    Raise UsageError if there is none, RefusedError if the service is not in it.
    """
    meant = _resolved(repository, name)
    commit = _resolved(repository, f"{meant}^{{commit}}") if meant else ""
    if commit:
        found = next(_revisions(repository, [commit]), None)
        if found is None:
            raise RefusedError(
                f"the commit {shown(name)} does not have this service: there is no "
                f"{repository.prefix}{ANSWERS_FILE} in it",
                f"git log -- {repository.prefix}{ANSWERS_FILE}",
            )
        return found
    tree = _resolved(repository, f"{meant}^{{tree}}") if meant else ""
    if not tree:
        raise UsageError(f"there is no commit or tree {shown(name)} here", "git log --oneline")
    if not _resolved(repository, f"{tree}:{ANSWERS_FILE}"):
        raise RefusedError(f"the tree {shown(name)} is no service: it has no {ANSWERS_FILE}")
    return Revision(tree, title=f"the tree {tree[:SHORT]}")


def between(repository: Repository, *limits: str) -> list[Revision]:
    """Return the service in the commits that `git rev-list` finds, newest first."""
    listed = repository.git("rev-list", f"--max-count={FAR}", *limits, "--", expect=(0, 128))
    commits = listed.stdout.decode().split()
    return [*_revisions(repository, commits)] if listed.returncode == 0 else []


def middle_first(repository: Repository, bad: str, good: list[str]) -> list[Revision]:
    """Return the commits after `good` up to `bad` that touch the service.

    First is the one that halves them, as `git bisect` would choose it.
    """
    limits = [f"^{commit}" for commit in good if commit]
    place = ("--", repository.prefix) if repository.prefix else ()
    listed = repository.git("rev-list", "--bisect-all", bad, *limits, *place)
    return [
        *_revisions(repository, [line.split()[0] for line in listed.stdout.decode().splitlines()])
    ]


def present(repository: Repository) -> dict[str, str]:
    """Return the trees of HEAD and, where that is something else, of what is staged."""
    first = head(repository)
    found = {"HEAD": first.tree} if first else {}
    if not index.unmerged(repository):
        with trees.scratch(repository) as scratch:
            waiting = staged(scratch, repository)
        if waiting.tree not in found.values():
            found[waiting.title] = waiting.tree
    return found


def known(repository: Repository, report: Reporter = SILENT) -> list[tuple[str, Verification]]:
    """Return what is known of HEAD and, where that is something else, of what is staged."""
    if not evidence.trees(repository):
        return []
    return [
        (what, found)
        for what, tree in present(repository).items()
        for found in evidence.of(repository, tree, report)
    ]


def verified(
    git: Git, repository: Repository, report: Reporter = SILENT
) -> Iterator[tuple[Revision, Verification]]:
    """Yield the revisions that are known to work: what is staged, then commits, newest first."""
    kept = evidence.trees(repository)
    if not kept:
        return
    waiting = [] if index.unmerged(repository) else [staged(git, repository)]
    seen: set[str] = set()
    for revision in [*waiting, *between(repository, "HEAD")]:
        if revision.tree in seen or revision.tree not in kept:
            continue
        seen.add(revision.tree)
        found = evidence.of(repository, revision.tree, report)
        best = evidence.best(found)
        if best and evidence.is_verified(found):
            yield titled(repository, revision), best


def _revisions(repository: Repository, commits: list[str]) -> Iterator[Revision]:
    """Yield those of `commits` that have the service; git is asked once for all of them."""
    place = repository.prefix.removesuffix("/")
    asked = [name for commit in commits for name in (f"{commit}:{place}", _answers(commit, place))]
    printed = repository.git("cat-file", "--batch-check", stdin=trees.lines(asked)).stdout
    lines = printed.decode(errors="replace").splitlines()
    for commit, tree, answers in zip(commits, lines[::2], lines[1::2], strict=True):
        (name, kind, *_), about = tree.split(" "), answers.split(" ")
        if (kind, about[1:2]) == ("tree", ["blob"]) and OID.fullmatch(name):
            found = Revision(name, commit)
            yield titled(repository, found) if len(commits) == 1 else found


def _answers(commit: str, place: str) -> str:
    return f"{commit}:{place}/{ANSWERS_FILE}" if place else f"{commit}:{ANSWERS_FILE}"


def titled(repository: Repository, revision: Revision) -> Revision:
    """Return a revision with the first line of its commit's message."""
    if revision.title or not revision.commit:
        return revision
    title = repository.git.line("log", "-1", "--format=%s", "--no-show-signature", revision.commit)
    return Revision(revision.tree, revision.commit, title)


def _resolved(repository: Repository, name: str) -> str:
    command = ("rev-parse", "--quiet", "--verify", "--end-of-options", name)
    return repository.git(*command, expect=(0, 1, 128)).stdout.decode().strip()
