"""The place that a container runs in: settings, limits, networks and mounts, for another one."""

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from scaffolder import temporary
from scaffolder.docker import throwaway
from scaffolder.docker.client import Engine
from scaffolder.errors import UsageError
from scaffolder.text import shown

from .service import Service

FOLDER = "com.docker.compose.project.working_dir"

OWN = ("bridge", "default", "none")
"""Networks that are given by the mode alone."""


@dataclass(frozen=True)
class Place:
    """A container, as `docker inspect` describes it, and its image."""

    container: Mapping[str, Any]
    image: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Return its name."""
        return str(self.container["Name"]).lstrip("/")

    @property
    def is_healthy(self) -> bool:
        """Tell whether its own health check passed last."""
        state = self.container.get("State") or {}
        return (state.get("Health") or {}).get("Status") == "healthy"

    @property
    def env(self) -> dict[str, str]:
        """Return its settings: the variables that its image does not have like that."""
        its, own = (_env(about["Config"]) for about in (self.container, self.image))
        return {name: value for name, value in its.items() if own.get(name) != value}


def _env(config: Mapping[str, Any]) -> dict[str, str]:
    """Return variables; compose lists those without a value, too, which are not set."""
    pairs = (variable.partition("=") for variable in config.get("Env") or ())
    return {name: value for name, is_set, value in pairs if is_set}


def found(engine: Engine, target: str, service: Service) -> Place:
    """Return the place of a container; raise UsageError if there is none of that name."""
    name = service.answers["name"]
    names = [target] if target else [*_of_compose(engine, service.root, name), name]
    for candidate in names:
        ran = engine.ask("inspect", "--type", "container", "--format", "{{json .}}", candidate)
        if not ran.code:
            (container,) = engine.json("inspect", "--type", "container", candidate)
            (image,) = engine.json("inspect", "--type", "image", container["Image"])
            return Place(container, image)
    wanted = f"no container {shown(target)}" if target else f"no container of {name}"
    raise UsageError(f"there is {wanted}", "docker ps --all; then: viscaffold minimal NAME")


def _of_compose(engine: Engine, root: Path, image: str) -> list[str]:
    """Return the containers of the compose project in a directory, those that run last.

    Those of other images, which are servers beside the service, come after them.
    """
    command = ("ps", "--all", "--filter", f"label={FOLDER}={root}", "--format")
    rows = engine.ask(*command, "{{.State}} {{.Image}} {{.Names}}").text.splitlines()
    found = [row.split(" ", 2) for row in rows]
    found.sort(key=lambda row: (row[1].partition(":")[0] != image, row[0] == "running"))
    return [names.partition(",")[0] for _, _, names in found]


@contextmanager
def taken(
    engine: Engine, image: str, other: Place, flags: tuple[str, ...]
) -> Iterator[tuple[str, list[str], list[str]]]:
    """Create a container of `image` in the place of another one; it is removed afterwards.

    Yield its name, what it was given of the other, and what was left out. It takes over no name and
    no published port: nobody sends it what is meant for the other.
    """
    (own,) = engine.json("inspect", "--type", "image", image)
    with temporary.directory() as directory:
        options, given, left_out = [*flags], list[str](), list[str]()
        for part in (settings(other, directory), limits(other), mounts(other, own)):
            options += part.options
            given += part.given
            left_out += part.left_out
        first, *rest = networks(other, left_out)
        given += [f"network {name}" for name in (first, *rest)]
        with throwaway.created(
            engine, image, *options, f"--network={first}", command=()
        ) as name:  # fmt: skip
            for network in rest:
                engine.ask("network", "connect", network, name)
            yield name, given, left_out


@dataclass(frozen=True)
class Part:
    """Options for a new container, what they give it in words, and what they do not."""

    options: list[str]
    given: list[str]
    left_out: list[str]


def settings(other: Place, directory: Path) -> Part:
    """Pass settings in a file: what is in a command line, every user of the machine can read."""
    plain = {name: value for name, value in other.env.items() if "\n" not in value}
    file = directory / "settings"
    file.touch(0o600)
    file.write_text("".join(f"{k}={v}\n" for k, v in plain.items()), encoding="utf-8")
    lines = [f"setting {name} (it has several lines)" for name in other.env.keys() - plain.keys()]
    return Part([f"--env-file={file}"], [f"setting {name}" for name in sorted(plain)], lines)


def limits(other: Place) -> Part:
    """Pass on limits, user and hardening, but no privileges."""
    host, config = other.container["HostConfig"], other.container["Config"]
    options = []
    for key, flag in (("Memory", "memory"), ("MemorySwap", "memory-swap")):
        options += [f"--{flag}={host[key]}"] if host.get(key) else []
    options += [f"--cpus={host['NanoCpus'] / 1e9:g}"] if host.get("NanoCpus") else []
    options += [f"--pids-limit={host['PidsLimit']}"] if host.get("PidsLimit") else []
    options += ["--read-only"] if host.get("ReadonlyRootfs") else []
    options += [f"--cap-drop={name}" for name in host.get("CapDrop") or ()]
    options += [f"--security-opt={option}" for option in host.get("SecurityOpt") or ()]
    for limit in host.get("Ulimits") or ():
        options.append(f"--ulimit={limit['Name']}={limit['Soft']}:{limit['Hard']}")
    for entry in host.get("ExtraHosts") or ():
        options.append(f"--add-host={entry}")
    for address in host.get("Dns") or ():
        options.append(f"--dns={address}")
    given = [option.removeprefix("--") for option in options]
    user = config.get("User") or ""
    if user != (other.image["Config"].get("User") or ""):
        options.append(f"--user={user}")
        given.append(f"user {user}")
    withheld = {"Privileged": "privileges", "CapAdd": "added capabilities", "Devices": "devices"}
    return Part(options, given, [word for key, word in withheld.items() if host.get(key)])


def mounts(other: Place, own: Mapping[str, Any]) -> Part:
    """Pass on mounts, but those that would hide the program, or lead to the host's sockets."""
    part = Part([], [], [])
    for destination in (other.container["HostConfig"].get("Tmpfs") or {}).items():
        part.options.append(f"--tmpfs={':'.join(filter(None, destination))}")
        part.given.append(f"tmpfs {destination[0]}")
    for mount in other.container.get("Mounts") or ():
        where = str(mount["Destination"])
        why = obstacle(mount, own)
        if why:
            part.left_out.append(f"mount {where} ({why})")
            continue
        source = mount.get("Name") if mount["Type"] == "volume" else mount["Source"]
        mode = "" if mount["RW"] else ",readonly"
        part.options.append(f"--mount=type={mount['Type']},source={source},target={where}{mode}")
        part.given.append(f"mount {where}")
    return part


