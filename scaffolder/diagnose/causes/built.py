"""A value that asks for what a program was built without, by what the program itself says."""

import re
from collections.abc import Iterator
from itertools import islice
from posixpath import basename, dirname

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.evidence.files import text
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.programs.built import without, without_in

from .catalogue import Basis, Found, cause
from .evidence import Evidence, ended, inspected, quoted
from .silence.readings import natives, quiet, sources
from .variables.usual import USUAL

MADE = re.compile(r"build|feature|version|about", re.IGNORECASE)
"""How files are called that a build has made."""
KINDS = re.compile(r"(?:\.(?:py|[cm]?js|rb|php|p[lm]|lua|json|toml|ya?ml|txt)|^[^.]+)$")
CODE = (".py", ".js", ".cjs", ".mjs", ".rb", ".php", ".pl", ".pm", ".lua")
OF_LIBRARIES = re.compile(r"/node_modules/|-packages/|/package(?:-lock)?\.json$")
MOST_FILES, LARGEST = 20, 256 * 1024

SCHEME = re.compile(r"([a-z][a-z0-9]+)(?:[+:].*)?", re.IGNORECASE)
"""What a value asks for: the scheme of an address, or the value itself."""


@cause(
    "built-without",
    "a program was built without what a setting asks for",
    pattern="image",
    reads=["files", "inspect", "logs"],
    page="ended-without-a-word",
    when=Phase.DIED,
    basis=Basis.HINT,
    explains=["ends-itself", "last-call"],
)
def built_without(case: Case) -> Found | None:
    """Find a value of a silent program that names what is switched off in it."""
    if not case.is_silent or not quiet(case) or case.exit_code > 125 or case.seen.swallowed:
        return None
    for name, value in case.config.env.items():
        asked = SCHEME.fullmatch(value)
        if USUAL.fullmatch(name) or asked is None:
            continue
        word, told, where = not_built(case, asked[1])
        if not word:
            continue
        path = f"{quoted(case)}:{where}" if where.startswith("/") else "its program"
        return Found(
            f"{name} asks for {word}, and the program was built without it: `{told[:120]}` is in"
            f" {where}; it ends without a word",
            f"build it with {word}, or give {name} another value",
            (
                Evidence("files", f"docker cp {path} .  # strings of it", told),
                inspected(case, "Config.Env", f"{name}={value}"),
                ended(case),
            ),
        )
    return None


def not_built(case: Case, value: str) -> tuple[str, str, str]:
    """Return a word of a value, what the program says of it, and in what; all empty if nothing."""
    for _path, data, _program in natives(case):
        word, told = without(data, value)
        if word:
            return word, told, "its texts"
    for path, source in _sources(case):
        word, told = without_in(source, value)
        if word:
            return word, told, path or "its source"
    return "", "", ""


def _sources(case: Case) -> Iterator[tuple[str, str]]:
    """Yield what it runs in scripts, and what lies beside these that it opened."""
    known = set[str]()
    for script in sources(case):
        known.add(script.path)
        yield script.path, script.text
    homes = {f"{dirname(path)}/" for path in known if dirname(path) not in ("", "/")}
    opened = (c.path for c in case.seen.trace.calls if c.name.startswith("open") and not c.error)
    own = (
        path
        for path in dict.fromkeys(opened)
        if path.startswith(tuple(homes)) and path not in known and not OF_LIBRARIES.search(path)
        if KINDS.search(basename(path)) and (path.endswith(CODE) or MADE.search(basename(path)))
    )
    for path in islice(own, MOST_FILES):
        yield path, text(case.files, path, limit=LARGEST) or ""
