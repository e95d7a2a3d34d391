"""What was checked and is fine."""

from collections.abc import Callable, Iterator

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Cause
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.errors import UnreadableError


def ruled_out(case: Case, cause: Cause | None) -> tuple[str, ...]:
    """Return what cannot be the cause, in the order of the runbook's checks."""
    pattern = cause.pattern if cause else ""
    checks: list[tuple[str, Callable[[Case], Iterator[str]]]] = [
        ("image", _program), ("memory", _memory), ("process", _signals), ("environment", _mounts),
        ("permissions", _user), ("healthcheck", _health), ("network", _network), ("", _image),
        ("", _pod),
    ]  # fmt: skip
    return tuple(
        line for about, check in checks if about != pattern for line in _lines(case, check)
    )


def _lines(case: Case, check: Callable[[Case], Iterator[str]]) -> list[str]:
    """Return what a check rules out; nothing where it cannot be read."""
    try:
        return list(check(case))
    except UnreadableError:
        return []


def _program(case: Case) -> Iterator[str]:
    program = case.program
    if program and not program.first_problem and program.entry:
        kind = (
            f"a program for {program.elf.machine}"
            if program.elf
            else f"a script run by {' '.join(program.shebang)}"
        )
        who = case.identity.words
        yield f"the program: {program.path} exists, is executable for {who}, and is {kind}"


def _memory(case: Case) -> Iterator[str]:
    if case.phase & (Phase.IMAGE | Phase.START | Phase.CREATED):
        return
    if (
        not case.state.oom_killed
        and not any(e.action == "oom" for e in case.events)
        and not case.usage.oom_kills
    ):
        limit = f"limit {case.config.memory // 2**20} MiB" if case.config.memory else "no limit"
        yield f"memory: not out of memory (OOMKilled false, no oom event, {limit})"


def _pod(case: Case) -> Iterator[str]:
    pod = case.pod
    if pod is None or not pod.name:
        return
    if any(c.kind == "PodScheduled" and c.status == "True" for c in pod.conditions):
        yield f"the scheduler: it has a node, {pod.node_name}"
    true = [c.kind for c in pod.node.conditions if c.status == "True"] if pod.node else []
    if true == ["Ready"]:
        yield "the node: it is ready, and short of nothing"
    others = [one.name for one in pod.containers if one is not pod.chosen and one.ready]
    if others:
        yield f"the other containers: {', '.join(others)} are ready"


def _signals(case: Case) -> Iterator[str]:
    if case.phase & Phase.ENDED and case.exit_code < 128 and not case.signals:
        yield f"signals: no signal killed it (exit code {case.exit_code}, no kill event)"


def _mounts(case: Case) -> Iterator[str]:
    if not case.config.mounts and not case.pod:
        yield "mounts: there are none that could hide files"


def _user(case: Case) -> Iterator[str]:
    if case.identity.name and not case.identity.unknown and case.config.user and not case.pod:
        yield f"the user: {case.config.user} exists, {case.identity.words}"


def _health(case: Case) -> Iterator[str]:
    if case.state.health and case.state.health.status == "healthy":
        yield "the health check succeeds"


def _network(case: Case) -> Iterator[str]:
    if case.is_up and case.sockets:
        yield "the network: it listens on " + ", ".join(
            f"{s.address}:{s.port}" for s in case.sockets
        )


def _image(case: Case) -> Iterator[str]:
    image = case.image
    if image and image.tagged and image.tagged == case.config.image_id:
        yield f"the image: {case.config.image} is still the image that it was created from"
