"""`rollback --container`: the last verified image of the compose project."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import containers
import existing
import jsonschema
import pytest
from conftest import MakeService, commit, git, state, viscaffold
from verifications import verification

from scaffolder.engine.git import repository
from scaffolder.verify import evidence
from scaffolder.verify.outcome import Level

SCHEMA = Path(__file__).parents[2] / "docs/schemas/rollback-container.json"


@pytest.fixture
def name() -> Iterator[str]:
    containers.require_docker()
    if not shutil.which("docker-compose") and "unknown" in containers.docker(
        "compose", "version", expect=None
    ):
        pytest.skip("there is no compose")
    name = f"ev-{uuid4().hex[:8]}"
    yield name
    containers.docker("rm", "--force", "--volumes", name, expect=None)
    for image in containers.docker(
        "image", "ls", "--format", "{{.Repository}}:{{.Tag}}", name
    ).split():
        containers.remove_image(image)
    containers.docker("volume", "rm", f"{name}-data", expect=None)
    containers.docker("network", "rm", "orders_default", expect=None)


def verified(root: Path, image: str) -> None:
    found = repository(root)
    assert found
    tree = git(root, "rev-parse", "HEAD^{tree}").strip()
    kept = verification(tree=tree, level=Level.CONTAINER, image=image)
    evidence.keep(found, kept)


@pytest.mark.slow
def test_the_last_verified_image_is_started_and_healthy(
    name: str, service: MakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = service()
    monkeypatch.setenv("PORT", "0")
    file = root / "compose.yaml"
    text = file.read_text(encoding="utf-8").replace('"orders', f'"{name}')
    file.write_text(text, encoding="utf-8")
    commit(root, "Works")
    containers.build(root, "--tag", name)
    image = containers.docker("image", "inspect", "--format", "{{.Id}}", name).strip()
    verified(root, image)
    with (root / "src/orders/app.py").open("a", encoding="utf-8") as app:
        app.write("raise RuntimeError\n")
    file.write_text("broken: [\n", encoding="utf-8")
    commit(root, "Broken")
    (root / "Dockerfile.broken").write_text(f"FROM {name}\nENV PORT=broken\n", encoding="utf-8")
    containers.build(root, "--tag", name, "--file", str(root / "Dockerfile.broken"))
    before = state(root)
    planned = viscaffold("rollback", "--container", "--dry-run", "--json").json()
    ran = viscaffold("rollback", "--container", "--json")

    jsonschema.validate(planned, json.loads(SCHEMA.read_text(encoding="utf-8")))
    jsonschema.validate(ran.json(), json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert planned["image"] == image
    assert planned["container"] is None
    assert ran.code == 0, ran.err
    found = ran.json()
    assert found["container"] == name
    assert found["to"]["title"] == "Works"
    assert containers.inspect(name, "{{.Image}} {{.State.Health.Status}}") == f"{image} healthy"
    kept = containers.docker("image", "inspect", "--format", "{{.Config.Env}}", found["kept"])
    assert "PORT=broken" in kept
    assert state(root) == before
    assert viscaffold("rollback", "--container").code == 5


def test_without_a_verified_image_it_says_how_to_get_one(service: MakeService) -> None:
    containers.require_docker()
    root = service()
    verified(root, f"sha256:{'0' * 64}")
    ran = viscaffold("rollback", "--container")

    assert ran.code == 5
    assert "viscaffold verify --container HEAD~1" in ran.err


CRATE = {"Cargo.toml": '[package]\nname = "pens"\n', "src/main.rs": "fn main() {}\n"}


def test_an_adopted_service_has_its_compose_file_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    containers.require_docker()
    root = existing.write(tmp_path / "pens", CRATE)
    monkeypatch.chdir(root)
    assert viscaffold("adopt", "--yes").code == 0
    commit(root, "Adopt")
    image = containers.docker("image", "inspect", "--format", "{{.Id}}", containers.IMAGE).strip()
    verified(root, image)
    planned = viscaffold("rollback", "--container", "--dry-run", "--json")

    assert planned.code == 0, planned.err
    assert planned.json()["name"] == "pens-service"

    answers = root / ".copier-answers.yml"
    text = answers.read_text(encoding="utf-8").replace(".: pens-service", ".: ../outside")
    answers.write_text(text, encoding="utf-8")
    commit(root, "Leads out")
    verified(root, image)
    refused = viscaffold("rollback", "--container", "--dry-run", "HEAD")
    assert refused.code == 5
    assert "'_places'" in refused.err
