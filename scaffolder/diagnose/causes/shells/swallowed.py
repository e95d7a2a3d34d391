"""Words of a command that a shell takes as its own parameters."""

import json
import re
import shlex
from posixpath import basename

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import inspected
from scaffolder.diagnose.evidence.log_search import ends_with_failure
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.programs.shell import SHELLS


@cause(
    "command-swallowed",
    "an ENTRYPOINT in the shell form swallows the command",
    pattern="image",
    reads=["inspect"],
    page="check-shell",
    when=Phase.ENDED | Phase.RUNNING | Phase.IMAGE,
    basis=Basis.INFERRED,
)
def command_swallowed(case: Case) -> Found | None:
    """Find `ENTRYPOINT server` with a CMD: `sh -c server ARGUMENTS` ignores the arguments."""
    words = case.config.argv
    if len(words) < 4 or basename(words[0]) not in SHELLS or words[1] not in {"-c", "-ec"}:
        return None
    script, lost = words[2], words[3:]
    if case.config.entrypoint[1:2] != words[1:2] or re.search(r"\$(?:\{?[@*\d])", script):
        return None
    if case.sockets or (
        case.phase & Phase.ENDED and ends_with_failure(line.text for line in case.lines)
    ):
        return None  # it works without them, or reports why it ended
    form = "sh -c" if len(case.config.entrypoint) == 2 else script
    return Found(
        f"the arguments {list(lost)} never reach the program: ENTRYPOINT is `{form[:80]}` in the"
        f" shell form, so {words[0]} -c runs only `{script[:80]}`",
        f"write ENTRYPOINT in the exec form, with double quotes: ENTRYPOINT {_exec_form(script)}",
        (
            inspected(case, "Config.Entrypoint", list(case.config.entrypoint)),
            inspected(case, "Config.Cmd", list(case.config.command)),
        ),
        proven=True,
    )


def _exec_form(script: str) -> str:
    """Return a script as an ENTRYPOINT that takes arguments; several commands need a shell."""
    try:
        words = shlex.split(script)
    except ValueError:
        words = []
    if not words or re.search(r"[;&|<>$`\n]", script):
        words = ["sh", "-c", f'{script} "$@"', "--"]
    return json.dumps(words)
