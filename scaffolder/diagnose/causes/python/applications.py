"""What web servers and exceptions say about the application."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import ended, logged
from scaffolder.diagnose.causes.signatures import Row, Signature, table


@cause(
    "python-exception",
    "a Python exception",
    pattern="process",
    basis=Basis.QUOTED,
    explains=["said-why", "python-quiet-exit"],
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
    last = match["last"].strip()
    kept = case.seen.swallowed
    what = (
        "the program ends over an exception, and tells nobody"
        if kept and last in kept.text
        else "an uncaught exception ended the program"
    )
    return Found(
        f"{what}: {last[:250]}{at}",
        "fix the code at that line, or what it needs; catch and log what can fail",
        (logged(case, f"{last}{at}"), ended(case)),
    )


SIGNATURES = table(__name__, (
    Signature(
        id="python-server", title="the web server cannot find or load the application",
        pattern="process", page="pattern-dependencies", reads=("logs", "inspect"),
        shows=("command", "workdir"),
        rows=(Row(
            r"Error loading ASGI app|Could not import module|Attribute \"\S+\" not found in module"
            r"|Failed to find attribute|Worker failed to boot|ImproperlyConfigured"
            r"|Unable to load celery application|Could not locate a Flask application"
            r"|AppImportError|DJANGO_SETTINGS_MODULE",
            "the web server cannot load the application: {line:.200}",
            "correct MODULE:NAME in the command, WORKDIR, or the setting that it names",
        ),),
    ),
))  # fmt: skip
