"""A module that serves only where it is started itself, and is loaded by another one."""

import re
from collections.abc import Iterator
from posixpath import dirname, join, normpath

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import content, ended
from scaffolder.diagnose.evidence.files import text
from scaffolder.diagnose.evidence.phase import Phase

GUARD = re.compile(
    r"^[^\n]*(?:require\.main\s*={2,3}\s*module|!module\.parent|module\.parent\s*={2,3}\s*null)[^\n]*",
    re.MULTILINE,
)
"""How a module of Node tells whether it was started itself."""
LOADS = re.compile(r"require\(\s*['\"](\.{1,2}/[\w./-]+)['\"]\s*\)")
ENDINGS = ("", ".js", ".cjs", "/index.js")
MOST = 8


@cause(
    "main-guard",
    "a module serves only where it is started itself, and another one loads it",
    pattern="process",
    reads=["files", "inspect"],
    page="nothing-moves",
    when=Phase.FINISHED | Phase.DIED,
    basis=Basis.INFERRED,
    explains=["nothing-keeps-it", "ends-again-and-again"],
)
def main_guard(case: Case) -> Found | None:
    """Find `require.main === module` in what a script loads that ends with 0 and never listened."""
    script = next(
        (i.script for i in case.launched if i.script and i.script.language == "node"), None
    )
    listened = any(call.name == "listen" for call in case.seen.trace.calls)
    if script is None or not script.path or case.exit_code != 0 or listened:
        return None
    for path, source in _loaded(case, script.path, script.text):
        guard = GUARD.search(source)
        if guard and ".listen(" in source[guard.start() :]:
            return Found(
                f"{path} listens only where it is started itself (`{guard[0].strip()[:80]}`), and"
                f" {script.path} loads it: so nothing listens, and the program ends with 0",
                f"start {path} itself, or have {script.path} call what it exports to listen",
                (content(case, path, guard[0].strip()), ended(case)),
            )
    return None


def _loaded(case: Case, path: str, source: str) -> Iterator[tuple[str, str]]:
    """Yield the modules that a script loads by a path, and their source."""
    for name in [match[1] for match in LOADS.finditer(source)][:MOST]:
        base = normpath(join(dirname(path), name))
        paths = (base + ending for ending in ENDINGS)
        found = next(((p, t) for p in paths if (t := text(case.files, p)) is not None), None)
        if found:
            yield found
