"""`docker inspect`: the state and the configuration of a container, and its image's."""

from collections.abc import Iterable, Mapping
from typing import Any

from scaffolder.diagnose.evidence.config import Config, HealthCheck, Image, Mount, Port
from scaffolder.diagnose.evidence.facts import Health, Probe, State
from scaffolder.diagnose.evidence.moments import moment
from scaffolder.diagnose.evidence.strict import strict
from scaffolder.docker.client import Engine, parsed

from . import limits

NANO = 1e9


def inspect(engine: Engine, name: str, kind: str = "container") -> dict[str, Any] | None:
    """Return the document of a container, image or network; None if there is none."""
    ran = engine.ask("inspect", "--type", kind, name)
    if ran.code:
        return None
    found = parsed(ran.text)
    return found[0] if isinstance(found, list) and found and isinstance(found[0], dict) else None


@strict
def state(document: Mapping[str, Any]) -> State:
    """Read a container's state."""
    found = document.get("State") or {}
    return State(
        status=found.get("Status", ""),
        exit_code=found.get("ExitCode") or 0,
        error=found.get("Error") or "",
        oom_killed=bool(found.get("OOMKilled")),
        pid=found.get("Pid") or 0,
        started=moment(found.get("StartedAt")),
        finished=moment(found.get("FinishedAt")),
        health=_health(found.get("Health") or found.get("Healthcheck")),
    )


def _health(found: Mapping[str, Any] | None) -> Health | None:
    if not found or found.get("Status") in (None, "", "none"):
        return None
    status, log = found["Status"], tuple(map(_probe, found.get("Log") or []))
    # Docker also reports "unhealthy" for a container whose checks have not started.
    if status == "unhealthy" and not log:
        status = "starting"
    return Health(status, found.get("FailingStreak") or 0, log)


def _probe(found: Mapping[str, Any]) -> Probe:
    start, end = moment(found.get("Start")), moment(found.get("End"))
    seconds = (end - start).total_seconds() if start and end else 0.0
    return Probe(found.get("ExitCode") or 0, found.get("Output") or "", seconds)


@strict
def config(document: Mapping[str, Any]) -> Config:
    """Read a container's configuration."""
    own = document.get("Config") or {}
    host = document.get("HostConfig") or {}
    networks = (document.get("NetworkSettings") or {}).get("Networks") or {}
    policy = host.get("RestartPolicy") or {}
    return Config(
        image=own.get("Image") or "",
        image_id=document.get("Image") or "",
        entrypoint=words(own.get("Entrypoint")),
        command=words(own.get("Cmd")),
        env=variables(own.get("Env")),
        user=own.get("User") or "",
        workdir=own.get("WorkingDir") or "/",
        hostname=_hostname(document),
        hosts=tuple(host.get("ExtraHosts") or ()),
        name_servers=tuple(host.get("Dns") or ()),
        labels=own.get("Labels") or {},
        exposed=tuple(_exposed(own.get("ExposedPorts") or {})),
        published=tuple(_published(_bindings(document))),
        check=_check(own.get("Healthcheck")),
        tty=bool(own.get("Tty")),
        stdin=bool(own.get("OpenStdin")),
        init=bool(host.get("Init")),
        read_only=bool(host.get("ReadonlyRootfs")),
        memory=host.get("Memory") or 0,
        swap=host.get("MemorySwap") or 0,
        pids=max(host.get("PidsLimit") or 0, 0),
        cpus=limits.cpus(host),
        limits=limits.others(host),
        shm=host.get("ShmSize") or 0,
        ulimits={limit["Name"]: limit["Soft"] for limit in host.get("Ulimits") or []},
        restart=policy.get("Name") or "no",
        retries=policy.get("MaximumRetryCount") or 0,
        log_driver=(host.get("LogConfig") or {}).get("Type") or "",
        network=host.get("NetworkMode") or "default",
        networks={n: (about or {}).get("IPAddress") or "" for n, about in networks.items()},
        links=_links(host),
        capabilities_dropped=tuple(host.get("CapDrop") or ()),
        capabilities_added=tuple(host.get("CapAdd") or ()),
        security=tuple(host.get("SecurityOpt") or ()),
        sysctls=host.get("Sysctls") or {},
        tmpfs=host.get("Tmpfs") or {},
        mounts=tuple(map(_mount, document.get("Mounts") or [])),
        devices=tuple(d.get("PathInContainer", "") for d in host.get("Devices") or ()),
    )


