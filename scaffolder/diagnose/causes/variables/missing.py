"""Environment variables that are not set."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import Evidence, inspected, logged, quoted
from scaffolder.diagnose.causes.java.literals import variables as java_variables
from scaffolder.diagnose.causes.shells.script import quote, scripts, where
from scaffolder.diagnose.causes.silence.readings import TYPICAL, named_variables, quiet
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.programs import shell
from scaffolder.text import quoted as typed

from .shell_complaints import gap

NAME = r"[A-Z][A-Z0-9_]{2,}"


MISSING = (
    rf"KeyError: ['\"](?P<n>{NAME})['\"]",
    rf"\bkey not found: \"(?P<n>{NAME})\" \(KeyError\)",
    (
        r"\b(?:variable|env(?:ironment)?(?: var)?|setting|config(?:uration)?(?: key| value)?"
        rf"|secret)s?:? [`'\"$]?\{{?\b(?P<n>{NAME})\b\}}?[`'\"]?:? (?:is |was |must be |has to be "
        r"|are )?(?:not |un|required|missing|empty|set\b)"
    ),
    (
        rf"\b(?P<n>{NAME})\b[`'\"]?(?: environment variable)? (?:(?:is|was|are) (?:not|un\w+"
        r"|missing|required|empty|undefined|blank)\b|(?:must|needs? to|has to|should) be (?:set"
        r"|defined|provided|specified)|not (?:set|found|defined|provided|specified)\b|required\b"
        r"|missing\b|cannot be (?:empty|blank|null))"
    ),
    (
        r"\b(?:missing|undefined|unset|required|without|must set|please set"
        "|set the)(?: required)?(?: environment)?(?: variables?| env(?: var)?s?"
        rf"| settings?)?(?: named)?:? ?[`'\"$(\[]*\b(?P<n>{NAME})\b"
    ),
    rf"\bno (?:environment |env )?(?:variable|setting) [`'\"$]?\b(?P<n>{NAME})\b",
    (
        rf"\b(?P<n>{NAME}): (?:parameter (?:null or )?not set|unbound variable|parameter null"
        "|not set|required|missing|must be set)"
    ),
    rf"\b(?P<n>{NAME})\b[^\n]*(?:NotPresent|environment variable not found)",
    rf"^\s*(?P<n>{NAME})\n\s+Field required",
)


NULL = (
    r"[^\n]*(?:Cannot parse null string|NumberFormatException: null|DateTimeParse\w*: null)[^\n]*"
)
"""How Java's parsers complain of a value that is not there."""
STARTING = {
    "PATH", "HOME", "LANG", "ERROR", "FATAL", "WARN", "INFO", "DEBUG", "CRITICAL", "HTTP",
    "TCP", "JSON", "SQL", "NULL", "ENV", "URL", "PORT_NOT", "LOG", "TLS", "SSL", "API",
    "EOF", "PANIC", "MISSING", "REQUIRED", "USAGE",
}  # fmt: skip


LISTS = ("/etc/apache2/envvars",)
"""Files with variables for a server that only its own script reads."""


@cause(
    "variable-missing",
    "a required environment variable is not set",
    pattern="environment",
    reads=["logs", "inspect", "files"],
    when=Phase.ENDED,
    explains=[
        "name-unresolved",
        "connection-refused",
        "config-malformed",
        "java-task-over",
        "secret-missing",
        "script-guard",
        "program-closed-in-script",
        "program-broken-in-script",
        "path-wrong-in-script",
        "command-missing-in-script",
    ],
    cured_by=["variable"],
)
def variable_missing(case: Case) -> Found | None:
    """Find the variable that the log says is missing, or that a silent program reads."""
    if found := _by_words(case) or _by_null(case) or _by_gap(case):
        return found
    return _by_directory(case) or _by_files(case) if case.phase == Phase.DIED else None


def _by_words(case: Case) -> Found | None:
    for pattern in MISSING:
        for match in case.every(pattern):
            name = match["n"]
            about = re.search(
                r"variable|env|setting|KeyError|not set|unbound|Field", match[0], re.IGNORECASE
            )
            if not name.isupper() or name in STARTING or not ("_" in name or about):
                continue
            value = case.config.env.get(name)
            if value:
                continue
            state = "is empty" if value == "" else "is not set"
            sets = next((path for path in LISTS if _sets(case, path, name)), "")
            start = f"start it by apache2ctl -D FOREGROUND, which reads {sets}; or " if sets else ""
            return Found(
                f"the environment variable {name} {state}, and the program requires it",
                f"{start}pass it: docker run -e {name}=... (or --env-file, or `environment:` in"
                " compose.yaml)",
                (logged(case, match), inspected(case, "Config.Env", f"{name} {state}")),
                (f"docker run -e {typed(name)}=... {case.config.image}",),
                proven=True,
            )
    return None


