"""Which route a request took, as the application declares it: `/api/v1/items/{item_id}`."""

from collections.abc import Sequence
from typing import Any

from starlette.routing import BaseRoute, Mount, Router
from starlette.types import Receive, Scope, Send

REST = "/{path}"
"""What Starlette adds to the path of a mount."""
_KEY = "route_templates"


class Found:
    """The route of one request, once it has been answered."""

    def __init__(self) -> None:
        self._template = ""

    def template(self) -> str:
        """Return its path from the root of the service; empty without a route.

        Names of parameters stand in the place of what clients chose.
        """
        return self._template

    def note(self, routes: Sequence[BaseRoute], scope: Scope) -> None:
        """Keep what a router has left in a scope, but not the scope, which refers to this."""
        chosen = _chosen(scope)
        if chosen is None:
            return
        root = scope.get("root_path", "")
        prefix = _mounts(routes, root.removeprefix(scope.get("app_root_path", root)))
        rest = REST if isinstance(chosen, Mount) else getattr(chosen, "path_format", "")
        self._template = prefix + rest


class Templates:
    """Notes for each request which route a router has chosen."""

    def __init__(self, router: Router) -> None:
        """Stand right before the choice: middleware in between may pass on copies of a scope."""
        self._router = router
        self._choose = router.middleware_stack
        router.middleware_stack = self._note

    def of(self, scope: Scope) -> Found:
        """Return what will be known of a request that is about to be answered."""
        found: Found = scope.setdefault(_KEY, Found())
        return found

    async def _note(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._choose(scope, receive, send)
        finally:
            if _KEY in scope:
                scope[_KEY].note(self._router.routes, scope)


def _chosen(scope: Scope) -> Any:
    """Return the innermost route, or the mount of an application that has none."""
    route = scope.get("route")
    if isinstance(route, Mount) and route.routes:
        # FastAPI notes only its own kind of route, not those of its documentation.
        chosen = scope["endpoint"]
        return next((inner for inner in route.routes if _endpoint(inner) is chosen), None)
    # To FastAPI, the prefix of a router that is included is not a part of its routes.
    context = scope.get("fastapi", {}).get("effective_route_context")
    return getattr(context, "starlette_route", None) or context or route


def _endpoint(route: BaseRoute) -> object:
    return getattr(route, "endpoint", None) or getattr(route, "app", None)


def _mounts(routes: Sequence[BaseRoute], mounted: str) -> str:
    """Return the template of the path that mounts have taken off."""
    for mount in routes if mounted else ():
        if isinstance(mount, Mount) and (found := mount.path_regex.match(f"{mounted}/")):
            rest = found["path"].rstrip("/")
            inner = _mounts(mount.routes, f"/{rest}") if rest else ""
            return mount.path_format.removesuffix(REST) + inner
    return ""
