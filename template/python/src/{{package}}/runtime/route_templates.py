"""Which route a request took, as the application declares it: `/api/v1/items/{item_id}`."""

from collections.abc import Sequence
from typing import Any

from starlette.routing import BaseRoute, Mount, Router
from starlette.types import Receive, Scope, Send

REST = "/{path}"
"""What Starlette adds to the path of a mount."""
_KEY = "route_templates"


Found = list[str]
"""The template of the route of one request, once it has been answered; empty without a route."""


class Templates:
    """Notes for each request which route a router has chosen: its path from the service's root.

    Names of parameters stand in the place of what clients chose.
    """

    def __init__(self, router: Router) -> None:
        """Stand right before the choice: middleware in between may pass on copies of a scope."""
        self._router = router
        self._choose = router.middleware_stack
        router.middleware_stack = self._note

    def of(self, scope: Scope) -> Found:
        """Return what will be known of a request that is about to be answered."""
        found: Found = scope.setdefault(_KEY, [])
        return found

    async def _note(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._choose(scope, receive, send)
        finally:
            found = scope.get(_KEY)
            if found is not None and (template := _template(self._router.routes, scope)):
                found[:] = (template,)


def _template(routes: Sequence[BaseRoute], scope: Scope) -> str:
    """Return the template of the route that a router has left in a scope."""
    if "app_root_path" not in scope and "fastapi" not in scope:  # no mount, and no FastAPI
        return getattr(scope.get("route"), "path_format", "")
    chosen = _chosen(scope)
    if chosen is None:
        return ""
    root = scope.get("root_path", "")
    prefix = _mounts(routes, root.removeprefix(scope.get("app_root_path", root)))
    return prefix + (REST if isinstance(chosen, Mount) else getattr(chosen, "path_format", ""))


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
