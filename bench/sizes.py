"""Time `add-stage` and `status` as the service grows: files of the user's own, and history.

Run it by hand after `scripts/setup`: `.venv/bin/python bench/sizes.py [ROUNDS]`. Each size is timed
in turn with the service as `viscaffold new` made it; the table holds medians and ratios.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from timing import BIN, GIT, in_turn, medians, run, write_table

TABLE = Path(__file__).parent / "sizes.md"


class Service:
    """A service with so many files and commits of the user's own."""

    def __init__(self, place: Path, files: int, commits: int) -> None:
        """Make it."""
        self.root = place / f"orders-{files}-{commits}"
        run(str(BIN / "viscaffold"), "new", str(self.root), cwd=place)
        for number in range(files):
            path = self.root / "mine" / f"part{number // 100}" / f"mine{number}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"MINE = {number}\n" * 20, encoding="utf-8")
        if files:
            run(*GIT, "add", "--all", cwd=self.root)
            run(*GIT, "commit", "-q", "-m", "mine", cwd=self.root)
        if commits:
            self._history(commits)
        self.known = place / f"{self.root.name}.known"
        (self.root / ".git/viscaffold").mkdir(exist_ok=True)  # `new` may keep nothing there
        shutil.copytree(self.root / ".git/viscaffold", self.known)

    def _history(self, commits: int) -> None:
        stream = (
            "commit refs/heads/bench\ncommitter bench <> 0 +0000\ndata 0\n"
            f"M 644 inline notes/{number % 50}.txt\ndata 6\n{number:06}\n"
            for number in range(commits)
        )
        text = f"reset refs/heads/bench\nfrom {self._head()}\n{''.join(stream)}"
        subprocess.run(
            ["git", "fast-import", "--quiet"], cwd=self.root, input=text, text=True, check=True
        )
        run("git", "checkout", "-q", "bench", cwd=self.root)

    def _head(self) -> str:
        command = ["git", "rev-parse", "HEAD"]
        done = subprocess.run(command, cwd=self.root, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def add_stage(self) -> float:
        """Time `viscaffold add-stage api`."""
        run("git", "reset", "-q", "--hard", cwd=self.root)
        shutil.rmtree(self.root / ".git/viscaffold")
        shutil.copytree(self.known, self.root / ".git/viscaffold")
        return run(str(BIN / "viscaffold"), "add-stage", "api", cwd=self.root)

    def status(self) -> float:
        """Time `viscaffold status`."""
        return run(str(BIN / "viscaffold"), "status", cwd=self.root)


def main() -> None:
    """Measure every size, and write the table."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    lines = []
    with tempfile.TemporaryDirectory(prefix="viscaffold-bench-") as directory:
        place = Path(directory)
        empty = Service(place, 0, 0)
        for files, commits in ((100, 0), (1000, 0), (10_000, 0), (0, 10_000)):
            grown = Service(place, files, commits)
            cells = [f"{files:,}", f"{commits:,}"]
            for mine, other in ((grown.add_stage, empty.add_stage), (grown.status, empty.status)):
                left, right = medians(in_turn(mine, other, rounds))
                cells += [f"{left:.3f}", f"{left / right:.2f}"]
            lines.append(f"| {' | '.join(cells)} |")
            print(lines[-1], flush=True)
    about = f"Ratios to the service as `new` makes it; seconds, medians of {rounds} rounds"
    head = "| files | commits | `add-stage` | ratio | `status` | ratio |"
    write_table(TABLE, "As a service grows", about, head, lines)


if __name__ == "__main__":
    main()
