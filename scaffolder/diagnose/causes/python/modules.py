"""Python modules that are not installed, or not where this Python looks."""

import sys
from posixpath import join

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import Evidence, ended, inspected, logged, quoted
from scaffolder.diagnose.causes.silence.readings import quiet, readings
from scaffolder.diagnose.evidence.files import resolved
from scaffolder.diagnose.evidence.phase import Phase

from .environment import installed_elsewhere, module_at, places, python

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


@cause(
    "python-module-missing",
    "a Python module is not installed in the image",
    pattern="dependencies",
    reads=["logs", "files"],
    when=Phase.ENDED,
)
def python_module_missing(case: Case) -> Found | None:
    """Find ModuleNotFoundError: not installed, another Python's, or in another directory."""
    match = case.said(
        r"[^\n]*(?:ModuleNotFoundError|ImportError)?:? ?No module named '?(?P<n>[\w.]+)'?[^\n]*"
    )
    if match is None:
        return _unsaid(case)
    if match["n"] == "tzdata":  # causes.variables covers time zones
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
            f"the Python module {name} is installed in {other}, which does not belong to the"
            f" Python that runs ({python(case) or 'python'})",
            "start the Python that it was installed for (put its bin directory first in PATH), or"
            " install it for this one",
            tuple(evidence),
            proven=True,
        )
    if own:
        return Found(
            f"the Python module {name} is in {own}, but Python does not look there: the working"
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


def _unsaid(case: Case) -> Found | None:
    """Find a module whose absence the program catches, to exit without a word."""
    if not quiet(case) or case.exit_code > 125 or not python(case):
        return None
    for script, reading in readings(case):
        for name in reading.demanded:
            if name in sys.stdlib_module_names or module_at(case, name):
                continue
            package = RENAMED.get(name, name)
            who = script.path or "the program"
            return Found(
                f"the Python module {name} is not installed in the image; {who} catches that and"
                f" exits with {case.exit_code}",
                f"add {package} to requirements.txt or pyproject.toml, and pip install it in the"
                " image",
                (
                    Evidence(
                        "files",
                        f"docker cp {quoted(case)}:{(places(case) or ['/'])[-1]} - | tar -t | grep"
                        f" {name}",
                        "not there",
                    ),
                    ended(case),
                ),
                basis=Basis.INFERRED,
            )
    return None


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
