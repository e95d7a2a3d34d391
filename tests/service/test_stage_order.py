"""The seam of a service: which modules of stages it imports, and in which order it opens them."""

import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING

from conftest import viscaffold

if TYPE_CHECKING:
    from teams import MakeTeam

CODE = "template/python/{{stage.%s}}/src/{{package}}/stages/%s.py"
STAGES = """\
manifests:
  title: Manifests
  summary: files for a cluster, and no code
  requires: []
  code: false
broker:
  title: Broker
  summary: a connection that is kept
  requires: []
  python: {dependencies: [], settings: {}}
events:
  title: Events
  summary: messages
  requires: []
  after: [broker]
  optional: [api]
  python: {dependencies: [], settings: {}}
"""
MODULE = '''\
"""A stage that says what it does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from starlette.applications import Starlette


@dataclass(frozen=True)
class Settings:
    """None."""


def install(app: Starlette) -> None:
    """Do nothing."""


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    """Say what happens."""
    print("opens", __name__)
    yield
    print("closes", __name__)
'''
RUN = dedent("""
    from starlette.testclient import TestClient
    from orders.app import create_app
    from orders import stages

    with TestClient(create_app()) as client:
        print([stage.__name__ for stage in stages.STAGES], client.get("/health").status_code)
""")


def test_stages_of_teams_open_too_in_the_order_of_the_catalogue_and_those_without_code_do_not(
    team: "MakeTeam", tmp_path: Path
) -> None:
    contents: dict[str, str | None] = {
        "stages.yml": STAGES,
        CODE % ("kafka", "kafka"): None,
        **{CODE % (name, name): MODULE for name in ("broker", "events")},
        "template/python/{{stage.manifests}}/deploy/deployment.yaml": "kind: Deployment\n",
    }
    root = tmp_path / "orders"
    flags = [word for name in ("events", "manifests", "broker") for word in ("--stage", name)]
    source = str(team(contents))
    made = viscaffold("new", str(root), "--template", source, "--trust", "--no-git", *flags)
    assert made.code == 0, made.err
    ran = subprocess.run(
        [sys.executable, "-c", RUN],
        cwd=root / "src",
        capture_output=True,
        text=True,
        check=False,
    )

    assert (root / "deploy/deployment.yaml").exists()
    assert ran.stdout.splitlines() == [
        "opens orders.stages.broker",
        "opens orders.stages.events",
        "['orders.stages.broker', 'orders.stages.events'] 200",
        "closes orders.stages.events",
        "closes orders.stages.broker",
    ], ran.stderr
