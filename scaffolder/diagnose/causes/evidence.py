"""A piece of evidence: where it comes from, the command that shows it, and what was found."""

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scaffolder.diagnose.evidence import gave_up, pod_fields
from scaffolder.diagnose.evidence.phase import Phase

if TYPE_CHECKING:
    import re

    from scaffolder.diagnose.case import Case
    from scaffolder.diagnose.evidence.stuck import Stuck
    from scaffolder.diagnose.evidence.trace import Call

LONG = 600
HIDDEN = {
    "output-thrown-away": "its script sends that to /dev/null",
    "log-unwritten": "its log level hides that",
    "python-buffered": "without a flush, its buffer keeps that",
}
"""The cause that hides what a program says, and only a copy tells → how it does."""


@dataclass(frozen=True)
class Evidence:
    """One finding, and how to reproduce it."""

    source: str
    command: str
    found: str


def inspected(case: "Case", path: str, found: object, what: str = "") -> Evidence:
    """Show a field of `docker inspect`."""
    name = f"{what}: " if what else ""
    if case.pod:
        return Evidence("inspect", pod_fields.command(case.pod, path), f"{name}{_short(found)}")
    command = f"docker inspect --format '{{{{json .{path}}}}}' {quoted(case)}"
    return Evidence("inspect", command, f"{name}{_short(found)}")


def logged(case: "Case", what: "re.Match[str] | str") -> Evidence:
    """Show lines of the log."""
    text = what if isinstance(what, str) else case.line(what)
    if case.seen.unsaid and case.seen.failed_call and case.seen.unsaid in text:
        return seen(case, case.seen.failed_call)
    if case.log_file and text.rpartition("\n")[2] in case.log_file.lines:
        return content(case, case.log_file.path, _short(text))
    kept = case.seen.swallowed
    if kept and (text in kept.text or kept.last in text):
        return watched(case, kept.words)
    if case.seen.unwritten and text.strip() in case.seen.unwritten.text:
        return watched(case, f"{text}\n(logged at {case.seen.unwritten.place}, without a handler)")
    if text.strip() in "\n".join(case.seen.unheard):
        return watched(case, f"{text}\n({HIDDEN.get(case.seen.kept_by, 'nobody hears that')})")
    return Evidence("logs", _logs(case, "--tail 50"), _short(text))


def runs_as(case: "Case") -> Evidence:
    """Show as which user the process ran that decided the end."""
    change = case.seen.became
    process = change and case.seen.trace.processes.get(change.process)
    if change is None or process is None:
        return inspected(case, "Config.User", case.config.user or "root")
    return watched(case, f"{process.name}: {change.name}({case.seen.user.partition(':')[0]})")


def nothing_logged(case: "Case") -> Evidence:
    """Show that the log is empty."""
    return Evidence("logs", _logs(case), "(empty)")


def _logs(case: "Case", *options: str) -> str:
    """Return the command that shows the log of the run that matters."""
    if case.pod is None:
        return " ".join(["docker logs", *options, quoted(case)])
    chosen = case.pod.chosen
    before = ["--previous"] if chosen.last and not (case.is_up or chosen.ended) else []
    words = (word for option in (*options, *before) for word in option.split())
    return case.pod.typed("logs", case.pod.name, "-c", chosen.name, *words)


def refused(case: "Case") -> Evidence:
    """Show what the runtime said."""
    if case.state.error:
        return inspected(case, "State.Error", case.state.error)
    if case.phase == Phase.IMAGE:
        return inspected(case, "Config", f"Entrypoint and Cmd: {list(case.config.argv)}")
    if not case.refusal and not case.pod:
        return happened(case, "created, and not started: the runtime keeps no reason")
    return Evidence("logs", _logs(case, "--tail 5"), case.refusal)


def copied(case: "Case", path: str, found: str) -> Evidence:
    """Show a file, or that it is missing."""
    command = f"docker cp {quoted(case)}:{shlex.quote(path or '/')} - | tar -tv"
    return Evidence("files", command, _short(found))


def content(case: "Case", path: str, found: str) -> Evidence:
    """Show a part of a file's content."""
    command = f"docker cp {quoted(case)}:{shlex.quote(path)} - | tar -xO"
    return Evidence("files", command, _short(found))


def happened(case: "Case", found: str) -> Evidence:
    """Show events."""
    if case.pod:
        about = f"name={case.pod.name}" if case.pod.name else "kind=ReplicaSet"
        words = ("get", "events", "--field-selector", f"involvedObject.{about}")
        return Evidence("events", case.pod.typed(*words), _short(found))
    command = f"docker events --since 1h --until 0s --filter container={quoted(case)}"
    return Evidence("events", command, _short(found))


def ended(case: "Case") -> Evidence:
    """Show how the last run ended."""
    return inspected(case, "State.ExitCode", case.exit_code, "exit code")


def live(case: "Case", what: str, found: str) -> Evidence:
    """Show something of the running container, by a command inside it."""
    return Evidence("live", f"docker exec {quoted(case)} {what}", _short(found))


def seen(case: "Case", call: "Call") -> Evidence:
    """Show a system call of a watched copy, and what became of the process."""
    process = case.seen.trace.processes.get(call.process)
    who = f"{process.name} (process {call.process})" if process else f"process {call.process}"
    end = ""
    if process and process.ended is not None:
        how = (
            f"is killed by signal {process.signal}"
            if process.signal
            else f"exits with {process.status}"
        )
        end = f"\n{process.ended - call.at} ms later, it {how}"
    often = gave_up.attempts(case.seen.trace, call)
    return watched(case, f"{who}: {call.words}{often and f' ({often})'}{end}")


def watched(case: "Case", found: str) -> Evidence:
    """Show something that a watched copy did."""
    return Evidence("rerun", f"viscaffold diagnose {quoted(case)} --rerun", _short(found))


def threads(case: "Case", told: "Stuck") -> Evidence:
    """Show where the threads of a copy are."""
    return watched(case, f"its threads, as it tells upon SIGQUIT: {told.words}")


def quoted(case: "Case") -> str:
    """Return the target for a command line."""
    return shlex.quote(case.target)


def _short(found: object) -> str:
    text = str(found).strip()
    return text if len(text) <= LONG else f"{text[:LONG]} ..."
