"""The report: the bug report and the incident message of the runbook, filled in, as Markdown."""

import re
from collections.abc import Iterable
from typing import Any

from .case import Case
from .cleaning import cleaned, cleaner
from .engine import Engine
from .facts import Event

LINES = 40
EVENTS = 20

PREVENTION = {
    "image": (
        "run the image once in CI before it is deployed: `docker run --rm IMAGE`, and `viscaffold"
        " diagnose IMAGE`"
    ),
    "process": (
        "log before anything else; run the program itself as process 1 (exec), and have it handle"
        " SIGTERM"
    ),
    "environment": (
        "check every setting at the start, and name all that is wrong; compare environments by"
        " name before deploying"
    ),
    "permissions": (
        "run the tests as the user, and with the options (--read-only, --cap-drop), of production"
    ),
    "memory": (
        "measure what it needs, set limits above it, and watch it with an alarm before the limit"
    ),
    "network": (
        "retry with growing pauses, give every call a time limit, and make readiness depend on it"
    ),
    "dependencies": (
        "install from a lock file in the image itself, and import everything once in the build"
    ),
    "healthcheck": "test the health check in CI: `docker run`, then wait for `healthy`",
    "none": "",
}
EXPECTED = "It starts, stays up and answers; or, being a job, it ends with 0."
NONE = "None is needed."


def report(engine: Engine, case: Case, answer: dict[str, Any]) -> dict[str, Any]:
    """Return the report's parts, as docs/schemas/report.json describes them; without secrets."""
    parts = {
        "diagnosis": answer,
        "environment": _environment(engine, case),
        "timeline": [{"time": _time(e.time), "event": _words(e)} for e in case.events[-EVENTS:]],
        "logs": [line.text for line in case.log.lines[-LINES:]],
        "settings": sorted(case.config.env),
        "reproduce": _reproduce(case),
        "actual": _actual(case),
        "prevention": PREVENTION[answer["pattern"]],
    }
    result = cleaned(parts, cleaner(case.config.env))
    assert isinstance(result, dict)  # noqa: S101 - as it went in
    return result


def _environment(engine: Engine, case: Case) -> dict[str, str]:
    version = "client {{.Client.Version}}, server {{.Server.Version}}"
    system = (
        "{{.OperatingSystem}}, {{.Architecture}}, kernel {{.KernelVersion}}, cgroup"
        " {{.CgroupVersion}}, {{.NCPU}} CPUs"
    )
    labels = case.config.labels
    found = {
        "Docker": engine.ask("version", "--format", version).text.strip(),
        "OS": engine.ask("info", "--format", system).text.strip(),
        "Container image": f"{case.config.image} ({case.config.image_id[:19]})",
        "Image created": case.image.created if case.image else "",
        "Revision": labels.get("org.opencontainers.image.revision", ""),
    }
    return {name: value for name, value in found.items() if value}


def _time(seconds: float) -> str:
    from datetime import UTC, datetime

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
    """Return a command that starts the same again; values of variables are left out."""
    config = case.config
    own = case.image.env if case.image else {}
    flags = [f"-e {name}=..." for name, value in config.env.items() if own.get(name) != value]
    flags += [
        f"-v {m.name or m.source}:{m.destination}{'' if m.writable else ':ro'}"
        for m in config.mounts
    ]
    flags += [f"-p {p.host_port}:{p.number}" for p in config.published]
    flags += [f"--memory {config.memory // 2**20}m"] if config.memory else []
    flags += [f"--pids-limit {config.pids}"] if config.pids else []
    flags += ["--read-only"] if config.read_only else []
    flags += [f"--user {config.user}"] if config.user else []
    flags += [f"--cap-drop {name}" for name in config.capabilities_dropped]
    flags += [f"--network {config.network}"] if config.network not in ("default", "bridge") else []
    return " ".join(["docker run --rm", *flags, config.image or case.target])


def _actual(case: Case) -> str:
    state = case.state
    parts = [
        state.status,
        f"exit code {case.exit_code}",
        f"{case.restarts} restarts",
        f"out of memory {str(state.oom_killed).lower()}",
    ]
    parts += [f"error {state.error!r}"] if state.error else []
    parts += [f"health {state.health.status}"] if state.health else []
    return ", ".join(parts)


