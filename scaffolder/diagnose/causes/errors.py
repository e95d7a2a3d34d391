"""What any program says of its end, where nothing more specific explains it: its own last words."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.catalogue import Found, cause
from scaffolder.diagnose.evidence import ended, inspected, logged
from scaffolder.diagnose.phase import Phase

WORDS = re.compile(
    r"\b(?:error|fatal|critical|panic|panicked|exception|failed|failure|cannot|can't|could not"
    "|unable|denied|refused|invalid|expired|missing|not found|no such|unknown|unsupported"
    r"|abort\w*|crash\w*|\w+Error|\w+Exception|must|required|emerg|usage)\b",
    re.IGNORECASE,
)


def last_words(case: Case) -> str:
    """Return the last line that sounds like a failure, or the very last one."""
    lines = [line.text.strip() for line in case.lines if line.text.strip()]
    bad = [line for line in lines if WORDS.search(line) and not line.startswith(("at ", "File "))]
    return bad[-1] if bad else ""


@cause(
    "usage-printed",
    "the program printed how it is used, and ended",
    pattern="process",
    reads=["logs", "inspect"],
    page="check-program-by-itself",
    when=Phase.ENDED,
    weight=52,
)
def usage_printed(case: Case) -> Found | None:
    """Find a program without the arguments that it needs."""
    match = case.said(
        r"^\s*usage:?\s[^\n]*|^[^\n]*(?:required arguments? (?:was|were) not provided"
        "|the following arguments are required|missing (?:required )?(?:argument|command"
        r"|subcommand|operand)|too few arguments|no command (?:given|specified))[^\n]*"
    )
    if match is None or len(case.lines) > 80:
        return None
    return Found(
        "the command lacks arguments that the program requires: it printed its usage and ended"
        f" ({case.line(match)[:120]})",
        "give the missing arguments in CMD, or after the image in docker run",
        (logged(case, match), inspected(case, "Config.Cmd", list(case.config.argv)), ended(case)),
    )


@cause(
    "licence",
    "a licence is missing or has expired",
    pattern="process",
    reads=["logs"],
    page="pattern-environment",
    when=Phase.DIED,
    weight=60,
)
def licence(case: Case) -> Found | None:
    """Find refused licences."""
    match = case.said(
        r"[^\n]*licen[cs]e[^\n]*(?:expired|invalid|missing|not found|required|unreachable"
        r"|denied)[^\n]*|[^\n]*(?:accept|invalid|expired|no) [^\n]*licen[cs]e[^\n]*"
    )
    if match is None:
        return None
    return Found(
        f"the program refuses to run for its licence: {case.line(match)[:200]}",
        "renew, or provide, the licence",
        (logged(case, match), ended(case)),
    )


@cause(
    "schema-mismatch",
    "the database's schema is not the one that the program expects",
    pattern="dependencies",
    reads=["logs"],
    page="pattern-dependencies",
    when=Phase.DIED,
    weight=68,
)
def schema_mismatch(case: Case) -> Found | None:
    """Find migrations that have not run, and data of another version."""
    match = case.said(
        r"[^\n]*(?:relation \"\S+\" does not exist|no such table|table \S+ doesn't exist"
        r"|unapplied migration|pending migration|migration[^\n]*(?:failed|dirty|error)"
        r"|database files are incompatible|initialized by [^\n]*version"
        r"|not compatible with this version|undefined column|column \S+ does not exist"
        r"|data directory[^\n]*(?:incompatible|version)|schema version"
        r"|downgrade[^\n]*not supported|unsupported (?:data|file|database) (?:format"
        r"|version))[^\n]*"
    )
    if match is None:
        return None
    old = [m.name[:20] or m.source for m in case.config.mounts if m.writable]
    stale = (
        f"; its data lives in {old[0]}, which an older version wrote"
        if old and re.search("version|incompatible", match[0])
        else ""
    )
    return Found(
        f"the data is of another version than the program: {case.line(match)[:200]}{stale}",
        "run the migrations before the start (a job of its own), or upgrade the data as the"
        " program's notes say",
        (logged(case, match),),
    )


@cause(
    "database-corrupt",
    "data is damaged or locked by another process",
    pattern="environment",
    reads=["logs"],
    page="check-files-and-dependencies",
    when=Phase.DIED,
    weight=66,
)
def database_corrupt(case: Case) -> Found | None:
    """Find lock files that a killed process left, and two processes on one volume."""
    match = case.said(
        r"[^\n]*(?:lock file \S+ already exists|is already running|already locked"
        "|database is locked|could not (?:acquire|obtain) lock|resource busy|file is locked"
        r"|stale (?:pid|lock)|pid ?file[^\n]*(?:exists|found)|another (?:instance|process)"
        r"|database disk image is malformed|file is not a database|corrupt(?:ed|ion)?)[^\n]*"
    )
    if match is None:
        return None
    locked = not re.search(r"malformed|corrupt|not a database", match[0], re.IGNORECASE)
    what = (
        (
            "a lock or pid file says that another process uses the data: one that was killed left"
            " it behind, or two share one volume"
        )
        if locked
        else "its data is damaged"
    )
    return Found(
        f"{what}: {case.line(match)[:200]}",
        "see that only one container uses the volume; then remove the stale file"
        if locked
        else "restore it from a backup",
        (
            logged(case, match),
            *(
                (inspected(case, "Mounts", ", ".join(m.destination for m in case.config.mounts)),)
                if case.config.mounts
                else ()
            ),
        ),
    )


@cause(
    "terminal-missing",
    "the program wants a terminal or an open input",
    pattern="process",
    reads=["logs", "inspect"],
    page="check-shell",
    when=Phase.ENDED,
    weight=72,
)
def terminal_missing(case: Case) -> Found | None:
    """Find EOF at a prompt, and curses without a terminal."""
    match = case.said(
        r"[^\n]*(?:EOFError|EOF when reading|not a tty|no tty present|inappropriate ioctl"
        "|Error opening terminal|TERM environment variable not set|cannot open /dev/tty"
        "|stdin is not a (?:terminal|tty)|raw mode is not supported|unexpected EOF on stdin"
        r"|end of (?:input|file) on stdin|input is not from a terminal|open terminal failed)[^\n]*"
    )
    if match is None or (case.config.tty and case.config.stdin):
        return None
    lacks = "terminal (-t)" if not re.search("EOF|stdin", match[0]) else "open input (-i)"
    return Found(
        f"the program wants a terminal or an input, and the container has no {lacks}: stdin is"
        f" closed ({case.line(match)[:120]})",
        "run it with docker run -it, or give it what it asks for in arguments or variables",
        (
            logged(case, match),
            inspected(case, "Config.Tty", str(case.config.tty).lower()),
            inspected(case, "Config.OpenStdin", str(case.config.stdin).lower()),
        ),
        ("docker run -it ...",),
        proven=not case.config.stdin and "EOF" in match[0],
    )


@cause(
    "said-why",
    "the program says why it ends",
    pattern="process",
    reads=["logs", "inspect"],
    page="check-status-and-logs",
    when=Phase.DIED,
    weight=20,
)
def said_why(case: Case) -> Found | None:
    """Quote the program's last words of failure."""
    words = last_words(case)
    if not words or case.exit_code == 0:
        return None
    return Found(
        f"the program ended with {case.exit_code} and says why: {words[:300]}",
        "correct what it names, and start it again",
        (logged(case, words), ended(case)),
    )
