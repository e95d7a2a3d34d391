"""The message of an update's commit: what it moves, and what a verification saw before it."""

from collections.abc import Mapping, Sequence
from typing import Any

from scaffolder.operations import Change
from scaffolder.text import printable
from scaffolder.verify.outcome import Verification


def message(targets: Sequence[str], changes: Mapping[str, Change]) -> str:
    """Return the message; `changes` are those of each service, by the path of its directory.

    A trailer for each service that was verified names its tree, for whoever wants to compare.
    """
    seen = {path: change.verification for path, change in changes.items()}
    found = {path: verification for path, verification in seen.items() if verification}
    steps = [_steps(path, verification) for path, verification in found.items()]
    trailers = [_trailer(path, verification) for path, verification in found.items()]
    paragraphs = [
        f"Update to template {' and '.join(targets)}",
        "\n".join(f"{_name(path)}: {note}" for path, note in _notes(changes)),
        "\n".join(steps),
        "\n".join(trailers),
    ]
    return "\n\n".join(filter(None, paragraphs))


def notes(changes: Mapping[str, Change]) -> list[str]:
    """Return what could not be verified, and why."""
    return [f"{path}: {note}" if path else note for path, note in _notes(changes)]


def verifications(changes: Mapping[str, Change]) -> list[dict[str, Any]]:
    """Return what was seen of each service, for JSON."""
    return [
        {"path": path.rstrip("/"), **change.verification.document()}
        for path, change in changes.items()
        if change.verification
    ]


def _notes(changes: Mapping[str, Change]) -> list[tuple[str, str]]:
    return [
        (path, f"not verified: {printable(reason)}")
        for path, change in changes.items()
        for reason in change.unverified
    ]


def _name(path: str) -> str:
    return printable(path.rstrip("/")) or "."


def _steps(path: str, seen: Verification) -> str:
    """Return each step with its result, for people."""
    lines = [f"  {o.result.value} {printable(o.step)} ({o.seconds:.1f} s)" for o in seen.outcomes]
    return "\n".join([f"{_name(path)} was verified ({seen.level.value}):", *lines])


def _trailer(path: str, seen: Verification) -> str:
    when = seen.began.isoformat(timespec="seconds")
    about = f"{seen.result.value} {seen.level.value} {when} {_name(path)}"
    return f"Verified-tree: {seen.tree} {about}"
