"""A module of the program that hides one of the standard library."""

import re
import sys
from posixpath import basename, dirname

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import content, ended, watched
from scaffolder.diagnose.evidence.phase import Phase

SAYS = re.compile(
    r"No module named '(?P<of>[\w.]+)'; '\w+' is not a package|partially initialized module"
    r" '(?P<part>\w+)'|module '(?P<has>\w+)' has no attribute|cannot import name '\w+' from"
    r" (?:partially initialized module )?'(?P<name>\w+)'"
)
"""What Python says where another module was loaded than the one that was meant."""


ENDS = (".py", "/__init__.py")


@cause(
    "module-shadowed",
    "a file of the program has the name of a module of Python's library, and is loaded instead",
    pattern="process",
    reads=["files", "logs", "rerun"],
    page="check-files-and-dependencies",
    when=Phase.DIED,
    basis=Basis.NAMED,
    explains=[
        "python-module-missing",
        "python-exception",
        "python-quiet-exit",
        "said-why",
        "ends-itself",
        "log-unwritten",
        "last-call",
    ],
)
def module_shadowed(case: Case) -> Found | None:
    """Find such a file beside the script that is started, or in PYTHONPATH: these come first."""
    scripts = [item.script for item in case.launched if item.script]
    script = next((s for s in scripts if s.language == "python" and s.path), None)
    if script is None:
        return None
    first = f"the directory of {basename(script.path)}"
    folders = {dirname(script.path): first}
    listed = case.config.env.get("PYTHONPATH", "").split(":")
    folders |= {f.rstrip("/"): f"{f}, which PYTHONPATH names," for f in listed if f[:1] == "/"}
    for name in _misloaded(case):
        paths = {f"{f}/{name}{end}": why for f, why in folders.items() for end in ENDS}
        path = next((each for each in paths if case.has(each)), "")
        if name not in sys.stdlib_module_names or not path or path == script.path:
            continue
        told = case.seen.ending or case.seen.swallowed
        return Found(
            f"{path} has the name of the module {name} of Python's library, and is loaded in its"
            f" place, since {paths[path]} comes first",
            f"rename {path}, and what imports it; remove __pycache__ beside it",
            (
                content(case, path, "exists"),
                *(
                    (watched(case, f"{name} does not have what is imported from it"),)
                    if told
                    else ()
                ),
                ended(case),
            ),
        )
    return None


def _misloaded(case: Case) -> list[str]:
    """Return the modules that lacked what was asked of them, in messages or as Python tells."""
    kept = case.seen.swallowed.text if case.seen.swallowed else ""
    texts = f"{case.text}\n{kept}"
    said = [next(filter(None, match.groups()), "") for match in SAYS.finditer(texts)]
    asked = case.seen.ending.got_over if case.seen.ending else ()
    return [*dict.fromkeys(name.partition(".")[0] for name in (*said, *asked) if name)]
