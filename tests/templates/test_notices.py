"""Known faults of services: named where a service has them, and nowhere else."""

import os
import re
from pathlib import Path
from typing import Any

import pytest
from conftest import MakeService, commit, viscaffold

from scaffolder.templates import catalogue, notices, releases, template

FAULTY = "0.5.0"
RENAMED = "max-body-bytes-for-all"
NOTHING = "health-check-does-nothing"
GONE = "probe-is-gone"


def found(command: str = "status", what: str = "notices") -> list[Any]:
    """Return what a command says in JSON."""
    return list(viscaffold(*command.split(), "--json").json()[what])


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.parametrize("command", ["status", "update --check"])
def test_a_health_check_that_does_nothing_is_named_with_the_place_and_the_repair(
    old: MakeService, command: str
) -> None:
    old(FAULTY)
    ran = viscaffold(*command.split())
    said = ran.out + ran.err
    (notice,) = found(command)

    assert (notice["id"], notice["places"]) == (NOTHING, ["Dockerfile:43"])
    assert "python -m orders.probe, does nothing and always succeeds" in said
    assert "  Dockerfile:43\n  Fix: viscaffold update; or, " in said


@pytest.mark.parametrize("version", [v for v in releases.digests() if v < FAULTY])
def test_versions_without_the_fault_are_told_nothing(old: MakeService, version: str) -> None:
    old(version)

    assert found() == []


def test_a_new_service_is_told_nothing(service: MakeService) -> None:
    service("api", "auth", "logging")

    assert found() == found("update --check") == []


def test_a_service_that_was_repaired_by_hand_is_told_nothing(old: MakeService) -> None:
    root = old(FAULTY)
    replace(root / "Dockerfile", "orders.probe", "orders.health")
    with (root / "Dockerfile").open("a", encoding="utf-8") as file:
        file.write("# once: python -m orders.probe\n")

    assert found() == []


def test_a_probe_that_was_made_to_ask_is_no_fault(old: MakeService) -> None:
    root = old(FAULTY)
    with (root / "src/orders/probe.py").open("a", encoding="utf-8") as file:
        file.write('\nif __name__ == "__main__":\n    sys.exit(main())\n')

    assert found() == []


@pytest.mark.parametrize(
    "path",
    ["Dockerfile.prod", "compose.override.yaml", "k8s/deployment.yml", "deploy/base/app.yaml"],
)
def test_every_place_that_runs_it_counts(old: MakeService, path: str) -> None:
    root = old(FAULTY)
    replace(root / "Dockerfile", "orders.probe", "orders.health")
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text('test: ["CMD", "python", "-m", "orders.probe"]\n', encoding="utf-8")

    assert [notice["places"] for notice in found()] == [[f"{path}:1"]]


def test_an_update_repairs_it_and_keeps_what_the_user_changed(old: MakeService) -> None:
    root = old(FAULTY, "logging")
    replace(root / "Dockerfile", "EXPOSE 8080", "EXPOSE 8080 9090")
    replace(root / "src/orders/health.py", "CHECK_SECONDS = 2.0", "CHECK_SECONDS = 4.0")
    commit(root)
    ran = viscaffold("update")
    dockerfile = (root / "Dockerfile").read_text(encoding="utf-8")

    assert ran.code == 0
    assert "EXPOSE 8080 9090" in dockerfile
    assert '"-m", "orders.health"' in dockerfile
    assert "CHECK_SECONDS = 4.0" in (root / "src/orders/health.py").read_text(encoding="utf-8")
    assert not (root / "src/orders/probe.py").exists()
    assert found() == []


def test_other_times_of_the_check_beside_the_repair_are_a_conflict(old: MakeService) -> None:
    root = old(FAULTY)
    replace(root / "Dockerfile", "--retries=3", "--retries=5")
    commit(root)
    ran = viscaffold("update")
    dockerfile = (root / "Dockerfile").read_text(encoding="utf-8")

    assert ran.code == 3
    assert "--retries=5" in dockerfile
    assert '"-m", "orders.health"' in dockerfile


def test_an_edited_probe_is_not_lost(old: MakeService) -> None:
    root = old(FAULTY)
    replace(root / "src/orders/probe.py", "SECONDS = 3.0", "SECONDS = 4.5")
    commit(root)
    ran = viscaffold("update")
    kept = "".join(path.read_text(encoding="utf-8") for path in root.glob("src/orders/**/*.py"))

    assert ran.code == 3
    assert "SECONDS = 4.5" in kept


def test_an_update_without_edits_leaves_nothing_to_say(old: MakeService) -> None:
    old(FAULTY, "auth", "api", "logging")
    ran = viscaffold("update")

    assert (ran.code, found()) == (0, [])
    assert "Warning" not in ran.err


