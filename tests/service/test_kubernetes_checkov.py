"""Checkov finds only what .checkov.yaml answers, and what is wrong."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import manifests
import pytest
import yaml
from conftest import Pristine
from manifests import FOLDER, OVERLAYS

pytestmark = pytest.mark.slow

PLACE = Path(__file__).parents[2] / ".cache/checkov"
REQUIREMENT = "checkov>=3.3,<4"
QUIET = ("--quiet", "--compact", "--output", "json", "--skip-download")

Findings = dict[str, set[str]]
"""Check → the resources that fail it."""


@pytest.fixture(scope="module")
def checkov(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Findings]:
    """Run Checkov, in an environment of its own: it pins a hundred other distributions."""
    manifests.require(manifests.obstacle() or _installed())
    home = tmp_path_factory.mktemp("home")

    def run(*args: str) -> Findings:
        ran = subprocess.run(
            [str(PLACE / "bin/checkov"), *args, *QUIET],
            env={**os.environ, "HOME": str(home)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode in {0, 1}, ran.stderr
        return _findings(json.loads(ran.stdout))

    return run


def _installed() -> str:
    """Install it, unless it is there; return why it cannot be."""
    PLACE.parent.mkdir(parents=True, exist_ok=True)
    with PLACE.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (PLACE / "bin/checkov").exists():
            return ""
        uv = str(Path(sys.executable).with_name("uv"))
        python = PLACE / "bin/python"
        for command in (
            (uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(PLACE)),
            (uv, "pip", "install", "--quiet", "--python", str(python), REQUIREMENT),
        ):
            ran = subprocess.run(command, capture_output=True, text=True, check=False)
            if ran.returncode:
                return f"Checkov cannot be installed: {ran.stderr.strip()[-300:]}"
    return ""


def _findings(printed: Any) -> Findings:  # noqa: ANN401 - JSON
    """Return what failed; it prints one report or several, or only counts if it found no file."""
    found: Findings = defaultdict(set)
    for report in printed if isinstance(printed, list) else [printed]:
        assert report["summary"]["passed"] > 0 if "summary" in report else False, printed
        assert report["summary"]["parsing_errors"] == 0, printed
        for failed in report["results"]["failed_checks"]:
            found[failed["check_id"]].add(failed["resource"])
    return found


@pytest.fixture(scope="module")
def folder(pristine: Pristine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the overlays of a service with all stages make, a file each."""
    place = tmp_path_factory.mktemp("built")
    for language in ("python", "rust"):
        service = pristine(manifests.every(language), language)
        for overlay in OVERLAYS:
            found = manifests.of(service, overlay)
            (place / f"{language}-{overlay}.yaml").write_text(yaml.safe_dump_all(found))
    return place


def answered(service: Path) -> set[str]:
    """Return the checks that .checkov.yaml leaves out."""
    path = service / FOLDER / ".checkov.yaml"
    return set(yaml.safe_load(path.read_text(encoding="utf-8"))["skip-check"])


def test_every_finding_is_answered_and_every_answer_has_one(
    checkov: Callable[..., Findings], folder: Path, pristine: Pristine
) -> None:
    found = checkov("--directory", str(folder), "--framework", "kubernetes")

    assert set(found) == answered(pristine(manifests.ALONE))


def test_the_command_of_the_page_finds_nothing(
    checkov: Callable[..., Findings], pristine: Pristine, tmp_path: Path
) -> None:
    root = tmp_path / "orders"
    shutil.copytree(pristine(manifests.every("python")), root)

    assert checkov("--directory", str(root / FOLDER)) == {}


BROKEN: dict[str, tuple[str, manifests.Change]] = {
    "CKV_K8S_16": ("privileged", lambda it: it["securityContext"].update(privileged=True)),
    "CKV_K8S_20": ("escalates", lambda it: it["securityContext"].pop("allowPrivilegeEscalation")),
    "CKV_K8S_22": ("writable", lambda it: it["securityContext"].pop("readOnlyRootFilesystem")),
    "CKV_K8S_28": ("raw", lambda it: it["securityContext"].pop("capabilities")),
    "CKV_K8S_8": ("no-liveness", lambda it: it.pop("livenessProbe")),
    "CKV_K8S_9": ("no-readiness", lambda it: it.pop("readinessProbe")),
    "CKV_K8S_13": ("no-limit", lambda it: it["resources"].pop("limits")),
    "CKV_K8S_14": ("latest", lambda it: it.update(image="orders:latest")),
}


def test_what_is_broken_on_purpose_is_found(
    checkov: Callable[..., Findings], pristine: Pristine, tmp_path: Path
) -> None:
    service = pristine(manifests.ALONE)
    for name, change in BROKEN.values():
        found = manifests.of(service, "staging")
        change(manifests.pod(found)["containers"][0])
        manifests.one(found, "Deployment")["metadata"]["name"] = name
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump_all(found))
    findings = checkov("--directory", str(tmp_path), "--framework", "kubernetes")

    for check, (name, _) in BROKEN.items():
        assert [r for r in findings[check] if name in r.split(".")], (check, findings[check])
        assert len(findings[check]) < len(BROKEN), check
