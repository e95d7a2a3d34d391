"""The module by which the runtime starts an application, or a program, that is the user's."""

from scaffolder.adopt.replacing import replaced

from .app import Entry

APP = '''\
"""The application: yours. The runtime starts it; no stage ever changes this file."""

from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from {module} import {name} as yours

from . import health, stages


def create_app() -> Starlette:
    """Put the routes of health and stages before your application, which answers all others."""
    application = {call}
    own = {{getattr(route, "path", "") for route in application.routes}}

    async def others(scope: Scope, receive: Receive, send: Send) -> None:
        del scope["router"]  # url_for() asks it, and has to find your routes
        await application(scope, receive, send)

    service = Starlette(
        routes=[route for route in health.ROUTES if route.path not in own],
        lifespan=lambda _: application.router.lifespan_context(application),
    )
    service.router.default = others
    service.router.redirect_slashes = False
    stages.install(service)
    return service
'''

WITHIN = '''

def within(application: Any) -> Starlette:
    """Return the application that middleware wraps: it has the routes and the lifespan."""
    while not hasattr(application, "router"):
        application = application.app
    return application
'''

PROGRAM = '''\
"""The application: yours. The runtime runs it beside the routes of health and stages."""

import logging
import os
import runpy
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette

from . import health, stages
from .runtime import EXIT_SOFTWARE

log = logging.getLogger(__name__)


def program() -> None:
    """Run `python -m {module}`; whatever ends it ends the service, and is said."""
    try:
        runpy.run_module("{module}", run_name="__main__", alter_sys=True)
        log.critical("the program {module} came to its end")
    except BaseException:
        log.critical("the program {module} failed", exc_info=True)
    logging.shutdown()
    os._exit(EXIT_SOFTWARE)


@asynccontextmanager
async def running(_app: Starlette) -> AsyncIterator[None]:
    """Run the program in a thread of its own, which ends with the process."""
    threading.Thread(target=program, name="{module}", daemon=True).start()
    yield


def create_app() -> Starlette:
    """Build what runs the program, and answers how it is."""
    app = Starlette(routes=[*health.ROUTES], lifespan=running)
    stages.install(app)
    return app
'''


def application(entry: Entry) -> str:
    """Return the module by which the runtime starts theirs."""
    if not entry.name:
        return PROGRAM.format(module=entry.module)
    call = "yours()" if entry.factory else "yours"
    text = APP.format(module=entry.module, name=entry.name, call=call)
    return _unwrapping(text) if entry.wrapped else text


def _unwrapping(text: str) -> str:
    """Return it for an application with middleware around, which itself has no routes."""
    edits = {
        "from starlette.applications": "from typing import Any\n\nfrom starlette.applications",
        "    own = ": "    inner = within(application)\n    own = ",
        "in application.routes": "in inner.routes",
        "application.router.lifespan_context(application)": "inner.router.lifespan_context(inner)",
        "stages\n\n\n": f"stages\n{WITHIN}\n\n",
    }
    return replaced(text, edits)
