"""A web application that is made, and that no server is started for."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import content, ended, watched
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.programs.scripts import Script

MADE = re.compile(
    r"^(?P<name>app|application|api|asgi|wsgi)\b[^=\n]*=\s*(?P<how>[\w.]*(?:Flask|FastAPI|Starlette"
    r"|Quart|Sanic|Litestar|Bottle|Falcon|App|(?:create|make|get|build)_\w*app\w*"
    r"|get_[aw]sgi_application))\(",
    re.MULTILINE,
)
"""How a module gives a server its application: Flask, ASGI and WSGI name it so."""
ASYNC = re.compile(r"\b(?:fastapi|starlette|litestar|quart|asgi)", re.IGNORECASE)
SERVES = re.compile(
    r"\.run\(|\bserve\w*\(|\bserve_forever\b|\brun_app\(|\brun_simple\(|make_server\(|\.listen\("
)


@cause(
    "application-not-served",
    "a Python program makes a web application, and starts no server for it",
    pattern="process",
    reads=["files", "inspect", "rerun"],
    page="nothing-moves",
    when=Phase.FINISHED | Phase.DIED,
    basis=Basis.INFERRED,
    explains=["nothing-keeps-it", "input-closed", "ends-again-and-again"],
)
def application_not_served(case: Case) -> Found | None:
    """Find `python app.py` whose last line makes the object that a server would import."""
    script = next((item.script for item in case.launched if _makes(item.script)), None)
    listened = any(call.name in ("bind", "listen") for call in case.seen.trace.calls)
    if script is None or case.exit_code != 0 or listened:
        return None
    made = [*MADE.finditer(script.text)][-1]
    below = script.path.removeprefix(case.config.workdir.rstrip("/") + "/")
    module = re.sub(r"(?:/__init__|/__main__)?\.py$", "", below).strip("/").replace("/", ".")
    server = "uvicorn --host 0.0.0.0" if ASYNC.search(script.text) else "gunicorn -b 0.0.0.0:8000"
    return Found(
        f"{script.path} makes the web application `{made['name']}`, and starts no server for it: it"
        " is a module that a server imports, and as a program it ends at once, with 0",
        f"start a server with it, such as {server} {module}:{made['name']}",
        (
            content(case, script.path, script.text[made.start() :].partition("\n")[0]),
            ended(case),
            *((watched(case, "no bind, no listen"),) if case.seen.trace.processes else ()),
        ),
    )


def _makes(script: Script | None) -> bool:
    """Tell whether a script makes an application, and nothing in it serves."""
    if script is None or script.language != "python" or not script.path:
        return False
    return bool(MADE.search(script.text)) and not SERVES.search(script.text)
