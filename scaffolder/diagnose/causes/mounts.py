"""Mounts and other things that the runtime prepares: devices, networks, ports, limits, logs."""

import re
from posixpath import basename

from scaffolder.diagnose.case import Case, is_below
from scaffolder.diagnose.catalogue import Found, cause
from scaffolder.diagnose.evidence import Evidence, copied, inspected, logged
from scaffolder.diagnose.facts import Mount
from scaffolder.diagnose.phase import Phase
from scaffolder.diagnose.sources.files import resolved

from .identity import paths_in
from .start import refused

FILE_NAME = re.compile(
    r"\.(?:ya?ml|toml|json|conf|cfg|ini|env|py|js|sh|pem|crt|key|xml|properties|txt|sql|lua|tmpl)$"
)


@cause(
    "mount-kind",
    "a directory is mounted onto a file, or a file onto a directory",
    pattern="environment",
    reads=["inspect"],
    page="check-files-and-dependencies",
    when=Phase.START,
    weight=90,
)
def mount_kind(case: Case) -> Found | None:
    """Find a bind mount whose source is not on the host, so that Docker made a directory."""
    if not re.search(r"not a directory|mount a directory onto a file|is a directory", case.refusal):
        return None
    bind = next(
        (
            m
            for m in case.config.mounts
            if m.destination in case.refusal or m.source in case.refusal
        ),
        None,
    )
    if bind is None or "mount" not in case.refusal:
        return None
    return Found(
        f"the host path {bind.source} is a directory (it did not exist, so Docker made it) and"
        f" cannot be mounted onto the file {bind.destination}, or the other way round",
        f"rmdir {bind.source}, create the file there, and start again; check the path, which is"
        " the host's",
        (refused(case), inspected(case, "Mounts", f"{bind.source} -> {bind.destination}")),
        (f"rmdir {bind.source}",),
        proven=True,
    )


@cause(
    "mount-directory-for-file",
    "a mount is an empty directory where the program expects a file",
    pattern="environment",
    reads=["inspect", "files", "logs"],
    page="check-files-and-dependencies",
    when=Phase.ENDED,
    weight=83,
)
def mount_directory_for_file(case: Case) -> Found | None:
    """Find a directory that Docker made because the file to be mounted was not on the host."""
    says = case.said(r"is a directory|EISDIR|errno 21\b")
    for mount in case.config.mounts:
        if mount.kind != "bind" or not FILE_NAME.search(mount.destination):
            continue
        entry = resolved(case.files, mount.destination)
        if entry and entry.kind == "directory":
            return Found(
                f"{mount.destination} is a directory, not a file: the host path {mount.source} did"
                " not exist when the container was made, so Docker created an empty directory",
                f"rmdir {mount.source}, put the file there, and create the container again",
                (
                    *((logged(case, says),) if says else ()),
                    copied(case, mount.destination, "directory"),
                    inspected(case, "Mounts", f"{mount.source} -> {mount.destination}"),
                ),
                (f"rmdir {mount.source}",),
                proven=says is not None,
            )
    return None


@cause(
    "mount-fails",
    "a mount cannot be made",
    pattern="environment",
    reads=["inspect"],
    page="check-files-and-dependencies",
    when=Phase.START,
    weight=70,
)
def mount_fails(case: Case) -> Found | None:
    """Find volumes and binds that the host refuses: no source, no driver, no permission."""
    match = re.search(
        r"error while mounting volume.*|failed to mount.*|bind source path does not exist[^\n]*"
        r"|error mounting [^\n]*|error while creating mount source path[^\n]*"
        r"|statfs [^\n]*no such file[^\n]*|failed to populate volume[^\n]*"
        r"|path [^\n]* is mounted on [^\n]* but it is not a shared[^\n]*|create mountpoint[^\n]*"
        r"|mkdirall[^\n]*",
        case.refusal,
        re.IGNORECASE,
    )
    if match is None or re.search(r"onto a file|: not a directory", case.refusal):
        return None
    mount = next(
        (
            m
            for m in case.config.mounts
            if m.destination in case.refusal or (m.source and m.source in case.refusal)
        ),
        None,
    )
    what = f"{mount.source or mount.name} on {mount.destination}" if mount else "a volume"
    return Found(
        f"the mount of {what} cannot be made: {match[0][-250:]}",
        "correct its source, driver and options: docker volume inspect NAME, ls -ld SOURCE on the"
        " host",
        (refused(case), inspected(case, "Mounts", what)),
        proven=mount is not None,
    )


