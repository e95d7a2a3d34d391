"""What the interpreter says before any code runs: script, version, home."""

import re
from posixpath import basename

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Found, cause
from scaffolder.diagnose.causes.evidence import Evidence, inspected, logged, quoted
from scaffolder.diagnose.causes.signatures import Row, Signature, always, table
from scaffolder.diagnose.evidence.files import resolved

from .environment import python

OF_V8 = r"^ +at [^\n]*(?:node:|\.[cm]?js:)"
"""A line of a stack of Node, which has a SyntaxError as well."""


@cause(
    "python-script-missing",
    "Python cannot open the script to run",
    pattern="image",
    reads=["logs", "files"],
    explains=["file-missing"],
)
def python_script_missing(case: Case) -> Found | None:
    """Find `can't open file`, and where the script is instead."""
    match = case.said(
        r"can't open file '?(?P<p>[^':]+)'?: \[Errno (?P<e>\d+)\][^\n]*"
        r"|can't find '__main__' module in '?(?P<d>[^'\n]+)'?"
    )
    if match is None:
        return None
    path = match["p"] or match["d"]
    name = basename(path.rstrip("/"))
    other = next(
        (
            f"{f.rstrip('/')}/{name}"
            for f in ("/app", "/", "/src", "/app/src", "/srv", "/code", "/usr/src/app", "/opt/app")
            if f"{f.rstrip('/')}/{name}" != path and resolved(case.files, f"{f.rstrip('/')}/{name}")
        ),
        "",
    )
    there = resolved(case.files, path, case.config.workdir)
    denied = match["e"] == "13"
    if denied:
        return None  # causes.identity covers it
    return Found(
        f"Python is told to run {path}, which does not exist in the container"
        + (f"; {other} exists" if other else "")
        + f" (working directory: {case.config.workdir})",
        f"correct the path in CMD{f': {other}' if other else ', or COPY it'}; check WORKDIR and"
        " mounts",
        (
            logged(case, match),
            Evidence(
                "files",
                f"docker cp {quoted(case)}:{path} -",
                "no such file" if there is None else there.kind,
            ),
            inspected(case, "Config.Cmd", list(case.config.argv)),
        ),
        proven=there is None,
    )


@cause(
    "python-version",
    "the code needs another version of Python than the image has",
    pattern="image",
    reads=["logs", "files"],
    page="pattern-dependencies",
)
def python_version(case: Case) -> Found | None:
    """Find syntax and names that a newer Python added or removed."""
    newer = case.said(
        r"(?P<m>[^\n]*(?:cannot import name '(?:StrEnum|Self|TypeAlias|override|batched|UTC"
        "|TaskGroup|ParamSpec)'|No module named 'tomllib'"
        r"|unsupported operand type\(s\) for \|: 'type'"
        r"|requires? (?:a different )?Python ?[><=\d]+|Python \d\.\d+ or (?:newer|later|above)"
        r"|requires-python|type' object is not subscriptable)[^\n]*)"
    )
    older = case.said(
        r"(?P<m>[^\n]*(?:No module named '(?:imp|distutils|asyncore|cgi|pipes|telnetlib|crypt"
        "|pkg_resources)'|module 'collections' has no attribute|has no attribute 'coroutine'"
        "|cannot import name '(?:Mapping|MutableMapping|Iterable|Callable)' from 'collections'"
        r"|print statement|Missing parentheses in call to 'print')[^\n]*)"
    )
    syntax = None if case.said(OF_V8) else case.said(r"^(?P<m>SyntaxError: [^\n]*)")
    match = newer or older or syntax
    if match is None:
        return None
    real = python(case)
    plain = match is syntax and not re.search(
        r"\b(?:match |case |except\*|type \w+ =|:=)", case.text
    )
    if plain:
        where = case.said(r"File \"(?P<f>[^\"]+)\", line (?P<l>\d+)")
        at = f" at {where['f']}:{where['l']}" if where else ""
        return Found(
            f"the Python code cannot be parsed{at}: {match['m'].strip()}",
            "correct the syntax; python -m compileall in the Dockerfile finds it at build time",
            (logged(case, case.text[-400:]),),
        )
    what = "an older" if match is older else "a newer"
    return Found(
        f"the code needs {what} version of Python than the image has"
        f" ({basename(real) or 'python'}): {match['m'].strip()[:200]}",
        "use the base image of the version it was written for (FROM python:X.Y), and declare"
        " requires-python",
        (
            logged(case, match),
            Evidence(
                "files", f"docker cp {quoted(case)}:{real or '/usr/local/bin'} -", basename(real)
            ),
        ),
    )


HOME_LOST = (
    r"Could not find platform (?:in)?dependent libraries|init_fs_encoding"
    r"|No module named 'encodings'|init_import_site|failed to get the Python codec"
)


def _has_home(case: Case, _match: re.Match[str]) -> bool:
    return bool(case.config.env.get("PYTHONHOME"))


SIGNATURES = table(__name__, (
    Signature(
        id="python-home", title="Python itself cannot start: its home, its library or its memory",
        pattern="environment", reads=("logs", "inspect"),
        explains=("python-module-missing", "file-missing", "last-call"),
        rows=(
            Row(
                HOME_LOST,
                "Python cannot find its standard library: PYTHONHOME is {config.env[PYTHONHOME]}",
                "unset PYTHONHOME", only=_has_home, proves=always,
            ),
            Row(
                HOME_LOST,
                "Python cannot find its standard library",
                "copy all of Python, or the virtual environment with the Python that created it",
            ),
        ),
    ),
))  # fmt: skip
