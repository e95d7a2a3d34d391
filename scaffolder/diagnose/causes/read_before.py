"""Files that a program read before its end, and which line in them it complains of."""

import re
from collections.abc import Iterator

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.evidence.files import text
from scaffolder.diagnose.evidence.harmless import REPORTING

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
VALUE = re.compile(r"""(?<!\w)(["'])(?!/)([^"'\n]{2,80})\1""")
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
    known = [(path, said) for path in _read(case) if (said := text(case.files, path))]
    at = READ.search(line)
    if at and known:
        lines = known[0][1].splitlines()[int(at[1]) - 1 :]
        return (known[0][0], lines[0].strip()[: 2 * AROUND]) if lines else ("", "")
    values = [match[2] for match in VALUE.finditer(line)]
    found = [
        (path, each[max(0, each.index(value) - AROUND) :][: 2 * AROUND + len(value)].strip())
        for path, said in known
        for each in said.splitlines()
        if (value := next((value for value in values if value in each), ""))
    ]
    return found[0] if len(found) == 1 else ("", "")


def configuration(case: Case) -> Iterator[tuple[str, str]]:
    """Yield the small texts that a program read, and their paths, the latest first."""
    trace, decider = case.seen.trace, case.seen.decider
    code = {word for process in trace.processes.values() for word in process.argv}
    opened = (c for c in reversed(trace.calls) if c.name.startswith("open") and not c.error)
    read = (c.path for c in opened if not c.writes and decider and c.process == decider.number)
    for path in dict.fromkeys(read):
        if OF_SYSTEM.search(path) or path in code:
            continue
        content = text(case.files, path, limit=LARGEST + 1)
        if content and len(content) <= LARGEST:
            yield path, content


def is_code(case: Case, path: str) -> bool:
    """Tell whether a file is a source, or a script that the container runs."""
    if path.endswith(SOURCES):
        return True
    words = {word for process in case.seen.trace.processes.values() for word in process.argv}
    return path in words or any(item.script and item.script.path == path for item in case.launched)


def _read(case: Case) -> Iterator[str]:
    for path in case.seen.opened[:MOST]:
        if not (SYSTEM.match(path) or REPORTING.search(path) or is_code(case, path)):
            yield path
