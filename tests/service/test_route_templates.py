"""A request has the template of its route, however the application is put together."""

import asyncio
from pathlib import Path

import pytest
from conftest import Imported
from fastapi import APIRouter, FastAPI
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Host, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Receive, Scope, Send

STAGES = ("api", "metrics")


class Copies:
    """Middleware that passes on a copy of the scope, as many do."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app({**scope}, receive, send)


async def show(request: Request) -> Response:
    return JSONResponse(dict(request.path_params))


def shop(number: int) -> int:
    return number


def fail(number: int) -> int:
    raise RuntimeError(number)


@pytest.fixture
def app(imported: Imported, monkeypatch: pytest.MonkeyPatch) -> Starlette:
    monkeypatch.setenv("ROOT_PATH", "/root")
    monkeypatch.setenv("API_DOCS", "true")
    made: Starlette = imported("app", *STAGES).create_app()
    made.add_middleware(Copies)
    orders = APIRouter(prefix="/orders")
    orders.add_api_route("/{number}", shop)
    orders.add_api_route("/{number}/fail", fail)
    outer = APIRouter()
    outer.include_router(orders, prefix="/{tenant}")
    api = imported("stages.api", *STAGES).of(made)
    api.include_router(outer, prefix="/v1")
    api.mount("/files", StaticFiles(directory=Path(__file__).parent))
    other = FastAPI(openapi_url=None)
    other.add_api_route("/{number}", shop)
    api.mount("/other/{kind}", other)
    inner = Starlette(routes=[Route("/z", show), Route("/", show)])
    routes = [Route("/a/{b:int}", show), Mount("/in/{y}", app=Copies(inner))]
    made.router.routes += [
        Mount("/t/{tenant}", routes=routes),
        Mount("/raw", app=JSONResponse({})),
        Host("{tenant}.example", app=inner),
    ]
    return made


@pytest.mark.parametrize(
    ("path", "template"),
    [
        ("/", "/"),
        ("/root/", "/"),
        ("/rooted", "unknown"),
        ("/root/health/live", "/health/live"),
        ("/api", "unknown"),
        ("/api/nowhere", "unknown"),
        ("/api/openapi.json", "/api/openapi.json"),
        ("/api/v1/items/7", "/api/v1/items/{item_id}"),
        ("/root/api/v1/items/x", "/api/v1/items/{item_id}"),
        ("/api/v1/acme/orders/3", "/api/v1/{tenant}/orders/{number}"),
        ("/api/v1/acme/orders/x", "/api/v1/{tenant}/orders/{number}"),
        ("/api/v1/acme/orders/3/fail", "/api/v1/{tenant}/orders/{number}/fail"),
        ("/api/v1/acme/nowhere/3", "unknown"),
        ("/api/files/test_route_templates.py", "/api/files/{path}"),
        ("/api/files/nowhere", "/api/files/{path}"),
        ("/api/other/pens/3", "/api/other/{kind}/{number}"),
        ("/t/acme/a/3", "/t/{tenant}/a/{b}"),
        ("/root/t/acme/a/3", "/t/{tenant}/a/{b}"),
        ("/t/acme/a/x", "unknown"),
        ("/raw/any/thing", "/raw/{path}"),
    ],
)
def test_template(app: Starlette, path: str, template: str) -> None:
    client = TestClient(app, raise_server_exceptions=False)
    status = client.get(path, follow_redirects=False).status_code

    assert counted(client) == {f'method="GET",route="{template}",status="{status}"'}


def counted(client: TestClient) -> set[str]:
    lines = client.get("/metrics").text.splitlines()
    return {
        line[line.index("{") + 1 : line.rindex("}")]
        for line in lines
        if line.startswith("http_requests_total{")
    }


def test_an_application_of_fastapi_itself_has_the_prefixes_of_its_routers(
    imported: Imported,
) -> None:
    orders = APIRouter()
    orders.add_api_route("/orders/{number}", shop)
    made = FastAPI(openapi_url=None)
    made.include_router(orders, prefix="/v1")
    imported("stages.metrics", *STAGES).install(made)
    client = TestClient(made)
    client.get("/v1/orders/3")

    assert counted(client) == {'method="GET",route="/v1/orders/{number}",status="200"'}


def test_what_an_application_hides_behind_middleware_is_bounded(app: Starlette) -> None:
    """The scope of a mounted application that middleware has copied says nothing more."""
    client = TestClient(app)
    for number in range(3):
        client.get(f"/t/acme/in/{number}/z")

    assert len(counted(client)) == 1


def test_background_tasks_are_no_part_of_a_request(imported: Imported) -> None:
    async def later(_request: Request) -> Response:
        return Response(background=BackgroundTask(asyncio.sleep, 0.3))

    made = imported("app", *STAGES).create_app()
    made.router.routes.append(Route("/later", later))
    client = TestClient(made)
    client.get("/later")
    text = client.get("/metrics").text

    assert 'http_request_duration_seconds_bucket{le="0.25",method="GET",route="/later"} 1.0' in text
