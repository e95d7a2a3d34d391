"""The report: the bug report and the incident message of the runbook, filled in, as Markdown."""

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

EXPECTED = "It starts, stays up and answers; a job exits with 0."
NONE = "None needed."


def render(parts: dict[str, Any], emergency: Mapping[str, str] = MappingProxyType({})) -> str:
    """Return the report as Markdown; `emergency` has commands and what each does."""
    found = parts["diagnosis"]
    commands = found["fix"]["commands"]
    target, cause = coded(found["target"]), coded(_sentence(found["cause"]["text"]))
    environment = [f"- {name}: {coded(value)}" for name, value in parts["environment"].items()]
    settings = f"- Settings (names): {coded(', '.join(parts['settings']) or 'none')}"
    timeline = [f"- {event['time']} {coded(event['event'])}" for event in parts["timeline"]]
    ruled_out = [f"- {coded(line)}" for line in found["ruled_out"]]
    verdict = f"{cause} Verdict: {found['verdict']}; pattern: {found['pattern']}."
    sections: dict[str, list[str]] = {
        f"## Bug report: {target}: {coded(_short(found['cause']['text']))}": [],
        "### Summary": [f"{target} {_state(parts)}. {cause} ({found['verdict']})"],
        "### Environment": [*environment, settings],
        "### Timeline (UTC)": timeline or ["- the daemon has no events"],
        "### Steps to reproduce": fenced(parts["reproduce"], "bash"),
        "### Expected behavior": [EXPECTED],
        "### Actual behavior": [coded(parts["actual"])],
        "### Logs": fenced("\n".join(parts["logs"]) or "(empty)"),
        "### Root cause": [verdict, "", *_evidence(found["evidence"])],
        "Ruled out:": ruled_out or ["- nothing"],
        "### Solution": [coded(_sentence(found["fix"]["text"])) if found["fix"]["text"] else NONE],
        "### Prevention": [_sentence(parts["prevention"]) or NONE],
        "## Incident message": fenced(_incident(parts)),
    }
    if commands:
        sections["### Solution"] += ["", *fenced("\n".join(commands), "bash")]
    if emergency and found["verdict"] != "healthy":
        lines = [f"{command}  # {about}" for command, about in emergency.items()]
        sections["### Solution"] += ["", "In an emergency:", "", *fenced("\n".join(lines), "bash")]
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
- [ ] Minimal working version made, or the last good one restored
- [ ] Fix made
- [ ] Fix tested, in the container
- [ ] Fix deployed

Next steps
1. {_sentence(found["fix"]["text"])} (who, until when)
2. Test it in the container (who, until when)
3. Deploy it (who, until when)

Expected resolution: (estimate, or "unknown; next message at" time)
In charge: (name)"""


def _state(parts: dict[str, Any]) -> str:
    actual = parts["actual"]
    if actual.startswith(("restarting", "running")) and ", 0 restarts" not in actual:
        return "keeps restarting"
    if actual.startswith("running"):
        return "runs but is unhealthy" if parts["diagnosis"]["verdict"] != "healthy" else "runs"
    return "does not start" if actual.startswith("created") else "has exited"


def _evidence(found: Iterable[dict[str, str]]) -> Iterable[str]:
    for piece in found:
        yield from fenced(f"$ {piece['command']}\n{piece['found']}")
        yield ""


def fenced(text: str, language: str = "") -> list[str]:
    """Return a fenced block whose fence is longer than any within it."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}{language}", text, fence]


def coded(text: str) -> str:
    """Return a text as code within a line: no link, mention, image or HTML in it takes effect."""
    line = " ".join(text.split()).replace("`", "'")
    return f"`{line}`" if line else ""


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 120 else f"{line[:117]}..."


def _sentence(text: str) -> str:
    line = " ".join(text.split())
    return f"{line[:1].upper()}{line[1:]}." if line and not line.endswith(".") else line
