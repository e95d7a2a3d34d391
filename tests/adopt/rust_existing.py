"""Services in Rust as people have them, adopted and built: once for all tests."""

import hashlib
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import existing
import rust_services
from conftest import files, git, viscaffold
from rust_shapes import SHAPES

from scaffolder.engine import git as engine_git
from scaffolder.operations import proof
from scaffolder.reporting import SILENT
from scaffolder.verify import checkout
from scaffolder.verify.local import Machine
from scaffolder.verify.log import Log
from scaffolder.verify.outcome import Outcome
from scaffolder.verify.steps import attempt

NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Adopted:
    """A service that was adopted, and what was built of it; not to be changed."""

    root: Path
    program: Path
    """Theirs, which is beside that of the service."""
    outcomes: str
    """What a verification saw, a line a step."""

    @property
    def service(self) -> Path:
        """Return the program that runs theirs."""
        return self.program.with_name(f"{self.program.name}-service")


def adopted(root: Path) -> Path:
    """Make a service, and adopt it; the change is staged."""
    existing.write(root, dict(SHAPES[root.name].files))
    ran = viscaffold("adopt", str(root), "--yes", "--runtime-only")
    assert ran.code == 0, ran.err
    return root


def built(root: Path) -> Adopted:
    """Verify an adopted service, unless that was done for the same files before; keep programs."""
    name = root.name
    program = SHAPES[name].program
    kept = rust_services.PLACE / "adopted" / name / _digest(root)
    rust_services.versions()
    with rust_services.alone():
        if not kept.exists():
            seen = [
                f"{one.step} {one.result.value} {one.found}\n{''.join(one.log)}"
                for one in verified(root)
            ]
            made = kept.with_suffix(".new")
            made.mkdir(parents=True, exist_ok=True)
            for file in (program, f"{program}-service"):
                shutil.copy(rust_services.TARGET / "debug" / file, made)
            (made / "outcomes").write_text("".join(seen), encoding="utf-8")
            made.rename(kept)
    return Adopted(root, kept / program, (kept / "outcomes").read_text(encoding="utf-8"))


def verified(root: Path, changed: Mapping[str, str] = NOTHING) -> Iterator[Outcome]:
    """Yield what a verification sees, with the dependencies that all tests share.

    `changed` has files with another text. Whoever asks has to be alone.
    """
    place = rust_services.PLACE / "adopted" / root.name / "work" / root.name
    repository = engine_git.repository(root)
    assert repository
    tree = git(root, "write-tree").strip()
    with proof.subject(repository, repository.git, tree) as subject, ExitStack() as stack:
        for path, text in changed.items():
            (subject.root / path).write_text(text, encoding="utf-8")
        checkout.mirror(subject.root, place)
        for each in subject.directories:
            if not (place / each / rust_services.LOCK.name).exists():
                shutil.copy(rust_services.LOCK, place / each)
            rust_services.fetch(place / each)
        log = Log(subject.root.parent / "log")
        environment = rust_services.TARGET.parent
        machine = Machine(subject, log, stack, SILENT, environment, place)
        yield from machine.built()
        yield attempt("tests", machine.test)
        yield from machine.asked()


def _digest(root: Path) -> str:
    found = hashlib.sha256()
    for path, content in sorted(files(root).items()):
        found.update(f"\0{path}\0{len(content)}\0".encode() + content)
    return found.hexdigest()[:16]
