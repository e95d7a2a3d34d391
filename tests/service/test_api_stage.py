"""The stage api in Python; what clients see of it is in tests/conformance/."""

import asyncio

import pytest
from conftest import Imported
from fastapi import Depends, HTTPException
from starlette.testclient import TestClient
from starlette.types import Message

ITEMS = "/api/v1/items"


def test_a_client_that_goes_away_within_its_body_gets_499(imported: Imported) -> None:
    app = imported("app", "api").create_app()
    sent: list[Message] = []
    coming: list[Message] = [
        {"type": "http.request", "body": b'{"colour":', "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> Message:
        return coming.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(b"content-type", b"application/json"), (b"content-length", b"100")]
    scope = {"type": "http", "method": "POST", "path": ITEMS, "headers": headers}
    asyncio.run(app({**scope, "query_string": b"", "http_version": "1.1"}, receive, send))

    assert sent[0]["status"] == 499


def test_services_in_one_process_share_no_items(imported: Imported) -> None:
    one, other = (TestClient(imported("app", "api").create_app()) for _ in range(2))
    one.post(ITEMS, json={"name": "pen"})

    assert other.get(ITEMS).json()["items"] == []


def test_writing_takes_what_another_stage_asks_for(
    imported: Imported, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise HTTPException(401)

    monkeypatch.setattr(imported("stages.api", "api"), "WRITERS", [Depends(refuse)])
    client = TestClient(imported("app", "api").create_app())

    assert client.get(ITEMS).status_code == 200
    assert client.post(ITEMS, json={"name": "pen"}).status_code == 401
    assert client.delete(f"{ITEMS}/1").status_code == 401
