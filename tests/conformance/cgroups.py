"""The memory of a container, as the kernel would show it: files in the place of its own."""

from pathlib import Path

MEBIBYTE = 1 << 20
CGROUPS = {
    "version 1": (
        "memory/memory.limit_in_bytes",
        "memory/memory.usage_in_bytes",
        "memory/memory.stat",
        "total_inactive_file",
    ),
    "version 2": ("memory.max", "memory.current", "memory.stat", "inactive_file"),
}


class Cgroup:
    """One with a limit of 100 MiB; `mount` puts it where a service looks."""

    def __init__(self, root: Path, version: str) -> None:
        *names, self.inactive = CGROUPS[version]
        self.mount = f"mount --bind {root} /sys/fs/cgroup"
        self.limit, self.usage, self.counts = (root / name for name in names)
        self.limit.parent.mkdir(exist_ok=True)
        self.limit.write_text(f"{100 * MEBIBYTE}\n", encoding="ascii")

    def use(self, mebibytes: int, *, inactive: int = 0) -> None:
        counts = f"anon 1\n{self.inactive} {inactive * MEBIBYTE}\n"
        self.counts.write_text(counts, encoding="ascii")
        self.usage.write_text(f"{mebibytes * MEBIBYTE}\n", encoding="ascii")