def obstacle(mount: Mapping[str, Any], own: Mapping[str, Any]) -> str:
    """Return why a mount is not passed on; an empty text if it is."""
    if mount["Type"] not in ("bind", "volume"):
        return f"it is of the type {mount['Type']}"
    if any("," in str(mount.get(key, "")) for key in ("Source", "Destination", "Name")):
        return "its name has a comma"
    where = PurePosixPath(mount["Destination"])
    config = own["Config"]
    path = _env(config).get("PATH", "").split(":")[0]
    program = [config.get("WorkingDir") or "/", path, *(config.get("Entrypoint") or ())]
    if any(PurePosixPath(word).is_relative_to(where) for word in program if word.startswith("/")):
        return "it would hide the program"
    try:
        kind = os.stat(mount["Source"]).st_mode  # noqa: PTH116 - a link's target is what is mounted
    except OSError:
        return ""
    return "it is a socket of the host" if stat.S_ISSOCK(kind) else ""


def networks(other: Place, left_out: list[str]) -> list[str]:
    """Return the networks to connect to, the first at creation."""
    mode = other.container["HostConfig"].get("NetworkMode") or "default"
    names = [*(other.container["NetworkSettings"].get("Networks") or {})]
    if mode == "host" or mode.startswith("container:"):
        left_out.append(f"network {mode} (its port is taken there)")
        return ["bridge"]
    if mode in OWN or not names:
        return [mode, *(name for name in names if name not in OWN)]
    return names