@cause(
    "port-taken",
    "the host port is already in use",
    pattern="network",
    reads=["inspect", "neighbours"],
    page="pattern-network",
    when=Phase.START,
    weight=90,
)
def port_taken(case: Case) -> Found | None:
    """Find a published port that another container, or a program of the host, has."""
    match = re.search(
        r"(?:port is already allocated|address already in use|ports are not available)",
        case.refusal,
    )
    if match is None:
        return None
    named = re.search(
        r"(?:Bind for |listen tcp4? |endpoint \S+ .*?)([\d.:\[\]]+):(\d+)", case.refusal
    )
    port = int(named[2]) if named else 0
    wanted = [p for p in case.config.published if p.host_port == port] or list(
        case.config.published[:1]
    )
    address = (
        f"{wanted[0].host_address or '0.0.0.0'}:{wanted[0].host_port}" if wanted else f"{port}"
    )
    holder = next(
        (
            n
            for n in case.neighbours
            if n.status == "running" and any(p.host_port == port for p in n.published)
        ),
        None,
    )
    by = f"container {holder.name}" if holder else "another program of the host"
    return Found(
        f"host port {address} is already used by {by}",
        "publish another host port, or stop the other:"
        f" {'docker stop ' + holder.name if holder else f'ss -ltnp sport = :{port}'}",
        (
            refused(case),
            inspected(case, "HostConfig.PortBindings", address),
            Evidence(
                "neighbours",
                f"docker ps --filter publish={port}",
                holder.name if holder else "no container",
            ),
        ),
        (f"docker ps --filter publish={port}",),
        proven=holder is not None or (case.host.is_remote is False and _in_use(port)),
    )


def _in_use(port: int) -> bool:
    from scaffolder.diagnose.sources import live

    def read(path: str) -> str | None:
        try:
            with open(f"/proc/{path}", encoding="ascii") as file:  # noqa: PTH123 - of /proc
                return file.read()
        except OSError:
            return None

    return any(s.port == port for s in live.sockets(read) or ())


@cause(
    "network-fails",
    "the container's network cannot be set up",
    pattern="network",
    reads=["inspect"],
    page="pattern-network",
    when=Phase.START,
    weight=75,
)
def network_fails(case: Case) -> Found | None:
    """Find networks and containers to join that are gone, and addresses that are taken."""
    reasons = (
        (
            r"network \S+ not found|could not find a network",
            "the network that it belongs to no longer exists",
            (
                "create it again (docker network create), or make the container anew (docker"
                " compose up --force-recreate)"
            ),
        ),
        (
            r"join(?:ing)? network (?:namespace )?of|cannot join network|No such container",
            "the container whose network it shares is gone or does not run",
            "start that container first, then make this one anew",
        ),
        (
            r"cannot assign requested address",
            "the host address that a port is to be published on does not exist on this machine",
            "publish on an address of this machine, or on all: -p PORT:PORT",
        ),
        (
            r"Address already in use",
            "the fixed address is taken by another container of the network",
            "choose another --ip, or none",
        ),
        (
            r"could not find an available|no available (?:network|IPv4)",
            "no free address is left for networks or in this network",
            "remove unused networks: docker network ls",
        ),
        (
            r"iptables|nftables|programming external connectivity|driver failed",
            "the host's firewall rules for the port cannot be made",
            "restart the Docker daemon, which makes its chains again",
        ),
    )
    for pattern, text, fix in reasons:
        if re.search(pattern, case.refusal):
            return Found(
                f"{text}: {case.refusal[-200:]}",
                fix,
                (refused(case), inspected(case, "HostConfig.NetworkMode", case.config.network)),
                proven=True,
            )
    return None


@cause(
    "device-missing",
    "a device, GPU or runtime that it asks for is not on this host",
    pattern="environment",
    reads=["inspect"],
    page="check-resources",
    when=Phase.START,
    weight=78,
)
def device_missing(case: Case) -> Found | None:
    """Find --device, --gpus and --runtime that the host cannot give."""
    match = re.search(
        r"error gathering device information[^\n]*|could not select device driver[^\n]*"
        r"|unknown runtime[^\n]*|nvidia-container[^\n]*|runtime \S+ not found[^\n]*|libcuda[^\n]*"
        r"|not a device node[^\n]*",
        case.refusal,
        re.IGNORECASE,
    )
    if match is None:
        return None
    return Found(
        "the host does not have a device, GPU or runtime that the container asks for:"
        f" {match[0][:250]}",
        "start it without --device, --gpus or --runtime, or install the driver on the host",
        (refused(case), inspected(case, "HostConfig.Devices", match[0][:200])),
        proven=True,
    )