def render(parts: dict[str, Any]) -> str:
    """Return the report as Markdown."""
    found = parts["diagnosis"]
    commands = found["fix"]["commands"]
    cause = _sentence(found["cause"]["text"])
    environment = [f"- {name}: {value}" for name, value in parts["environment"].items()]
    settings = f"- Settings (names): {', '.join(parts['settings']) or 'none'}"
    timeline = [f"- {event['time']} {event['event']}" for event in parts["timeline"]]
    ruled_out = [f"- {line}" for line in found["ruled_out"]]
    verdict = f"{cause} Verdict: {found['verdict']}; pattern: {found['pattern']}."
    sections: dict[str, list[str]] = {
        f"## Bug report: {found['target']}: {_short(found['cause']['text'])}": [],
        "### Summary": [f"{found['target']} {_state(parts)}. {cause} ({found['verdict']})"],
        "### Environment": [*environment, settings],
        "### Timeline (UTC)": timeline or ["- nothing is remembered by the daemon"],
        "### Steps to reproduce": fenced(parts["reproduce"], "bash"),
        "### Expected behaviour": [EXPECTED],
        "### Actual behaviour": [parts["actual"]],
        "### Logs": fenced("\n".join(parts["logs"]) or "(empty)"),
        "### Root cause": [verdict, "", *_evidence(found["evidence"])],
        "Ruled out:": ruled_out or ["- nothing"],
        "### Solution": [_sentence(found["fix"]["text"]) or NONE],
        "### Prevention": [_sentence(parts["prevention"]) or NONE],
        "## Incident message": fenced(_incident(parts)),
    }
    if commands:
        sections["### Solution"] += ["", *fenced("\n".join(commands), "bash")]
    texts = ("\n".join([heading, "", *lines]).rstrip() for heading, lines in sections.items())
    return "\n\n".join(texts) + "\n"


def _incident(parts: dict[str, Any]) -> str:
    found = parts["diagnosis"]
    known = found["verdict"] in ("proven", "likely")
    likely = " (likely)" if found["verdict"] == "likely" else ""
    last = next((line for line in reversed(parts["logs"]) if line.strip()), "none")
    ends = (e["time"] for e in parts["timeline"] if e["event"].startswith(("die", "oom")))
    return f"""\
INCIDENT: {found["target"]}: {_short(found["cause"]["text"])}

Problem
- {found["target"]} {_state(parts)} since {next(ends, "(time)")}
- Affected: (who, and what they cannot do)
- Logs: {_short(last)}
- State: {parts["actual"]}

Status
- [{"x" if known else " "}] Root cause identified{likely}
- [ ] Smallest working version made, or the last good one restored
- [ ] Fix made
- [ ] Fix tested, in the container
- [ ] Fix deployed

Next steps
1. {_sentence(found["fix"]["text"])} (who, until when)
2. Test it in the container (who, until when)
3. Deploy it (who, until when)

Back to normal: (estimate, or "unknown; next message at" time)
In charge: (name)"""


def _state(parts: dict[str, Any]) -> str:
    actual = parts["actual"]
    if actual.startswith(("restarting", "running")) and ", 0 restarts" not in actual:
        return "is restarting again and again"
    if actual.startswith("running"):
        return "runs and is not well" if parts["diagnosis"]["verdict"] != "healthy" else "runs"
    return "does not start" if actual.startswith("created") else "has ended"


def _evidence(found: Iterable[dict[str, str]]) -> Iterable[str]:
    for piece in found:
        yield from fenced(f"$ {piece['command']}\n{piece['found']}")
        yield ""


def fenced(text: str, language: str = "") -> list[str]:
    """Return a fenced block whose fence is longer than any within it."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}{language}", text, fence]


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 120 else f"{line[:117]}..."


def _sentence(text: str) -> str:
    line = " ".join(text.split())
    return f"{line[:1].upper()}{line[1:]}." if line and not line.endswith(".") else line
