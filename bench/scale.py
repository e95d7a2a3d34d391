"""Large work: a service in a monorepo, and a template of many files edited on both sides."""

import os
import shutil
import subprocess
from pathlib import Path

from timing import BIN, GIT, run

VISCAFFOLD = str(BIN / "viscaffold")
FILES = 20_000
"""In the monorepo, beside the service."""

TEMPLATE, EDITED = 1_900, 1_425
"""Files of the large template, and how many of them both sides edit."""


class Monorepo:
    """A service below `services/`, as one of many directories of a repository."""

    def __init__(self, place: Path) -> None:
        """Make it, with a branch that has the stage `api` and one that went on without."""
        self.top = place / "monorepo"
        self.service = self.top / "services/orders"
        for number in range(FILES):
            _write(
                self.top / f"lib{number // 1000}/part{number // 50 % 20}/f{number}.py",
                f"MINE = {number}\n" * 20,
            )
        run("git", "init", "-q", "-b", "main", cwd=self.top)
        run(VISCAFFOLD, "new", str(self.service), cwd=self.top)
        _commit(self.top)
        run("git", "checkout", "-q", "-b", "grown", cwd=self.top)
        run(VISCAFFOLD, "add-stage", "api", cwd=self.service)
        _commit(self.top)
        run("git", "checkout", "-q", "main", cwd=self.top)
        _write(self.top / "lib0/part0/f0.py", "MINE = -1\n")
        _commit(self.top)
        self.known = self.top / ".git/viscaffold"

    def _reset(self) -> None:
        run("git", "reset", "-q", "--hard", cwd=self.top)
        shutil.rmtree(self.known, ignore_errors=True)

    def add_stage(self) -> float:
        """Time `viscaffold add-stage api`."""
        self._reset()
        return run(VISCAFFOLD, "add-stage", "api", cwd=self.service)

    def git_merge(self) -> float:
        """Time `git merge` of a branch with the same change."""
        self._reset()
        return run(*GIT, "merge", "-q", "--no-commit", "grown", cwd=self.top)

    def status(self) -> float:
        """Time `viscaffold status`."""
        self._reset()
        return run(VISCAFFOLD, "status", cwd=self.service)

    def git_status(self) -> float:
        """Time `git status`."""
        self._reset()
        return run("git", "status", cwd=self.top)


class LargeTemplate:
    """A service of a team's template with many files, and a newer version of that template."""

    def __init__(self, place: Path) -> None:
        """Make the template's repository, the service, and a branch with the template's change."""
        self.template, self.root = place / "large", place / "large-service"
        _write(self.template / "viscaffold.yml", "name: large\n")
        self._edit_template("")
        run("git", "init", "-q", cwd=self.template)
        self._tag("1.0")
        self._edit_template("theirs")
        self._tag("2.0")
        os.environ["XDG_CACHE_HOME"] = str(place / "cache")
        source = f"file://{self.template}@1.0"
        run(VISCAFFOLD, "new", str(self.root), "-t", source, "--trust", cwd=place)
        run("git", "checkout", "-q", "-b", "theirs", cwd=self.root)
        self._edit(self.root, "theirs")
        _commit(self.root)
        run("git", "checkout", "-q", "-", cwd=self.root)
        self._edit(self.root, "mine")
        _commit(self.root)
        run(VISCAFFOLD, "update", cwd=self.root)  # fetches and renders, which is kept
        run("git", "reset", "-q", "--hard", cwd=self.root)

    def _edit_template(self, word: str) -> None:
        self._edit(self.template / "template/python", word)

    def _edit(self, home: Path, word: str) -> None:
        """Write every file; the edited ones with a line changed, at another place for each side."""
        for number in range(TEMPLATE):
            lines = [f"{number} {line}\n" for line in range(40)]
            if word and number < EDITED:
                lines[{"theirs": 5, "mine": 30}[word]] = f"{word}\n"
            _write(home / f"part{number // 100}/f{number}.txt", "".join(lines))

    def _tag(self, name: str) -> None:
        _commit(self.template)
        run(*GIT, "tag", "-a", "-m", name, name, cwd=self.template)

    def update(self) -> float:
        """Time `viscaffold update`, without anything that is known from an earlier one."""
        run("git", "reset", "-q", "--hard", cwd=self.root)
        shutil.rmtree(self.root / ".git/viscaffold", ignore_errors=True)
        return run(VISCAFFOLD, "update", cwd=self.root)

    def git_merge(self) -> float:
        """Time `git merge` of the same change."""
        run("git", "reset", "-q", "--hard", cwd=self.root)
        return run(*GIT, "merge", "-q", "--no-commit", "theirs", cwd=self.root)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _commit(root: Path) -> None:
    subprocess.run([*GIT, "add", "--all"], cwd=root, check=True)
    subprocess.run([*GIT, "commit", "-q", "-m", "bench"], cwd=root, check=True)
