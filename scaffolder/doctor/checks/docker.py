"""Docker or podman: whether it answers, builds, has room, and can start what compose.yaml says."""

import os
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from scaffolder.docker import compose as docker_compose
from scaffolder.docker.client import EngineError
from scaffolder.docker.info import SECONDS, Info
from scaffolder.doctor.catalogue import Needs, check
from scaffolder.doctor.findings import Finding, fine, skipped, warning
from scaffolder.doctor.subject import Subject
from scaffolder.languages.tools import version
from scaffolder.text import command

ROOM = 5 << 30
"""Bytes that building an image of a service takes, generously."""
OLD = 90
"""Days after which a base image lacks fixes that its distribution has long had."""
OPTIONAL_FILE = (2, 24)
"""The first Compose in which a file of variables may be missing, as in adopted services."""
OPTIONAL = (2, 20)
"""The first Compose that starts a service without servers that it would wait for."""
IMAGE = re.compile(r"[A-Za-z0-9][\w./:@-]*")
ARGUMENT = re.compile(r"ARG\s+(\w+)=(\S+)")
FROM = re.compile(r"FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?", re.IGNORECASE)


def _answering(subject: Subject) -> Info | None:
    """Return the engine if it has answered; the check `docker` says why not."""
    found = subject.docker
    return found if isinstance(found, Info) and found.version else None


@check("docker")
def docker(subject: Subject) -> Iterator[Finding]:
    """Ask the engine for its version, with a time limit."""
    found = subject.docker
    if isinstance(found, EngineError):
        yield warning(f"{found.message}; nothing can be verified in a container", found.hint)
    elif not found.version:
        yield skipped(f"its daemon is on another machine and was not asked: {found.address}",
                      "viscaffold doctor --contact")  # fmt: skip
    else:
        yield fine(f"{found.engine.name} {found.version}")


@check("cgroup")
def cgroup(subject: Subject) -> Iterator[Finding]:
    """Look which version of cgroups limits containers."""
    found = _answering(subject)
    if found and found.cgroup == "1":
        yield warning("containers are limited by cgroups of version 1, which Docker and Kubernetes "
                      "give up",
                      "boot with systemd.unified_cgroup_hierarchy=1")  # fmt: skip
    elif found and found.cgroup:
        yield fine(f"version {found.cgroup}")


@check("builder")
def builder(subject: Subject) -> Iterator[Finding]:
    """Look whether images can be built as the environment asks for."""
    found = _answering(subject)
    if found is None or found.engine.name != "docker":
        return
    ran = found.engine.run("buildx", "version", seconds=SECONDS)
    wanted = os.environ.get("DOCKER_BUILDKIT", "") not in ("", "0")
    if ran.code == 0:
        yield fine(ran.text.strip())
    elif wanted:
        yield warning("DOCKER_BUILDKIT is set, and buildx is not there: `docker build` fails",
                      "install docker-buildx-plugin, or unset DOCKER_BUILDKIT")  # fmt: skip
    else:
        yield fine("the classic one; buildx is not there, and images need none")


@check("images-disk")
def images_disk(subject: Subject) -> Iterator[Finding]:
    """Look for room where the engine keeps images."""
    found = _answering(subject)
    if found is None or not found.is_here or not Path(found.root).is_dir():
        return
    free = shutil.disk_usage(found.root).free
    if free < ROOM:
        name = found.engine.name
        yield warning(f"{found.root}, where images are kept, has {free >> 20} MiB left",
                      f"{name} system df; {name} image prune")  # fmt: skip
    else:
        yield fine(f"{found.root}: {free >> 30} GiB free")


@check("compose", Needs.SERVICE)
def compose(subject: Subject) -> Iterator[Finding]:
    """Look for a Compose that understands the service's file."""
    found, service = _answering(subject), subject.required_service
    content = subject.content("compose.yaml")
    if found is None or content is None:
        return
    try:
        said = docker_compose.version(found.engine, SECONDS)
    except EngineError as error:
        yield warning(f"compose.yaml cannot be started: {error.message}", error.hint)
        return
    stages = service.catalogue.stages.items()
    waits = any(stage.servers for name, stage in stages if name in service.stages)
    needed = OPTIONAL_FILE if b"env_file: [{path:" in content else OPTIONAL if waits else ()
    if needed and version(said) and version(said) < needed:
        least = ".".join(map(str, needed))
        yield warning(f"Compose {said} refuses compose.yaml, which takes {least}",
                      "install a newer docker-compose-plugin")  # fmt: skip
    else:
        yield fine(f"Compose {said}")


@check("base-images", Needs.SERVICE)
def base_images(subject: Subject) -> Iterator[Finding]:
    """Look how old the images are that the Dockerfile begins with, as they are here."""
    found = _answering(subject)
    content = subject.content("Dockerfile")
    for image in based_on((content or b"").decode("utf-8", "replace")) if found else ():
        assert found is not None  # noqa: S101 - the line above
        asked = ("image", "inspect", "--format", "{{json .Created}}", image)
        ran = found.engine.ask(*asked, seconds=SECONDS)
        if ran.code:
            yield skipped(f"{image} is not here; the next build fetches it")
            continue
        days = _days(ran.text)
        pull = command(found.engine.name, "pull", image)
        if days is not None and days > OLD:
            yield warning(f"{image} is {days} days old here", f"{pull}; then build again")
        else:
            yield fine(f"{image}: {days} days old")


def based_on(dockerfile: str) -> list[str]:
    """Return the images that a Dockerfile begins with, with the defaults of its arguments."""
    arguments: dict[str, str] = {}
    stages = {"scratch"}
    images: list[str] = []
    for line in dockerfile.splitlines():
        argument, start = ARGUMENT.match(line), FROM.match(line)
        if argument and not images:
            arguments[argument[1]] = argument[2]
        if start:
            image = re.sub(r"\$\{?(\w+)\}?", lambda m: arguments.get(m[1], ""), start[1])
            if image not in stages and IMAGE.fullmatch(image):
                images.append(image)
            stages.add(start[2] or "")
    return list(dict.fromkeys(images))


def _days(created: str) -> int | None:
    try:
        made = datetime.fromisoformat(created.strip().strip('"'))
    except ValueError:
        return None
    return (datetime.now(UTC) - made.astimezone(UTC)).days