def test_an_update_names_what_still_uses_the_module_that_it_takes_away(old: MakeService) -> None:
    root = old(FAULTY)
    (root / "src/orders/mine.py").write_text("from . import probe\n", encoding="utf-8")
    (root / "src/orders/more.py").write_text(
        "import os\nfrom orders.probe import ask\n", encoding="utf-8"
    )
    (root / "k8s.yaml").write_text("command: [python, -m, orders.probe]\n", encoding="utf-8")
    (root / "src/orders/probes.py").write_text("from . import probes, boot\n", encoding="utf-8")
    commit(root)
    ran = viscaffold("update")
    (notice,) = found()

    assert "the module orders.probe is gone, and these still use it" in ran.err
    assert notice["id"] == GONE
    assert notice["places"] == ["k8s.yaml:1", "src/orders/mine.py:1", "src/orders/more.py:2"]


def test_a_dry_run_says_nothing_of_a_repair_that_was_not_made(old: MakeService) -> None:
    old(FAULTY)

    assert "Warning" not in viscaffold("update", "--dry-run").err


def test_files_that_are_none_are_not_read(old: MakeService) -> None:
    root = old(FAULTY)
    replace(root / "Dockerfile", "orders.probe", "orders.health")
    os.mkfifo(root / "fifo.yaml")
    (root / "zero.yaml").symlink_to("/dev/zero")
    (root / "folder.yaml").mkdir()
    (root / "binary.yaml").write_bytes(bytes(range(256)) * 10_000)

    assert notices.held(root, "orders", FAULTY) == []


@pytest.mark.parametrize("command", ["status", "update --check", "update --dry-run"])
def test_an_update_says_before_what_it_changes_and_where_a_setting_that_goes_is_set(
    old: MakeService, command: str
) -> None:
    root = old(FAULTY, "api")
    (root / ".env").write_text("# mine\nexport API_MAX_BODY_BYTES=10\n", encoding="utf-8")
    (change,) = found(command, "changes")
    ran = viscaffold(*command.split())

    assert (change["id"], change["places"]) == (RENAMED, [".env:2"])
    assert "Changes: the setting API_MAX_BODY_BYTES is called MAX_BODY_BYTES" in ran.out + ran.err
    assert "  set in .env:2\n  To do: rename it" in ran.out + ran.err


def test_an_update_says_it_afterwards_too_and_the_setting_is_named_until_it_is_gone(
    old: MakeService,
) -> None:
    root = old(FAULTY, "api")
    (root / ".env").write_text("API_MAX_BODY_BYTES=10\n", encoding="utf-8")
    (root / "compose.override.yaml").write_text(
        "services:\n  app:\n    environment:\n      API_MAX_BODY_BYTES: 10\n"
        "  b:\n    environment: \n      - API_MAX_BODY_BYTES\n", encoding="utf-8"
    )  # fmt: skip
    assert RENAMED not in [notice["id"] for notice in found()]
    said = viscaffold("update").err
    (notice,) = found()

    assert "Changes: the setting API_MAX_BODY_BYTES" in said
    assert "Warning: the setting API_MAX_BODY_BYTES" not in said  # once is enough
    assert (notice["id"], notice["places"]) == (RENAMED, [".env:1", "compose.override.yaml:4"])
    assert found(what="changes") == found("update --check", "changes") == []
    (root / ".env").unlink()
    (root / "compose.override.yaml").unlink()
    assert found() == []


def test_a_change_of_stages_concerns_services_that_have_them(old: MakeService) -> None:
    old("0.9.0", "api", "auth")

    assert [change["id"] for change in found("update --check", "changes")] == ["users-by-one-rule"]


def test_a_version_that_has_it_already_and_a_service_without_the_stage_hear_nothing(
    old: MakeService,
) -> None:
    old("0.9.0", "api")

    assert found("update --check", "changes") == []


@pytest.mark.parametrize("version", releases.digests())
def test_every_setting_that_is_gone_is_named_in_a_notice(version: str) -> None:
    root = template.builtin().root
    known = catalogue.read_yaml(root / "template/notices.yml").values()
    named = {name for entry in known for name in entry.get("settings", ())}

    assert settings(releases.unpacked(version)) - settings(root) <= named


def settings(root: Path) -> set[str]:
    """Return the settings of a template's stages, and those that its `.env.example` has."""
    examples = "".join(p.read_text(encoding="utf-8") for p in root.rglob("*env.example*"))
    of_stages = (
        name
        for stage in catalogue.read(root).values()
        for language in stage.languages
        for name in stage.settings(language)
    )
    return {*re.findall(r"(?m)^(?:# )?([A-Z][A-Z0-9_]*)=", examples), *of_stages}
