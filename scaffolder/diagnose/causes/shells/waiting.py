"""Scripts that wait for something, and never go on."""

import errno
import re
from collections.abc import Iterator

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import Evidence, copied, quoted, seen
from scaffolder.diagnose.causes.reaching.obstacles import obstacle
from scaffolder.diagnose.causes.reaching.peers import peers
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.evidence.trace import Call
from scaffolder.diagnose.programs import shell, shell_loops
from scaffolder.diagnose.programs.launched import BUILTINS
from scaffolder.diagnose.programs.scripts import Script

from .asking import asks_in_vain
from .script import is_absent, is_shell, quote, scripts, still_waits, where

LOOP = r"^(?:until|while)\b"
OTHERS = r"^if\s+!\s*{name}\b|\b{name}\b[^|]*&&\s*(?:break|return|exit 0)\b"
"""How a script waits for a command to succeed, in a loop; and how else it depends on that."""
CLOSED = re.compile(r"[;\s]*\}\s*$")
"""How the text of a function ends that stands on one line."""
PLAIN = re.compile(r"[\w.+-]+")
"""The name of a program, without variables in it."""
NEAR = 400
"""Within so many characters of a test a script says what it waits for."""
SOUGHT = r"\b(?:command\s+-[vV]|which|type|hash)\s+(?:-\w+\s+)*"
"""How a script asks whether a command is there."""
MUTE = re.compile(r"(?:&|\b2)>>?\s*/dev/null|>\s*/dev/null\s+2>&1|>&\s*/dev/null|2>&-")
"""How it throws away what a shell says of a command that is not there."""
SAYS = re.compile(r"\b(?:echo|printf)\s+(?:-\w+\s+)*[\"']?([^\"'$`%\\]{6,})")


def _absent(case: Case, script: Script, test: str = LOOP) -> Iterator[tuple[str, str]]:
    """Yield programs that a script tests by, and that the image lacks, with their lines.

    A function fares as the last command in it does.
    """
    for command in shell.commands(script.text):
        is_test = re.search(test.format(name=re.escape(command.name)), command.line)
        if not is_test or not command.tested or not PLAIN.fullmatch(command.name):
            continue
        within = shell.commands(CLOSED.sub("", shell_loops.body_of(script.text, command.name)))
        last = within[-1] if within else command
        if PLAIN.fullmatch(last.name) and is_absent(case, script, last.name):
            yield last.name, last.line


@cause(
    "test-command-missing",
    "a script tests by a command that is not installed in the image",
    pattern="dependencies",
    reads=["files", "logs", "rerun"],
    page="check-files-and-dependencies",
    basis=Basis.INFERRED,
    explains=[
        "unreachable",
        "connection-refused",
        "name-unresolved",
        "peer-unreachable-silent",
        "peer-refuses",
        "script-guard",
        "program-not-found",
        "file-missing",
        "said-why",
        "last-call",
        "ends-itself",
    ],
)
def test_command_missing(case: Case) -> Found | None:
    """Find `until nc -z db 5432 2>/dev/null; do` where nc is missing: it fails whoever listens."""
    for script in scripts(case):
        for name, line in _absent(case, script, f"{LOOP}|{OTHERS}"):
            is_guarded = re.search(rf"{SOUGHT}[\"']?{re.escape(name)}\b", script.text)
            if is_guarded or not MUTE.search(line) or _has_other(case, script, line, name):
                continue
            sought = _sought(case, name)
            if not sought and not _has_said(case, script, line):
                continue
            return Found(
                f"{where(script)} tests by {name}, which is not installed in the image, and throws"
                f" away what the shell says of that: the test fails, whatever it asks"
                f" (`{line[:100]}`)",
                f"install {name} in the image, or test with what it has; let the test's errors"
                " reach the log",
                (
                    quote(case, script, line),
                    copied(case, f"/usr/bin/{name}", "no such file"),
                    *([seen(case, sought)] if sought else []),
                ),
            )
    return None


def _has_other(case: Case, script: Script, line: str, name: str) -> bool:
    """Tell whether a line tests by another command as well, which is there."""
    test = re.split(r";\s*(?:do|then)\b|&&", line, maxsplit=1)[0]
    tested = [command.name for command in shell.commands(test) if command.name != name]
    return any(
        PLAIN.fullmatch(other) and other not in BUILTINS and not is_absent(case, script, other)
        for other in tested
    )


def _sought(case: Case, name: str) -> Call | None:
    """Return how a watched copy looked for a command, and did not find it."""
    calls = (c for c in case.seen.trace.calls if c.path.rpartition("/")[2] == name)
    return next((call for call in calls if call.error == errno.ENOENT), None)


def _has_said(case: Case, script: Script, line: str) -> bool:
    """Tell whether the log has what a script says next to a line: it has come there."""
    at = script.text.find(line.split("\\", maxsplit=1)[0].strip())
    said = SAYS.findall(script.text, at, at + NEAR) if at >= 0 else []
    return any(text.strip() in case.text for text in said)


@cause(
    "waits-forever",
    "a script waits for something that never comes",
    pattern="network",
    reads=["files", "live", "neighbours"],
    page="nothing-moves",
    when=Phase.RUNNING,
    basis=Basis.INFERRED,
    explains=["peer-unreachable-silent"],
)
def waits_forever(case: Case) -> Found | None:
    """Find `until nc -z db 5432; do sleep 1; done` in a container that does not listen."""
    if case.sockets is None or (case.sockets and not still_waits(case)):
        return None
    if case.processes and not any(is_shell(p) for p in case.processes):
        return None  # the last command of the script has taken its place
    for script in scripts(case):
        tool = next(_absent(case, script), None)
        if tool:
            name, line = tool
            return Found(
                f"{where(script)} waits for ever: it tests by {name}, which is not installed in the"
                f" image, so the test never succeeds (`{line[:100]}`)",
                f"install {name} in the image, or test with what it has; give the wait a time limit"
                " and a message",
                (quote(case, script, line), copied(case, f"/usr/bin/{name}", "no such file")),
            )
        match = re.search(
            r"^[^\S\n]*(?P<l>(?:until|while)\b[^\n]*(?:nc|curl|wget|pg_isready|redis-cli|mysqladmin"
            r"|/dev/tcp|ping|nslookup|getent|wait-for)[^\n]*)|^(?P<w>(?![^\S\n]*#)[^\n]*(?:wait-for-it|wait-for"
            r"|dockerize -wait)[^\n]*)",
            script.text,
            re.MULTILINE,
        )
        if match is None:
            if found := asks_in_vain(case, script):
                return found
            continue
        line = (match["l"] or match["w"]).strip()
        why = next(((p, o) for p in peers(case) if (o := obstacle(case, p))), None)
        detail = f": {why[1][0]}" if why else ""
        return Found(
            f"{where(script)} is still waiting for something that never comes"
            f" (`{line[:100]}`){detail}",
            why[1][1]
            if why
            else "check that it is up and reachable; give the wait a timeout and a message",
            (
                quote(case, script, line),
                *(why[1][2] if why else ()),
                Evidence(
                    "live",
                    f"docker top {quoted(case)}",
                    "; ".join(p.command[:50] for p in (case.processes or ())[:3]),
                ),
            ),
        )
    return None
