"""What the interpreter says before any code runs: script, version, home."""

import re
from posixpath import basename

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.catalogue import Found, cause
from scaffolder.diagnose.evidence import Evidence, inspected, logged, quoted
from scaffolder.diagnose.phase import Phase
from scaffolder.diagnose.sources.files import resolved

from .environment import python


@cause(
    "python-script-missing",
    "Python cannot open the script that it is to run",
    pattern="image",
    reads=["logs", "files"],
    page="check-program-file",
    when=Phase.DIED,
    weight=82,
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
        return None  # causes.identity knows
    return Found(
        f"Python is to run {path}, which does not exist in the container"
        + (f"; there is {other}" if other else "")
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
    when=Phase.DIED,
    weight=70,
)
def python_version(case: Case) -> Found | None:
    """Find syntax and names that came with a newer Python, or have gone with it."""
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
    syntax = case.said(r"^(?P<m>SyntaxError: [^\n]*)")
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
            weight=66,
        )
    what = "an older" if match is older else "a newer"
    return Found(
        f"the code needs {what} version of Python than the image has"
        f" ({basename(real) or 'python'}): {match['m'].strip()[:200]}",
        "use the base image of the version that it was written for (FROM python:X.Y), and say"
        " requires-python",
        (
            logged(case, match),
            Evidence(
                "files", f"docker cp {quoted(case)}:{real or '/usr/local/bin'} -", basename(real)
            ),
        ),
    )


@cause(
    "python-home",
    "Python itself cannot start: its home, its library or its memory",
    pattern="environment",
    reads=["logs", "inspect"],
    page="pattern-environment",
    when=Phase.DIED,
    weight=84,
)
def python_home(case: Case) -> Found | None:
    """Find a wrong PYTHONHOME, and a standard library that is not there."""
    match = case.said(
        r"[^\n]*(?:Could not find platform (?:in)?dependent libraries|init_fs_encoding"
        r"|No module named 'encodings'|init_import_site|failed to get the Python codec)[^\n]*"
    )
    if match is None:
        return None
    home = case.config.env.get("PYTHONHOME", "")
    return Found(
        f"Python cannot find its standard library{f': PYTHONHOME is {home}' if home else ''}",
        "unset PYTHONHOME"
        if home
        else "copy the whole Python, or the virtual environment with the Python that made it",
        (
            logged(case, match),
            inspected(
                case, "Config.Env", f"PYTHONHOME={home}" if home else "PYTHONHOME is not set"
            ),
        ),
        proven=bool(home),
    )
