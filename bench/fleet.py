"""Time `viscaffold fleet` over many repositories against a loop of `copier update`.

Run it by hand: `.venv/bin/python bench/fleet.py [REPOSITORIES]`. Both sides move the same services,
each with a name of its own, from version 1.0 to 1.1 of the example template: viscaffold those that
record the built-in template and the example, Copier those of the flattened template that
`viscaffold template export` writes. Copier has a git repository for each, as it asks for; its loop
runs one after the other, as `copier update` is run.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from timing import BIN, ROOT, run, write_table

TABLE = Path(__file__).parent / "fleet.md"
EXAMPLE = ROOT / "examples/acme"
ANSWERS = {"team": "payments", "registry": "registry.acme.example"}


def git(cwd: Path, *args: str) -> None:
    """Run git with a name of its own."""
    run("git", "-c", "user.name=bench", "-c", "user.email=bench@example.com", *args, cwd=cwd)


def release(root: Path, version: str) -> None:
    """Commit what is in a repository, and tag it."""
    git(root, "add", "--all")
    git(root, "commit", "-q", "-m", version)
    git(root, "tag", version)


def templates(place: Path) -> tuple[Path, Path]:
    """Make the example in two versions, as it is and flattened for Copier."""
    team, flat = place / "team", place / "flat"
    shutil.copytree(EXAMPLE, team)
    for root in (team, flat):
        root.mkdir(exist_ok=True)
        git(root, "init", "-q")
    for version in ("1.0", "1.1"):
        with (team / "template/shared/stages/events.md").open("a", encoding="utf-8") as page:
            page.write(f"\nThis is version {version}.\n")
        release(team, version)
        export = ("template", "export", str(team), "-o", str(flat), "--trust", "--replace")
        run(str(BIN / "viscaffold"), *export, cwd=place)
        release(flat, version)
    return team, flat


def services(place: Path, team: Path, flat: Path, count: int) -> None:
    """Make the services of both sides, at version 1.0."""
    from scaffolder.operations import making
    from scaffolder.overlays import flatten, layers
    from scaffolder.overlays.fetch import origin
    from scaffolder.overlays.fetch.trust import NEVER
    from scaffolder.templates.template import builtin

    found = layers.given(origin.parse(f"file://{team}@1.0"), NEVER)
    source = flatten.compose(builtin(), [found])
    stages = ["events", "logging"]
    for number in range(count):
        name = f"service-{number}"
        answers = {"name": name, "stages": stages, **ANSWERS}
        making.make(source, answers, place / "ours" / name, commit="Start", within=None)
        data = [f"--data={key}={value}" for key, value in {"name": name, **ANSWERS}.items()]
        target = place / "theirs" / name
        chosen = f"--data=stages=[{','.join(stages)}]"
        version = ("--defaults", "--quiet", "--vcs-ref=1.0", *data, chosen)
        run(str(BIN / "copier"), "copy", *version, str(flat), str(target), cwd=place)
        git(target, "init", "-q")
        git(target, "add", "--all")
        git(target, "commit", "-q", "-m", "Start")


def fleet(place: Path, command: str) -> Callable[[], float]:
    """Return what times a command of `viscaffold fleet` over all services."""
    names = sorted(str(path) for path in (place / "ours").iterdir())
    expected = {"status": 10, "update": 0}[command]
    script = f'"$0" fleet {command} "$@" >/dev/null 2>&1; test $? = {expected}'
    return lambda: run("sh", "-c", script, str(BIN / "viscaffold"), *names, cwd=place)


def loop(place: Path) -> float:
    """Time `copier update` of one service after the other."""
    copier = str(BIN / "copier")
    roots = sorted((place / "theirs").iterdir())
    return sum(run(copier, "update", "--defaults", "--quiet", cwd=root) for root in roots)


def loop_check(place: Path) -> float:
    """Time `copier check-update` of one service after the other."""
    copier = str(BIN / "copier")
    script = '"$0" check-update --quiet; test $? = 2'
    roots = sorted((place / "theirs").iterdir())
    return sum(run("sh", "-c", script, copier, cwd=root) for root in roots)


def main() -> None:
    """Measure both, and write the table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    with tempfile.TemporaryDirectory(prefix="viscaffold-bench-") as directory:
        place = Path(directory)
        os.environ |= {f"XDG_{kind}_HOME": f"{place}/.{kind}" for kind in ("CACHE", "DATA")}
        os.environ |= {"GIT_AUTHOR_NAME": "bench", "GIT_AUTHOR_EMAIL": "bench@example.com"}
        os.environ |= {"GIT_COMMITTER_NAME": "bench", "GIT_COMMITTER_EMAIL": "bench@example.com"}
        team, flat = templates(place)
        # Both are asked about versions at the address that they were made from.
        trusting = (str(BIN / "viscaffold"), "new", "first", "--no-git", "--trust")
        run(*trusting, "-t", f"file://{team}@1.0", "-a", "team=payments", cwd=place)
        services(place, team, flat, count)
        lines = []
        for what, against, ours, other in (
            ("fleet status", "copier check-update", fleet(place, "status"), loop_check),
            ("fleet update", "copier update", fleet(place, "update"), loop),
        ):
            left, right = ours(), other(place)
            cells = [f"`viscaffold {what}`", f"loop of `{against}`", f"{left:.1f}", f"{right:.1f}"]
            lines.append(f"| {' | '.join(cells)} | {left / right:.2f} |")
            print(lines[-1], flush=True)
    about = f"Seconds for {count} repositories, each side once, on a busy machine"
    head = "| what | against | viscaffold | other | ratio |"
    write_table(TABLE, "Many repositories", about, head, lines)


if __name__ == "__main__":
    main()
