"""Requests to an API, and its answers."""

import http.client
import json
from collections.abc import Mapping
from urllib.parse import urlencode

from served import SECONDS, Answer

FORM = "application/x-www-form-urlencoded"


class Reply(Answer):
    """An answer whose body is text, or JSON."""

    @property
    def text(self) -> str:
        return self.body.decode()

    def errors(self) -> dict[str, str]:
        """Return what is wrong with a request, by the pointer or the parameter."""
        return {
            error.get("pointer", error.get("parameter")): error["detail"]
            for error in self.json()["errors"]
        }


class Client:
    """Asks a service on a port of this machine."""

    def __init__(self, port: int, headers: Mapping[str, str] | None = None) -> None:
        self.port = port
        self.headers = dict(headers or {})

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        try:
            sent = body.encode() if isinstance(body, str) else body
            connection.request(method, path, sent, {**self.headers, **(headers or {})})
            answer = connection.getresponse()
            return Reply(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Reply:
        return self.ask("GET", path, headers=headers)

    def delete(self, path: str) -> Reply:
        return self.ask("DELETE", path)

    def post(self, path: str, value: object, headers: Mapping[str, str] | None = None) -> Reply:
        """Send JSON: text as it stands, other values as JSON has them."""
        body = value if isinstance(value, bytes) else json.dumps(value)
        return self.ask("POST", path, body, {"Content-Type": "application/json", **(headers or {})})

    def put(self, path: str, value: object) -> Reply:
        """Send JSON that is to replace what is there."""
        return self.ask("PUT", path, json.dumps(value), {"Content-Type": "application/json"})

    def submit(
        self, path: str, form: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Send a form."""
        return self.ask("POST", path, urlencode(form), {"Content-Type": FORM, **(headers or {})})
