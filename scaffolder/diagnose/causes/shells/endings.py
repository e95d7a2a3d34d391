"""Scripts that hide a failure, or never run the command."""

import re
from posixpath import basename, join

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import (
    content,
    ended,
    inspected,
    logged,
)
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.programs import shell

from .script import plain_lines, quote, scripts, where

RUNS_ARGUMENTS = re.compile(r'(?:exec\s+)?"?(?:\$@|\$\{@\})"?')


ENDS = re.compile(r"\b(?:exit|exec)\b")


@cause(
    "entrypoint-without-exec",
    "an entrypoint never runs the command that it is given",
    pattern="process",
    reads=["files", "inspect"],
    page="nothing-moves",
    when=Phase.FINISHED | Phase.DIED,
    basis=Basis.INFERRED,
    explains=["nothing-keeps-it"],
)
def entrypoint_without_exec(case: Case) -> Found | None:
    """Find an ENTRYPOINT script without `exec "$@"`, so that CMD is never run."""
    if not case.config.entrypoint or not case.config.command or case.exit_code != 0:
        return None
    script = next(iter(scripts(case)), None)
    if script is None or not script.path or shell.ends_with_exec(script.text):
        return None
    if script.path in (join(case.config.workdir or "/", word) for word in case.config.command):
        return None  # it is the command itself, which a shell runs as ENTRYPOINT
    runs = [
        item
        for item in case.launched[1:]
        if item.name
        not in {
            "mkdir",
            "chown",
            "chmod",
            "cp",
            "mv",
            "rm",
            "ln",
            "touch",
            "cat",
            "sed",
            "envsubst",
            "id",
            "date",
            "sleep",
            "ls",
        }
    ]
    if any(item.name == basename(case.config.command[0]) for item in runs):
        return None
    return Found(
        f'{script.path} never runs the command: it lacks a final exec "$@", so CMD'
        f" {list(case.config.command)} is ignored and the container exits 0",
        f'end {script.path} with: exec "$@"',
        (
            content(case, script.path, "\n".join(plain_lines(script.text)[-3:])),
            inspected(case, "Config.Cmd", list(case.config.command)),
            ended(case),
        ),
        basis=None if not runs else Basis.HINT,
    )


@cause(
    "command-empty",
    "an entrypoint runs the command that it is given, and is given none",
    pattern="process",
    reads=["files", "inspect"],
    page="nothing-moves",
    when=Phase.FINISHED | Phase.DIED,
    basis=Basis.INFERRED,
    explains=["nothing-keeps-it"],
)
def command_empty(case: Case) -> Found | None:
    """Find a final `exec "$@"` in a container without a command: exec of nothing succeeds."""
    script = next(iter(scripts(case)), None)
    if script is None or not script.path or case.exit_code != 0:
        return None
    *before, last = plain_lines(script.text) or [""]
    if not case.is_silent and any(map(ENDS.search, before)):
        return None  # it may have ended there, and said so
    if not RUNS_ARGUMENTS.fullmatch(last) or not case.config.argv[-1].endswith(script.path):
        return None
    return Found(
        f"{script.path} ends with `{last}`, which runs the command that it is given; there is none"
        " (no CMD, and no arguments), so it does nothing and exits with 0",
        'add a CMD to the Dockerfile (CMD ["server"]; an ENTRYPOINT leaves none of the base'
        " image's), or name the command after the image",
        (
            content(case, script.path, last),
            inspected(case, "Config.Cmd", list(case.config.command)),
            ended(case),
        ),
        (f"docker run {case.config.image} COMMAND",),
    )


@cause(
    "background-only",
    "a script starts everything in the background and exits",
    pattern="process",
    reads=["files", "inspect"],
    page="nothing-moves",
    when=Phase.FINISHED | Phase.DIED,
    basis=Basis.INFERRED,
    explains=["entrypoint-without-exec", "daemonises", "nothing-keeps-it"],
)
def background_only(case: Case) -> Found | None:
    """Find `server &` as the last command: when PID 1 exits, the container stops."""
    for script in scripts(case):
        found = shell.commands(script.text)
        behind = [c for c in found if c.end == "&"]
        waits = not behind or any(map(_waits, found[found.index(behind[-1]) :]))
        if behind and not waits and case.exit_code == 0:
            name = " ".join(behind[-1].words[:3])
            return Found(
                f"{where(script)} starts `{name}` in the background (&) and then exits; when"
                " PID 1 exits, the container stops, and the server with it",
                "start it in the foreground, as the last command: exec"
                f" {' '.join(behind[-1].words)}",
                (quote(case, script, behind[-1].line), ended(case)),
            )
    return None


def _waits(command: shell.Command) -> bool:
    """Tell whether a command keeps a script; `kill -0` asks whether a process is still there."""
    return command.name in {"wait", "exec", "tail"} or command.words[:2] == ("kill", "-0")


@cause(
    "status-masked",
    "a script hides the failure of the program that it started",
    pattern="process",
    reads=["files", "logs"],
    page="ended-without-a-word",
    when=Phase.FINISHED,
    basis=Basis.INFERRED,
    explains=["nothing-keeps-it"],
)
def status_masked(case: Case) -> Found | None:
    """Find `server || true`, `server | tee log` and `exit 0` behind an error in the log."""
    words = case.last_words
    for script in scripts(case) if words or case.config.must_stay else ():
        match = re.search(
            r"^(?![^\S\n]*(?:#|(?:el)?if\b|while\b|until\b))[^\n]*(?:\|\|\s*(?:true|:)|\|\s*tee\b|\|\s*(?:sed|awk|grep|ts|cat|logger)\b"
            r"|;\s*exit 0|2>\s*/dev/null)[^\n]*|^[^\S\n]*exit 0[^\S\n]*$",
            script.text,
            re.MULTILINE,
        )
        if match is None or "pipefail" in script.text:
            continue
        line = match[0].strip()
        return Found(
            f"{where(script)} hides the failure of what it started: `{line[:100]}` makes the exit"
            f" status 0{f'; the log says: {words[:150]}' if words else ''}",
            "exec the program as PID 1, or pass on its exit status (set -o pipefail; exit $?)",
            (quote(case, script, line), *((logged(case, words),) if words else ()), ended(case)),
            basis=None if words else Basis.HINT,
        )
    return None
