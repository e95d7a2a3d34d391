"""What a report contains: the answer, and what a person needs to reproduce it."""

from datetime import UTC, datetime
from typing import Any

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.evidence.facts import Event
from scaffolder.redaction import cleaned
from scaffolder.text import command

from .redaction import of_case

LINES = 40
EVENTS = 20

PREVENTION = {
    "image": (
        "run the image once in CI before deploying it: `docker run --rm IMAGE`, and `viscaffold"
        " diagnose IMAGE`"
    ),
    "process": (
        "log before anything else; run the program itself as PID 1 (exec), and handle SIGTERM in it"
    ),
    "environment": (
        "check every setting at startup, and report all that are wrong; compare variable names"
        " between environments before deploying"
    ),
    "permissions": (
        "run the tests as the production user, with its options (--read-only, --cap-drop)"
    ),
    "memory": (
        "measure what it needs, set the limits above that, and alert before a limit is reached"
    ),
    "network": ("retry with backoff, give every call a timeout, and make readiness depend on it"),
    "dependencies": (
        "install from a lock file in the image itself, and import everything once during the build"
    ),
    "healthcheck": "test the health check in CI: `docker run`, then wait for `healthy`",
    "none": "",
}


def report(environment: dict[str, str], case: Case, answer: dict[str, Any]) -> dict[str, Any]:
    """Return the report's parts, as docs/schemas/report.json describes them; without secrets.

    `environment` says what runs the container.
    """
    parts = {
        "diagnosis": answer,
        "environment": _environment(environment, case),
        "timeline": [{"time": _time(e.time), "event": _words(e)} for e in case.events[-EVENTS:]],
        "logs": "\n".join(line.text for line in case.log.lines),
        "settings": sorted(case.config.env),
        "reproduce": _reproduce(case),
        "actual": _actual(case),
        "prevention": PREVENTION[answer["pattern"]],
    }
    result = cleaned(parts, of_case(case))
    assert isinstance(result, dict)  # noqa: S101 - as it went in
    # A private key spans lines, so lines are cut only after it is redacted.
    result["logs"] = result["logs"].split("\n")[-LINES:] if case.log.lines else []
    return result


def _environment(environment: dict[str, str], case: Case) -> dict[str, str]:
    labels = case.config.labels
    digest = f" ({case.config.image_id[:19]})" if case.config.image_id else ""
    found = {
        **environment,
        "Container image": f"{case.config.image}{digest}",
        "Image created": case.image.created if case.image else "",
        "Revision": labels.get("org.opencontainers.image.revision", ""),
    }
    return {name: value for name, value in found.items() if value}


def _time(seconds: float) -> str:
    return (
        datetime.fromtimestamp(seconds, UTC)
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z")
    )


def _words(event: Event) -> str:
    code = (
        f" (exit code {event.exit_code})"
        if event.exit_code is not None and event.action in ("die", "died")
        else ""
    )
    return f"{event.action}{code}{f' (signal {event.signal})' if event.signal else ''}"


def _reproduce(case: Case) -> str:
    """Return a command that reproduces it; values of variables are omitted."""
    if case.pod:
        return "\n".join(case.pod.restarted())
    config = case.config
    own = case.image.env if case.image else {}
    flags: list[tuple[str, ...]] = [
        ("-e", f"{name}=...") for name, value in config.env.items() if own.get(name) != value
    ]
    flags += [
        ("-v", f"{m.name or m.source}:{m.destination}{'' if m.writable else ':ro'}")
        for m in config.mounts
    ]
    flags += [("-p", f"{p.host_port}:{p.number}") for p in config.published]
    flags += [("--memory", f"{config.memory // 2**20}m")] if config.memory else []
    flags += [("--pids-limit", str(config.pids))] if config.pids else []
    flags += [("--read-only",)] if config.read_only else []
    flags += [("--user", config.user)] if config.user else []
    flags += [("--cap-drop", name) for name in config.capabilities_dropped]
    network = config.network
    flags += [("--network", network)] if network not in ("default", "bridge") else []
    words = [word for flag in flags for word in flag]
    return command("docker", "run", "--rm", *words, config.image or case.target)


def _actual(case: Case) -> str:
    state = case.state
    status = (case.pod.chosen.reason or case.pod.reason if case.pod else "") or state.status
    parts = [
        status,
        f"exit code {case.exit_code}",
        f"{case.restarts} restarts",
        f"out of memory {str(state.oom_killed).lower()}",
    ]
    parts += [f"error {state.error!r}"] if state.error else []
    parts += [f"health {state.health.status}"] if state.health else []
    return ", ".join(parts)
