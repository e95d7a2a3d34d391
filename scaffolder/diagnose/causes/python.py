"""Python: modules, syntax, paths, frameworks' own starts, and exceptions that nobody caught."""

import re
from posixpath import basename, dirname, join

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.catalogue import Found, cause
from scaffolder.diagnose.evidence import Evidence, ended, inspected, logged, quoted
from scaffolder.diagnose.phase import Phase
from scaffolder.diagnose.scripts import language
from scaffolder.diagnose.sources.files import follow, resolved

RENAMED = {
    "cv2": "opencv-python-headless",
    "yaml": "pyyaml",
    "PIL": "pillow",
    "dotenv": "python-dotenv",
    "jwt": "pyjwt",
    "bs4": "beautifulsoup4",
    "sklearn": "scikit-learn",
    "psycopg2": "psycopg2-binary",
    "MySQLdb": "mysqlclient",
    "dateutil": "python-dateutil",
    "Crypto": "pycryptodome",
    "magic": "python-magic",
    "serial": "pyserial",
    "google": "google-cloud-...",
    "attr": "attrs",
    "jose": "python-jose",
    "multipart": "python-multipart",
}


def python(case: Case) -> str:
    """Return the path of the Python that runs, links followed; empty if none is found."""
    for item in case.launched:
        if language(item.name) == "python" and item.program and not item.program.problem:
            way, _ = follow(case.files, item.program.path)
            return way[-1].path if way else ""
        if (
            item.program
            and item.program.interpreter
            and not item.program.interpreter.problem
            and "python" in item.program.interpreter.path
        ):
            return item.program.interpreter.path
    return ""


def places(case: Case) -> list[str]:
    """Return the directories in which Python looks for modules, as far as they can be known."""
    found = [case.config.workdir, *filter(None, case.config.env.get("PYTHONPATH", "").split(":"))]
    found += [
        dirname(item.script.path) for item in case.launched if item.script and item.script.path
    ]
    real = python(case)
    version = re.search(r"(\d\.\d+)$", real) or re.search(r"python(\d\.\d+)", case.text)
    links = [
        item.program.path
        for item in case.launched
        if item.program and language(item.name) == "python"
    ]
    number = version[1] if version else ""
    for path in dict.fromkeys([real, *links]):
        prefix = dirname(dirname(path)) if path else ""
        if prefix and number:
            found += [
                f"{prefix}/lib/python{number}/site-packages",
                f"{prefix}/lib/python{number}/dist-packages",
                f"{prefix}/lib/python{number}",
            ]
    if number:
        found += [
            "/usr/lib/python3/dist-packages",
            f"/usr/local/lib/python{number}/site-packages",
            f"/usr/local/lib/python{number}/dist-packages",
        ]
    return list(dict.fromkeys(found))


def module_at(case: Case, name: str) -> str:
    """Return where a module is, among the places of this Python; empty if nowhere."""
    path = name.replace(".", "/")
    for place in places(case):
        for file in (f"{path}.py", path):
            if resolved(case.files, join(place, file)):
                return join(place, file)
    return ""


ELSEWHERE = (
    "/opt/venv",
    "/venv",
    "/app/.venv",
    "/app/venv",
    "/.venv",
    "/usr/local",
    "/usr",
    "/root/.local",
    "/home/app/.local",
    "/install",
)


def installed_elsewhere(case: Case, name: str) -> str:
    """Return where another Python of the image, or another user's, has a module."""
    known = places(case)
    for prefix in ELSEWHERE:
        for minor in range(8, 15):
            folder = f"{prefix}/lib/python3.{minor}/site-packages"
            if (
                folder not in known
                and case.files.entry(f"{prefix}/lib")
                and resolved(case.files, f"{folder}/{name.partition('.')[0]}")
            ):
                return folder
    return ""