@cause(
    "limit-refused",
    "a limit or kernel setting is refused by the host",
    pattern="environment",
    reads=["inspect"],
    page="check-resources",
    when=Phase.START,
    weight=74,
)
def limit_refused(case: Case) -> Found | None:
    """Find ulimits, sysctls, profiles and cgroup values that the runtime cannot set."""
    match = re.search(
        r"error setting rlimit[^\n]*|sysctl[^\n]*|apparmor[^\n]*|seccomp[^\n]*|cgroup[^\n]*"
        r"|oom_score_adj[^\n]*|unknown capability[^\n]*|selinux[^\n]*|argument list too long[^\n]*"
        r"|invalid hostname[^\n]*|sethostname[^\n]*",
        case.refusal,
        re.IGNORECASE,
    )
    if match is None or re.search(r"OOM|memory", match[0]):
        return None
    return Found(
        f"the host refuses a limit, profile or setting of the container: {match[0][:250]}",
        "leave that option out, or correct its value (--ulimit, --sysctl, --security-opt,"
        " --cgroup-parent)",
        (refused(case), inspected(case, "HostConfig", match[0][:200])),
        proven=True,
    )


@cause(
    "log-driver-fails",
    "the log driver cannot be started",
    pattern="environment",
    reads=["inspect"],
    page="check-status-and-logs",
    when=Phase.START,
    weight=80,
)
def log_driver_fails(case: Case) -> Found | None:
    """Find a log driver whose server does not answer."""
    if not re.search(
        r"failed to initialize logging driver|logging driver|log driver", case.refusal
    ):
        return None
    return Found(
        f"the log driver {case.config.log_driver} cannot be started: {case.refusal[-200:]}",
        "use --log-driver json-file or local, or correct the driver's address",
        (refused(case), inspected(case, "HostConfig.LogConfig.Type", case.config.log_driver)),
        proven=True,
    )


@cause(
    "start-disk-full",
    "the host's disk is full",
    pattern="environment",
    reads=["inspect"],
    page="check-resources",
    when=Phase.START,
    weight=85,
)
def start_disk_full(case: Case) -> Found | None:
    """Find a start that fails because nothing can be written."""
    if not re.search(r"no space left on device|disk quota exceeded", case.refusal):
        return None
    return Found(
        "the host has no space left on the disk that holds the containers",
        "free some: docker system df shows what is used; docker image prune removes what nothing"
        " uses",
        (refused(case),),
        ("docker system df",),
        proven=True,
    )


@cause(
    "mount-hides-files",
    "a mount hides files that the image has, and the program needs",
    pattern="environment",
    reads=["logs", "inspect", "files"],
    page="check-files-and-dependencies",
    when=Phase.ENDED,
    weight=88,
)
def mount_hides_files(case: Case) -> Found | None:
    """Find a file that the program misses, and that is in the image below a mount."""
    for path, line in _missed(case):
        mount = next(
            iter(
                sorted(
                    (m for m in case.config.mounts if is_below(path, m.destination)),
                    key=lambda m: -len(m.destination),
                )
            ),
            None,
        )
        if mount is None or resolved(case.files, path) or not resolved(case.image_files, path):
            continue
        kind = (
            f"bind mount of {mount.source}" if mount.kind == "bind" else f"volume {mount.name[:20]}"
        )
        return Found(
            f"the {kind} over {mount.destination} hides {path}, which exists in the image",
            f"mount a directory below {mount.destination} instead, or add an anonymous volume for"
            " what must stay visible",
            (
                line,
                copied(case, path, "no such file in the container"),
                inspected(case, "Mounts", f"{mount.source} -> {mount.destination}"),
            ),
            proven=True,
        )
    return None


MISSED = (
    r"[^\n]*(?:no such file|not found|cannot find|can't (?:open|find)|ENOENT|cannot open"
    r"|unable to access|could not find|does not exist|no module named)[^\n]*"
)


