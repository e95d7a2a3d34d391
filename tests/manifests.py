"""Manifests of services: what an overlay makes, and what is wrong with it."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from scaffolder.templates import catalogue, template

FOLDER = "deploy/kubernetes"
OVERLAYS = ("staging", "production")
OLDEST_KUBECTL = (1, 27)
"""The first with kustomize 5, whose `labels` and `patches` the manifests use."""

ALONE = ("kubernetes",)
WITH_USERS = ("auth", "kubernetes")

Manifests = list[dict[str, Any]]
Change = Callable[[dict[str, Any]], object]
"""What breaks a manifest."""


def every(language: str) -> tuple[str, ...]:
    """Return all stages of a language."""
    return tuple(sorted(catalogue.load(template.builtin().root, language).stages))


def obstacle() -> str:
    """Return why no overlay can be built here, or an empty string."""
    if not shutil.which("kubectl"):
        return "kubectl was not found"
    ran = subprocess.run(["kubectl", "version", "--client"], capture_output=True, check=False)
    version = re.search(rb"Client Version: \D*(\d+)\.(\d+)", ran.stdout)
    if not version or (int(version[1]), int(version[2])) < OLDEST_KUBECTL:
        said = (ran.stdout or ran.stderr).decode().splitlines()
        return f"kubectl is older than {'.'.join(map(str, OLDEST_KUBECTL))}: {said[:1]}"
    return ""


def require(reason: str) -> None:
    """Skip for a reason; fail where what is missing has to be there."""
    if reason and os.environ.get("REQUIRE_SERVICES"):
        pytest.fail(reason)
    if reason:
        pytest.skip(f"manifests: {reason}")


def build(overlay: Path) -> "subprocess.CompletedProcess[str]":
    command = ["kubectl", "kustomize", str(overlay)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def built(overlay: Path) -> Manifests:
    """Return the manifests that an overlay makes."""
    ran = build(overlay)
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr == ""  # a field that is deprecated is named there
    return [*yaml.safe_load_all(ran.stdout)]


def of(service: Path, overlay: str) -> Manifests:
    """Return the manifests of a service in an environment."""
    return built(service / FOLDER / "overlays" / overlay)


def one(manifests: Manifests, kind: str) -> dict[str, Any]:
    """Return the only manifest of its kind."""
    (found,) = (manifest for manifest in manifests if manifest["kind"] == kind)
    return found


def config(manifests: Manifests, name: str) -> dict[str, Any]:
    """Return the ConfigMap of a name, or of one that a hash was appended to."""
    (found,) = (
        manifest
        for manifest in manifests
        if manifest["kind"] == "ConfigMap"
        and re.fullmatch(rf"{name}(-[a-z0-9]{{10}})?", manifest["metadata"]["name"])
    )
    return found


def mounted(
    manifests: Manifests, file: str, kind: str = "Deployment"
) -> tuple[str, dict[str, Any]]:
    """Return the name of the ConfigMap with a file that pods mount, and how they mount it."""
    pod = one(manifests, kind)["spec"]["template"]["spec"]
    (volume,) = (
        volume
        for volume in pod["volumes"]
        if volume.get("configMap", {}).get("items") == [{"key": file, "path": file}]
    )
    (mount,) = (
        mount for mount in pod["containers"][0]["volumeMounts"] if mount["name"] == volume["name"]
    )
    return volume["configMap"]["name"], mount


def read(path: Path) -> dict[str, Any]:
    """Return a file of YAML."""
    found: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


def kinds(manifests: Manifests) -> list[str]:
    return sorted(manifest["kind"] for manifest in manifests)


def problems(manifest: dict[str, Any], version: str = "") -> list[str]:
    """Return what a version of Kubernetes does not take; the newest that is known, if not given."""
    known = kubernetes_validate.latest_version()
    try:
        kubernetes_validate.validate(manifest, version or known, strict=True)
    except kubernetes_validate.ValidationError as error:
        return [str(error.message)]
    return []


def pod(manifests: Manifests) -> dict[str, Any]:
    """Return the pod that the Deployment starts."""
    found: dict[str, Any] = one(manifests, "Deployment")["spec"]["template"]["spec"]
    return found


def container(manifests: Manifests) -> dict[str, Any]:
    (found,) = pod(manifests)["containers"]
    return dict(found)


def probes(manifests: Manifests) -> dict[str, dict[str, Any]]:
    """Return the probes by name: startup, liveness, readiness."""
    return {
        name.removesuffix("Probe"): probe
        for name, probe in container(manifests).items()
        if name.endswith("Probe")
    }


def budget(probe: Mapping[str, int]) -> int:
    """Return after how many seconds of failing a probe acts, at the soonest."""
    return probe["periodSeconds"] * probe["failureThreshold"]


def texts(value: object) -> Iterator[str]:
    """Return every text in a manifest."""
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)
    elif isinstance(value, str):
        yield value
