"""Injects a fault into any Python service, from outside: Python imports this file at its start.

FAULT_CODE is run when FAULT_MODULE is imported; or, with FAULT_IN=request, by a request for /fault,
in the event loop of an ASGI application, or in a worker of a WSGI application.
"""

import os
import sys
from importlib.abc import MetaPathFinder

CODE = os.environ.get("FAULT_CODE", "")


class Finder(MetaPathFinder):
    """Is asked for every module, and finds none."""

    def find_spec(self, name, path=None, target=None):
        if name == os.environ.get("FAULT_MODULE"):
            sys.meta_path.remove(self)
            if os.environ.get("FAULT_IN") == "request":
                answer_requests()
            else:
                run()


def run():
    """Run the code; return the coroutine function `fault` if it defines one."""
    names = {"__name__": "fault"}
    exec(compile(CODE, "fault.py", "exec"), names)
    return names.get("fault")


def answer_requests():
    """Have /fault run the code."""
    try:
        from starlette.routing import Router
    except ImportError:
        from flask import Flask

        wsgi = Flask.full_dispatch_request

        def dispatch(self):
            from flask import request

            if request.path != "/fault":
                return wsgi(self)
            fault = run()
            if fault:
                import asyncio

                asyncio.run(fault())
            return self.make_response("done")

        Flask.full_dispatch_request = dispatch
        return

    routed = Router.__call__

    async def call(self, scope, receive, send):
        if scope.get("path") != "/fault":
            await routed(self, scope, receive, send)
            return
        fault = run()
        if fault:
            await fault()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"done"})

    Router.__call__ = call


if CODE:
    sys.meta_path.insert(0, Finder())
