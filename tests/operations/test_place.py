"""Which container of a compose project is the service's."""

from pathlib import Path
from typing import IO, Any

import pytest

from scaffolder.docker.client import Engine
from scaffolder.docker.process import Ran
from scaffolder.operations import place
from scaffolder.operations.service import Service
from scaffolder.templates import template


class Listed(Engine):
    """Lists containers, and describes each by its name."""

    def __init__(self, rows: list[str]) -> None:
        super().__init__("docker")
        self.rows = rows

    def ask(self, *args: str, seconds: float = 0, stdin: IO[bytes] | None = None) -> Ran:
        del seconds, stdin
        return Ran(0, "\n".join(self.rows).encode() if args[0] == "ps" else b"{}", b"")

    def json(self, *args: str) -> list[Any]:
        return [{"Name": f"/{args[-1]}", "Image": "sha256:1"}]


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        (["running orders one", "running orders:latest two"], "one"),
        (["running orders one", "exited orders two"], "two"),
        (["exited redis:8 orders-redis", "running orders orders"], "orders"),
        (["running redis:8 orders-redis", "exited orders orders,other/name"], "orders"),
        (["exited sha256:1 mine"], "mine"),
    ],
)
def test_it_is_one_of_its_image_and_that_which_does_not_run(rows: list[str], found: str) -> None:
    service = Service(Path(), {"name": "orders"}, template.builtin())

    assert place.found(Listed(rows), "", service).name == found