def _by_null(case: Case) -> Found | None:
    """Find the only variable that a Java program reads and nobody sets, where it parses null."""
    match = case.said(NULL)
    lacks = [name for name, _ in java_variables(case) if name not in case.config.env]
    if match is None or len(lacks) != 1:
        return None
    return Found(
        f"the environment variable {lacks[0]} is not set, and the program reads it and takes what"
        f" is not there for a value: {case.line(match)[:200]}",
        f"pass it: docker run -e {lacks[0]}=... (or --env-file)",
        (logged(case, match), inspected(case, "Config.Env", f"{lacks[0]} is not set")),
        (f"docker run -e {typed(lacks[0])}=... {case.config.image}",),
    )


def _by_gap(case: Case) -> Found | None:
    """Find the variable whose value lacks where a shell complains of a word that is not there."""
    found = gap(case) if case.phase == Phase.DIED else None
    if found is None:
        return None
    name, shown = found
    return Found(
        f"the environment variable {name} is not set, and leaves a gap in the line of a script:"
        f" {shown[0].found[:200]}",
        f"pass it: docker run -e {name}=... (or --env-file)",
        shown,
        (f"docker run -e {typed(name)}=... {case.config.image}",),
    )


def _sets(case: Case, path: str, name: str) -> bool:
    return f"export {name}=".encode() in (case.files.content(path) or b"")


def _by_directory(case: Case) -> Found | None:
    """Find `cd $NAME` in a silent script: without a value it goes to the home directory."""
    if not case.is_silent:
        return None
    for script in scripts(case):
        for command in shell.commands(script.text):
            match = re.fullmatch(r"\$(?:(\w+)|\{(\w+)\})(?:/\S*)?", (*command.words, "", "")[1])
            name = match and (match[1] or match[2])
            if command.name != "cd" or not name or case.config.env.get(name) or name == "HOME":
                continue
            if re.search(rf"\b{name}=|\b(?:read|for)\b[^\n]*\b{name}\b|{name}:?=", script.text):
                continue
            return Found(
                f"the environment variable {name} is not set, so `{command.line[:80]}` in"
                f" {where(script)} leads to another directory, and what follows is not found there",
                f"pass it: docker run -e {name}=... (or ENV in the Dockerfile); set -u in the"
                " script reports it",
                (
                    quote(case, script, command.line),
                    inspected(case, "Config.Env", f"{name} is not set"),
                ),
                (f"docker run -e {typed(name)}=... {case.config.image}",),
            )
    return None


def _by_files(case: Case) -> Found | None:
    if not quiet(case) or case.exit_code > 125:
        return None
    ranked = sorted(named_variables(case), key=lambda v: -demand(v[0], required=v[2]))
    for name, by, required in ranked[:1]:
        score = demand(name, required=required)
        if score < 2:
            return None
        state = "empty" if case.config.env.get(name) == "" else "not set"
        when = "before it prints anything" if case.is_silent else "and does not say why"
        return Found(
            f"the environment variable {name} is {state}; {by} reads it, and exits with"
            f" {case.exit_code} {when}",
            f"pass it: docker run -e {name}=... (or --env-file)",
            (
                inspected(case, "Config.Env", f"{name} is {state}"),
                Evidence("files", f"docker cp {quoted(case)}:{by} - | strings | grep {name}", name),
            ),
            (f"docker run -e {typed(name)}=... {case.config.image}",),
            basis=Basis.INFERRED,
        )
    return None


def demand(name: str, *, required: bool) -> int:
    """Rate how likely it is that a program cannot run without a variable."""
    typical = TYPICAL.search(name)
    optional = re.search(
        "(?:LOG|DEBUG|LEVEL|COLOR|TERM|HOME|TZ|LANG|QUIET|VERBOSE|THREADS|WORKERS|TIMEOUT|BIND"
        "|PORT)(?:_|$)",
        name,
    )
    return 2 * bool(required) + 2 * bool(typical) - 2 * bool(optional and not required)
