"""Files that a program read before its end, and which line in them it complains of."""

import re
from collections.abc import Iterable, Iterator
from itertools import islice

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.evidence.files import text
from scaffolder.diagnose.evidence.harmless import REPORTING
from scaffolder.diagnose.evidence.trace import Trace
from scaffolder.diagnose.programs.scripts import language

LARGEST = 64 * 1024
OF_SYSTEM = re.compile(
    r"^/(?:usr(?!/src/)|lib\w*|proc|sys|dev|bin|sbin)/|^/etc/(?:ld\.so|passwd|group|shadow|nsswitch|hosts?$"
    r"|hostname|resolv|gai|localtime|timezone|os-release|ssl/|alternatives/|locale|terminfo|profile"
    r"|inputrc|bash|environment$|login\.defs|pam\.|security/|host\.conf|protocols|services|mime)"
    r"|/node_modules/|-packages/|/package(?:-lock)?\.json$"
)
"""What systems, runtimes and libraries have in files, and read themselves."""
CODE = re.compile(
    r"\.(?:pyc?|so[\d.]*|[cm]?js|map|ts|jar|class|rb|lua|pl|pm|php|sh|html?|css|md|sql|pem|crt|key"
    r"|csv|log|lock|pid|sock|txt)$"
)
OF_SETTINGS = re.compile(r"\.(?:conf|cfg|cnf|env|ini|json|properties|toml|xml|ya?ml)$")
"""What is no code, even where it is an argument."""
VALUE = re.compile(r"""(?<!\w)(["'])(?!/)([^"'\n]{2,80})\1""")
NUMBER = re.compile(
    r"Illegal number: (?P<dash>\S[^\n]{0,79})$"
    r"|: (?P<bash>[^\s:][^:\n]{0,79}): (?:integer (?:expression )?expected|arithmetic syntax error"
    r"|bad number|value too great for base)"
)
"""How shells quote what is no number."""
READ = re.compile(r"<\$?\w*> (?:line|chunk) (\d+)\.?$")
"""How Perl tells which line it has read last."""
SYSTEM = re.compile(
    r"/(?:usr(?!/src/)|lib\w*|proc|sys|dev)/|/etc/ssl/|.*(?:\.so[.\d]*|\.gemspec|/gems/.*)$"
)
SOURCES = (".rb", ".pl", ".pm", ".py", ".php", ".go", ".rs", ".java")
MOST = 20
AROUND = 24
"""How many characters around a value are shown: other settings may be secrets."""


def complained_of(case: Case, line: str) -> tuple[str, str]:
    """Return the file, and the line in it, that has the value which a message quotes.

    Both are empty if none has it, or more than one: then it may be another one.
    """
    known = [(path, said) for path in read_files(case) if (said := text(case.files, path))]
    at = READ.search(line)
    if at and known:
        lines = known[0][1].splitlines()[int(at[1]) - 1 :]
        return (known[0][0], lines[0].strip()[: 2 * AROUND]) if lines else ("", "")
    values = [re.escape(match[2]) for match in VALUE.finditer(line)]
    if number := NUMBER.search(line):  # without quotes, and often short
        values += [rf"(?<![\w.-]){re.escape((number['dash'] or number['bash']).strip())}(?![\w.-])"]
    quoted = re.compile("|".join(values)) if values else None
    found = [
        (path, each[max(0, at.start() - AROUND) : at.end() + AROUND].strip())
        for path, said in known
        for each in said.splitlines()
        if quoted and (at := quoted.search(each))
    ]
    return found[0] if len(found) == 1 else ("", "")


def configuration(case: Case) -> Iterator[tuple[str, str]]:
    """Return the small texts that a program read, and their paths, the latest first."""
    trace, decider = case.seen.trace, case.seen.decider
    argvs = (process.argv for process in trace.processes.values())
    code = {word for argv in argvs for word in argv if not OF_SETTINGS.search(word)}
    opened = (c for c in reversed(trace.calls) if c.name.startswith("open") and not c.error)
    read = (c.path for c in opened if not c.writes and decider and c.process == decider.number)
    own = (path for path in dict.fromkeys(read) if not OF_SYSTEM.search(path) and path not in code)
    return small_texts(case, own)


def small_texts(case: Case, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield the paths of those files that are texts of a usual size, each with its content."""
    for path in paths:
        content = text(case.files, path, limit=LARGEST + 1)
        if content and len(content) <= LARGEST:
            yield path, content


def is_code(case: Case, path: str) -> bool:
    """Tell whether a file is a source, or a script that the container runs."""
    if path.endswith(SOURCES):
        return True
    if any(item.script and item.script.path == path for item in case.launched):
        return True
    argvs = (process.argv for process in case.seen.trace.processes.values())
    return any(path in argv[: 1 if not language(argv[0]) else None] for argv in argvs if argv)


def read_files(case: Case) -> Iterator[str]:
    """Yield what the process that decided the end opened, and what its children have read."""
    trace, decider = case.seen.trace, case.seen.decider
    others = _descendants(trace, decider.number) if decider else set()
    theirs = (
        c.path
        for c in reversed(trace.calls)
        if c.process in others and c.name.startswith("open") and not (c.error or c.writes)
    )
    for path in islice(dict.fromkeys((*case.seen.opened[:MOST], *theirs)), 2 * MOST):
        if not (SYSTEM.match(path) or REPORTING.search(path) or is_code(case, path)):
            yield path


def _descendants(trace: Trace, number: int) -> set[int]:
    """Return the processes that one has started, and those that these have."""
    found = {number}
    while more := {p.number for p in trace.processes.values() if p.parent in found} - found:
        found |= more
    return found - {number}
