"""Where a program is that is not at its expected path."""

from posixpath import join

from scaffolder.diagnose.case import Case

PLACES = (
    "/app", "/usr/local/bin", "/usr/bin", "/bin", "/opt/app", "/srv", "/usr/src/app", "/",
    "/app/bin", "/app/dist", "/app/target/release", "/usr/local/sbin", "/home/app", "/opt",
    "/go/bin", "/usr/local/cargo/bin", "/app/.venv/bin", "/opt/venv/bin", "/venv/bin",
    "/root",
)  # fmt: skip


def find_elsewhere(case: Case, name: str) -> list[str]:
    """Return other paths of a file with that name, or a similar one."""
    names = dict.fromkeys(
        (name, name.lower(), name.replace("_", "-"), name.replace("-", "_"), f"{name}3")
    )
    places = dict.fromkeys((*PLACES, case.config.workdir))
    found = []
    for place in places:
        for other in names:
            entry = case.finder.files.entry(join(place, other))
            if entry is not None and entry.kind != "directory":
                found.append(join(place, other))
    return found
