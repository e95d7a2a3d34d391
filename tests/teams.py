"""Teams' templates as dicts of files, and git repositories of them."""

from collections.abc import Callable, Mapping
from pathlib import Path

from conftest import git

Contents = Mapping[str, str | bytes | None]

STAGE = "template/python/{{stage.kafka}}/"

TEAM = {
    "viscaffold.yml": """\
name: acme
description: How services look at Acme
requires: ">=0.5"
defaults:
  description: "The {{ name }} service of Acme"
answers:
  ci: none
questions:
  team:
    type: str
    help: Team that owns the service
    default: pay
""",
    "stages.yml": """\
kafka:
  title: Kafka
  summary: a consumer of events
  requires: [logging]
  python:
    dependencies:
      - aiokafka>=0.12
    settings:
      KAFKA_SERVERS:
        default: localhost:9092
        about: servers that {{ team }} uses
""",
    "template/python/.github/CODEOWNERS.jinja": "* @acme/{{ team }}\n",
    "template/shared/incident.md": "# Incident of Acme\n",
    STAGE + "src/{{package}}/stages/kafka.py": '"""Kafka."""\n',
}

IN_RUST = {
    "viscaffold.yml": "name: acme\n",
    "stages.yml": """\
kafka:
  title: Kafka
  summary: a consumer of events
  requires: []
  rust:
    dependencies:
      - rdkafka = "1"
    settings:
      KAFKA_SERVERS: {default: "localhost:9092", about: servers}
""",
    "template/python/.github/CODEOWNERS.jinja": None,
    STAGE + "src/{{package}}/stages/kafka.py": None,
    "template/rust/{{stage.kafka}}/src/stages/kafka.rs": "//! Kafka.\n",
    "template/rust/{{stage.kafka}}/tests/stage_kafka.rs": "//! The stage kafka.\n",
    "template/rust/{{stage.kafka}}/docs/stages/kafka.md": "# Kafka\n",
}
"""What is other in one whose stage is for services in Rust alone."""

MakeTeam = Callable[..., Path]
MakeRepository = Callable[..., Path]


def write(root: Path, contents: Contents) -> Path:
    """Write files below `root`; None takes one away."""
    for path, content in contents.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            file.unlink()
        else:
            file.write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def tag(root: Path, version: str, contents: Contents | None = None) -> None:
    """Change a repository, commit and tag it; a tag that is there moves."""
    write(root, contents or {})
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--allow-empty", "--message", version)
    git(root, "tag", "--force", "--annotate", "--message", version, version)