@cause(
    "python-module-missing",
    "a Python module is not installed in the image",
    pattern="dependencies",
    reads=["logs", "files"],
    page="pattern-dependencies",
    when=Phase.ENDED,
    weight=80,
)
def python_module_missing(case: Case) -> Found | None:
    """Find ModuleNotFoundError: not installed, another Python's, or the service's own elsewhere."""
    match = case.said(
        r"[^\n]*(?:ModuleNotFoundError|ImportError)?:? ?No module named '?(?P<n>[\w.]+)'?[^\n]*"
    )
    if match is None or match["n"] == "tzdata":  # causes.variables knows of time zones
        return None
    name = match["n"]
    top = name.partition(".")[0]
    there = module_at(case, top)
    other = "" if there else installed_elsewhere(case, top)
    own = "" if there or other else _own(case, top)
    evidence = [
        logged(case, match),
        Evidence(
            "files",
            f"docker cp {quoted(case)}:{(places(case) or ['/'])[-1]} - | tar -t | grep {top}",
            there or other or own or "not there",
        ),
    ]
    if other:
        return Found(
            f"the Python module {name} is installed in {other}, which is not of the Python that"
            f" runs ({python(case) or 'python'})",
            "start the Python that it was installed for (put its bin directory first in PATH), or"
            " install it for this one",
            tuple(evidence),
            proven=True,
        )
    if own:
        return Found(
            f"the Python module {name} is in {own}, and Python does not look there: the working"
            f" directory is {case.config.workdir}, PYTHONPATH is"
            f" {case.config.env.get('PYTHONPATH', 'not set')}",
            f"WORKDIR {own} (or ENV PYTHONPATH={own})",
            (*evidence, inspected(case, "Config.WorkingDir", case.config.workdir)),
            proven=True,
        )
    package = RENAMED.get(top, top)
    return Found(
        f"the Python module {name} is not installed in the image",
        f"add {package} to requirements.txt or pyproject.toml, and pip install it in the image",
        tuple(evidence),
        proven=not there and bool(python(case)),
    )


def _own(case: Case, name: str) -> str:
    folders = (
        "/app",
        "/app/src",
        "/src",
        "/srv",
        "/code",
        "/usr/src/app",
        "/opt/app",
        "/",
        "/home/app",
        "/build",
        "/app/app",
        "/workspace",
        f"{case.config.workdir.rstrip('/')}/src",
    )
    for folder in folders:
        if folder not in places(case) and (
            resolved(case.files, join(folder, f"{name}.py"))
            or resolved(case.files, join(folder, name, "__init__.py"))
        ):
            return folder
    return ""


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


@cause(
    "python-server",
    "the web server does not find, or cannot load, the application",
    pattern="process",
    reads=["logs", "inspect"],
    page="pattern-dependencies",
    when=Phase.DIED,
    weight=60,
)
def python_server(case: Case) -> Found | None:
    """Find what uvicorn, gunicorn, celery and Django say of an application they cannot load."""
    match = case.said(
        r"[^\n]*(?:Error loading ASGI app|Could not import module"
        r"|Attribute \"\S+\" not found in module|Failed to find attribute|Worker failed to boot"
        "|ImproperlyConfigured|Unable to load celery application"
        r"|Could not locate a Flask application|AppImportError|DJANGO_SETTINGS_MODULE)[^\n]*"
    )
    if match is None:
        return None
    return Found(
        f"the web server cannot load the application: {case.line(match)[:200]}",
        "correct MODULE:NAME in the command, WORKDIR, or the setting that it names",
        (
            logged(case, match),
            inspected(case, "Config.Cmd", list(case.config.argv)),
            inspected(case, "Config.WorkingDir", case.config.workdir),
        ),
    )


@cause(
    "python-exception",
    "a Python exception that nobody caught",
    pattern="process",
    reads=["logs"],
    page="check-status-and-logs",
    when=Phase.DIED,
    weight=44,
)
def python_exception(case: Case) -> Found | None:
    """Quote a traceback's last line, and where it was raised."""
    match = case.said(
        r"Traceback \(most recent call last\):\n(?P<body>(?:[ \t|+][^\n]*\n)+)"
        r"(?P<last>[\w.]+[^\n]*)"
    )
    if match is None:
        return None
    where = re.findall(r'File "([^"]+)", line (\d+), in (\S+)', match["body"])
    ours = [w for w in where if "/lib/python" not in w[0] and "site-packages" not in w[0]] or where
    at = f" in {ours[-1][0]}, line {ours[-1][1]} ({ours[-1][2]})" if ours else ""
    return Found(
        f"an exception that nobody caught ended the program: {match['last'].strip()[:250]}{at}",
        "correct the code at that line, or what it needs; catch and log what can fail",
        (logged(case, f"{match['last'].strip()}{at}"), ended(case)),
    )