def _missed(case: Case) -> list[tuple[str, Evidence]]:
    """Return paths that the log says are missing, and scripts that cannot be read."""
    match = case.said(MISSED)
    line = case.line(match) if match else ""
    found = [
        (path, logged(case, line))
        for path in paths_in(line + " ") or re.findall(r"(/[\w./-]+)", line)
    ]
    words = re.search(r"(?:No module named|Cannot find (?:module|package)) ['\"]?([\w./@-]+)", line)
    if words:
        name = words[1].removeprefix("./")
        for mount in case.config.mounts:
            candidates = (
                f"{mount.destination}/{name}",
                f"{mount.destination}/{name.replace('.', '/')}.py",
                f"{mount.destination}/node_modules/{name}",
                f"{mount.destination}/{name.replace('.', '/')}",
            )
            found += [(path, logged(case, line)) for path in candidates]
    return found[:12]


@cause(
    "volume-stale",
    "a volume holds files of an older version than the image",
    pattern="environment",
    reads=["inspect", "files"],
    page="check-files-and-dependencies",
    when=Phase.ENDED,
    weight=66,
)
def volume_stale(case: Case) -> Found | None:
    """Find a program or script that runs from a volume, and differs from the image's."""
    volumes = [m for m in case.config.mounts if m.kind == "volume"]
    for path in _run_from(case) if volumes else ():
        mount = next((m for m in volumes if is_below(path, m.destination)), None)
        ours, theirs = (
            resolved(case.files, path),
            resolved(case.image_files, path) if mount else None,
        )
        if mount is None or not ours or not theirs or ours.kind != "file" or theirs.kind != "file":
            continue
        if ours.size == theirs.size and case.files.content(ours.path) == case.image_files.content(
            theirs.path
        ):
            continue
        return _stale(case, mount, path, ours.size, theirs.size)
    return None


def _stale(case: Case, mount: Mount, path: str, ours: int, theirs: int) -> Found:
    name = mount.name[:20] or mount.source
    return Found(
        f"the volume {name} over {mount.destination} still holds an older version's files: {path}"
        " in it differs from the image's, which is what the new image brings",
        "mount the volume where only data is, or remove it after saving what is in it: docker"
        f" volume rm {name}",
        (
            copied(case, path, f"{ours} bytes in the volume; {theirs} bytes in the image"),
            inspected(case, "Mounts", f"volume {name} -> {mount.destination}"),
        ),
    )


def _run_from(case: Case) -> list[str]:
    """Return the paths of what runs, and of files beside it."""
    found = []
    for item in case.launched:
        if item.script and item.script.path:
            found.append(item.script.path)
        if item.program and item.program.entry:
            found.append(item.program.path)
    mentioned = paths_in(case.text[-4000:])[:10]
    names = [
        n
        for m in case.config.mounts
        if m.kind == "volume"
        for n in case.files.names(m.destination)[:30]
    ]
    return list(dict.fromkeys([*found, *mentioned, *names]))


@cause(
    "image-outdated",
    "the container was made from an older image than its tag now names",
    pattern="image",
    reads=["inspect"],
    page="check-status-and-logs",
    when=Phase.ENDED | Phase.START,
    weight=58,
)
def image_outdated(case: Case) -> Found | None:
    """Find a container that was not made again after its image was built again."""
    image = case.image
    if image is None or not image.tagged or image.tagged == case.config.image_id:
        return None
    name = case.config.image
    return Found(
        f"the container was made from an older image than the one its tag {name} now names: what"
        " was built since is not what runs",
        "make the container again from the tag: docker rm it and docker run, or docker compose up"
        " -d --force-recreate",
        (
            inspected(case, "Image", case.config.image_id),
            Evidence(
                "inspect", f"docker image inspect --format '{{{{.Id}}}}' {name}", image.tagged
            ),
        ),
    )


@cause(
    "start-refused",
    "the runtime refuses to start the container",
    pattern="environment",
    reads=["inspect"],
    page="check-status-and-logs",
    when=Phase.START,
    weight=10,
)
def start_refused(case: Case) -> Found | None:
    """Show the runtime's words, where no other cause explains them."""
    if not case.refusal:
        return None
    name = basename(case.config.argv[0]) if case.config.argv else "it"
    return Found(
        f"the runtime cannot start {name}: {case.refusal[:400]}",
        "correct what the runtime names, and start it again",
        (refused(case),),
    )