@strict
def image(document: Mapping[str, Any], tagged: str) -> Image:
    """Read an image's configuration."""
    own = document.get("Config") or {}
    return Image(
        id=document.get("Id") or "",
        architecture=document.get("Architecture") or "",
        env=variables(own.get("Env")),
        entrypoint=words(own.get("Entrypoint")),
        command=words(own.get("Cmd")),
        workdir=own.get("WorkingDir") or "",
        volumes=tuple(own.get("Volumes") or ()),
        check=_check(own.get("Healthcheck")),
        created=document.get("Created") or "",
        tagged=tagged,
    )


def history(engine: Engine, image: str) -> tuple[str, ...]:
    """Return the instructions that an image was built from, the first one first."""
    ran = engine.ask("history", "--no-trunc", "--format", "{{.CreatedBy}}", image)
    return () if ran.code else tuple(reversed(ran.text.splitlines()))


def words(value: str | Iterable[str] | None) -> tuple[str, ...]:
    """Read a command, which podman may return as one string."""
    if isinstance(value, str):
        return (value,) if value else ()
    return tuple(value or ())


def variables(listed: Iterable[str] | None) -> dict[str, str]:
    """Read NAME=VALUE lines; compose lists those without a value, too, which are not set."""
    parts = (line.partition("=") for line in listed or ())
    return {name: value for name, is_set, value in parts if is_set}


def _exposed(found: Iterable[str]) -> Iterable[Port]:
    for text in found:
        number, _, protocol = text.partition("/")
        if number.isdecimal():
            yield Port(int(number), protocol or "tcp")


def _bindings(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return where ports are published: as requested or, if any was allowed, as assigned."""
    asked = (document.get("HostConfig") or {}).get("PortBindings") or {}
    given = (document.get("NetworkSettings") or {}).get("Ports") or {}
    return {port: given.get(port) or bindings for port, bindings in asked.items()}


def _published(found: Mapping[str, Any]) -> Iterable[Port]:
    for text, bindings in found.items():
        number, _, protocol = text.partition("/")
        for binding in bindings or []:
            host = binding.get("HostPort") or "0"
            if number.isdecimal() and host.isdecimal():
                address = binding.get("HostIp") or ""
                yield Port(int(number), protocol or "tcp", address, int(host))


def _hostname(document: Mapping[str, Any]) -> str:
    """Return the name that its host was given; empty if that is the beginning of the id."""
    name: str = (document.get("Config") or {}).get("Hostname") or ""
    return "" if name and (document.get("Id") or "").startswith(name) else name


def _check(found: Mapping[str, Any] | None) -> HealthCheck | None:
    test = tuple((found or {}).get("Test") or ())
    if not found or not test or test[0] == "NONE":
        return None

    def seconds(name: str) -> float:
        return float(found.get(name) or 0) / NANO

    return HealthCheck(
        test,
        seconds("Interval"),
        seconds("Timeout"),
        seconds("StartPeriod"),
        found.get("Retries") or 0,
    )


def _links(host: Mapping[str, Any]) -> dict[str, str]:
    """Return the names that links give, and to which containers: `/redis-1:/shop/cache`."""
    pairs = (link.partition(":") for link in host.get("Links") or ())
    return {alias.rpartition("/")[2]: target.lstrip("/") for target, _, alias in pairs}


def _mount(found: Mapping[str, Any]) -> Mount:
    return Mount(
        kind=found.get("Type") or "",
        source=found.get("Source") or "",
        destination=found.get("Destination") or "",
        writable=bool(found.get("RW", True)),
        name=found.get("Name") or "",
        options=found.get("Mode") or "",
    )
