"""Servers that a stage brings for compose.yaml: as hardened as the service, off until asked for."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import viscaffold
from teams import MakeTeam

from scaffolder.languages.all import LANGUAGES
from scaffolder.templates import catalogue, template

BIN = Path(sys.executable).parent
SAME = ("read_only", "cap_drop", "security_opt", "pids_limit", "restart", "logging")
"""What is said of a server as it is of the service."""

BOTH = """\
kafka:
  title: Kafka
  summary: a consumer of events
  requires: []
  servers:
    broker:
      about: keeps the events
      image: apache/kafka:4
      memory: 1g
      volume: true
      settings:
        BROKER_PASSWORD: change-me
        KAFKA_SERVERS: broker:9092
    event-view:
      about: shows the events
      image: viewer:2.1
      memory: 64m
      wait: none
  python: &code
    dependencies: []
    settings:
      KAFKA_SERVERS: {default: "localhost:9092", about: servers}
"""
BROKER = """\
    user: "1000:1000"
    volumes:
      - broker:/data
    healthcheck:
      test: ["CMD", "check"]
"""
VIEW = """\
    user: "1000:1000"
    depends_on:
      app: {condition: service_healthy}
"""


def composed(root: Path) -> dict[str, Any]:
    """Return compose.yaml, which has to be one for compose."""
    file = root / "compose.yaml"
    command = [str(BIN / "check-jsonschema"), "--builtin-schema", "vendor.compose-spec", str(file)]
    ran = subprocess.run(command, text=True, capture_output=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    document: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return document


def problems(name: str, document: dict[str, Any]) -> list[str]:
    """Return what is wrong with a server of a compose file."""
    server, app = document["services"][name], document["services"]["app"]
    waits = app.get("depends_on", {}).get(name)
    variable = name.upper().replace("-", "_")
    volumes = [text.partition(":")[0] for text in server.get("volumes", [])]
    named = {volume for volume in volumes if not volume.startswith((".", "/"))}
    text = yaml.safe_dump(server)
    holds = {
        **{key: server.get(key) == app[key] for key in SAME},
        "profile": server.get("profiles") == [name],
        "image": re.fullmatch(rf"\$\{{{variable}_IMAGE:-[^:}}@]+:v?\d+(\.\d+)?[^}}@]*\}}",
                              server.get("image", "")) is not None,
        "memory": "mem_limit" in server,
        "ports": "ports" not in server and server.get("network_mode") is None,
        "privileges": not {"privileged", "cap_add", "devices"} & server.keys(),
        "user": re.fullmatch(r"[1-9]\d*(:\d+)?", str(server.get("user", ""))) is not None,
        "socket": "docker.sock" not in text,
        "variables": ":?" not in text,
        "required": waits is None or waits["required"] is False,
        "health": (waits or {}).get("condition") != "service_healthy" or "healthcheck" in server,
        "volume": named <= document["volumes"].keys(),
    }  # fmt: skip
    return [what for what, is_true in holds.items() if not is_true]


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def full(language: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a service with every stage of the catalogue."""
    monkeypatch.chdir(tmp_path)
    known = catalogue.load(template.builtin().root, language).stages
    flags = [word for name in known for word in ("--stage", name)]
    ran = viscaffold("new", "orders", "--no-git", "--language", language, *flags)
    assert ran.code == 0, ran.err
    return tmp_path / "orders"


@pytest.fixture
def teams_own(team: MakeTeam) -> Callable[[str], Path]:
    """Make a service with a stage of a team's that brings two servers."""

    def make(language: str) -> Path:
        code = BOTH.replace("python: &code", f"{language}:")
        rust = "template/rust/{{stage.kafka}}/src/stages/kafka.rs"
        team(
            {
                "stages.yml": code,
                "template/shared/servers/broker.yaml": BROKER,
                "template/shared/servers/event-view.yaml": VIEW,
                rust: "//! Kafka.\n",
            }
        )
        flags = ("--language", language, "--stage", "kafka", "--no-git")
        ran = viscaffold("new", "orders", "-t", "team", "--trust", *flags)
        assert ran.code == 0, ran.err
        return Path("orders").resolve()

    return make


def test_every_server_of_the_catalogue_is_hardened_and_off(full: Path, language: str) -> None:
    document = composed(full)
    known = catalogue.load(template.builtin().root, language).stages.values()
    servers = [server for stage in known for server in stage.servers]

    assert document["services"].keys() == {"app", *servers}
    for name in servers:
        assert problems(name, document) == [], name


def test_a_server_of_a_team_is_the_same_in_every_language(
    teams_own: Callable[[str], Path], language: str
) -> None:
    root = teams_own(language)
    document = composed(root)
    app, broker = document["services"]["app"], document["services"]["broker"]

    assert problems("broker", document) == problems("event-view", document) == []
    assert app["depends_on"] == {"broker": {"condition": "service_healthy", "required": False}}
    assert broker["mem_limit"] == "1g"
    assert broker["container_name"] == "orders-broker"
    assert document["volumes"]["broker"] == {"name": "orders-broker"}
    text = (root / ".env.example").read_text(encoding="utf-8")
    assert "\n# COMPOSE_PROFILES=broker,event-view\n" in text
    assert "# BROKER_IMAGE=apache/kafka:4\n# BROKER_PASSWORD=change-me\n# KAFKA_SERVERS=" in text
    assert "EVENT_VIEW_IMAGE=viewer:2.1" in text
    readme = (root / "README.md").read_text(encoding="utf-8")
    assert "| broker | `apache/kafka:4` | Keeps the events | `BROKER_PASSWORD`, `KAFKA" in readme
    assert "| event-view | `viewer:2.1` | Shows the events | - |\n\n## Exit codes" in readme


def test_a_service_without_servers_says_nothing_of_them(
    pristine: Callable[..., Path], language: str
) -> None:
    root = pristine((), language)

    assert composed(root)["services"].keys() == {"app"}
    assert "depends_on" not in (root / "compose.yaml").read_text(encoding="utf-8")
    assert "COMPOSE_PROFILES" not in (root / ".env.example").read_text(encoding="utf-8")
    assert "## Servers" not in (root / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("what", "wrong"),
    [
        ("read_only", {"read_only": False}),
        ("cap_drop", {"cap_drop": []}),
        ("logging", {"logging": None}),
        ("profile", {"profiles": []}),
        ("image", {"image": "apache/kafka:4"}),
        ("image", {"image": "${BROKER_IMAGE:-apache/kafka:latest}"}),
        ("memory", {"mem_limit": None}),
        ("ports", {"ports": ["9092:9092"]}),
        ("privileges", {"privileged": True}),
        ("user", {"user": None}),
        ("user", {"user": "0"}),
        ("socket", {"volumes": ["/run/docker.sock:/x"]}),
        ("variables", {"environment": {"A": "${A:?}"}}),
        ("health", {"healthcheck": None}),
        ("volume", {"volumes": ["lost:/data"]}),
    ],
)
def test_a_server_that_is_not_so_would_be_noticed(
    teams_own: Callable[[str], Path], what: str, wrong: dict[str, Any]
) -> None:
    document = composed(teams_own("python"))
    server = {**document["services"]["broker"], **wrong}
    document["services"]["broker"] = {key: value for key, value in server.items() if value}

    assert problems("broker", document) == [what]
