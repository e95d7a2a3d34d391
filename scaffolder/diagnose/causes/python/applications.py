"""What web servers and exceptions say of the application."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.catalogue import Found, cause
from scaffolder.diagnose.evidence import ended, inspected, logged
from scaffolder.diagnose.phase import Phase


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
