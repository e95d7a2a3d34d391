"""What any program says about its own end, where nothing more specific explains it."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.evidence.phase import Phase

from .catalogue import Basis, Found, cause
from .evidence import ended, logged
from .signatures import Row, Signature, table


@cause(
    "said-why",
    "the program says why it exits",
    pattern="process",
    reads=["logs", "inspect"],
    basis=Basis.QUOTED,
)
def said_why(case: Case) -> Found | None:
    """Quote the program's last failure message."""
    words = case.last_words
    if not words or case.exit_code == 0:
        return None
    return Found(
        f"the program exited with {case.exit_code} and says why: {words[:300]}",
        "correct what it names, and start it again",
        (logged(case, words), ended(case)),
    )


def _is_short(case: Case, _match: re.Match[str]) -> bool:
    return len(case.lines) <= 80


def _is_detached(case: Case, _match: re.Match[str]) -> bool:
    return not (case.config.tty and case.config.stdin)


def _has_no_input(case: Case, match: re.Match[str]) -> bool:
    return not case.config.stdin and "EOF" in match[0]


SIGNATURES = table(__name__, (
    Signature(
        id="licence", title="a license is missing or has expired",
        pattern="process", page="pattern-environment", shows=("exit code",),
        rows=(Row(
            r"licen[cs]e[^\n]*(?:expired|invalid|missing|not found|required|unreachable|denied)"
            r"|(?:accept|invalid|expired|no) [^\n]*licen[cs]e",
            "the program refuses to run because of its license: {line:.200}",
            "renew or provide the license",
        ),),
    ),
    Signature(
        id="usage-printed", title="the program printed its usage and exited",
        pattern="process", reads=("logs", "inspect"), page="check-program-by-itself",
        when=Phase.ENDED, basis=Basis.HINT, shows=("command", "exit code"),
        rows=(Row(
            r"^[^\S\n]*usage:?\s(?!\s*=)[^\n]*"
            r"|^[^\n]*(?:required arguments? (?:was|were) not provided"
            r"|the following arguments are required|missing (?:required )?(?:argument|command"
            r"|subcommand|operand)|too few arguments|no command (?:given|specified))[^\n]*",
            "the command lacks arguments that the program requires: it printed its usage and exited"
            " ({line:.120})",
            "pass the missing arguments in CMD, or after the image in docker run",
            whole=True, only=_is_short,
        ),),
    ),
    Signature(
        id="terminal-missing", title="the program asks for input, but there is none",
        pattern="process", reads=("logs", "inspect"), page="check-shell", when=Phase.ENDED,
        cured_by=("input",), shows=("terminal", "input"),
        rows=(
            Row(
                r"EOF when reading|stdin is not a (?:terminal|tty)"
                r"|unexpected EOF on stdin|end of (?:input|file) on stdin",
                "the program asks for input, but the container has no open stdin (-i): {line:.120}",
                "run it with docker run -it, or give it what it asks for in arguments or variables",
                ("docker run -it ...",), only=_is_detached, proves=_has_no_input,
            ),
            Row(
                r"not a tty|no tty present|inappropriate ioctl|Error opening terminal"
                r"|TERM environment variable not set|cannot open /dev/tty"
                r"|raw mode is not supported|input is not from a terminal|open terminal failed",
                "the program asks for input, but the container has no terminal (-t): {line:.120}",
                "run it with docker run -it, or give it what it asks for in arguments or variables",
                ("docker run -it ...",), only=_is_detached,
            ),
        ),
    ),
))  # fmt: skip
