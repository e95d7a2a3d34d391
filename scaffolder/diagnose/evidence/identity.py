"""The user of a container's process, and what a user may do with a file."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from scaffolder.diagnose.evidence.config import Config
from scaffolder.diagnose.evidence.files import Files, text

from .facts import Entry

if TYPE_CHECKING:
    from collections.abc import Iterable

READ, WRITE, EXECUTE = 4, 2, 1


@dataclass(frozen=True)
class Identity:
    """The user that a process runs as."""

    uid: int = 0
    gid: int = 0
    groups: frozenset[int] = frozenset()
    name: str = ""
    unknown: str = ""
    """The user or group that does not exist in the image."""
    overrides: bool = True
    """Root with CAP_DAC_OVERRIDE, to whom most permissions do not apply."""
    home: str = ""
    """The home directory that /etc/passwd has for it."""

    @property
    def words(self) -> str:
        """The user, for a sentence."""
        if self.name and self.name != str(self.uid):
            return f"{self.name} (uid {self.uid})"
        return "root" if self.uid == 0 else f"uid {self.uid}"

    def may(self, entry: Entry, what: int) -> bool:
        """Tell whether the file's mode allows it, as path_resolution(7) says."""
        if self.uid == 0 and self.overrides:
            return what != EXECUTE or entry.kind == "directory" or bool(entry.mode & 0o111)
        if entry.uid == self.uid:
            return bool(entry.mode >> 6 & what)
        if entry.gid == self.gid or entry.gid in self.groups:
            return bool(entry.mode >> 3 & what)
        return bool(entry.mode & what)


def identify(config: Config, files: Files, became: str = "") -> Identity:
    """Find the user, or whom it became, in the container's /etc/passwd, as the runtime does."""
    user, _, group = (became or config.user).partition(":")
    dropped = {name.upper().removeprefix("CAP_") for name in config.capabilities_dropped}
    added = {name.upper().removeprefix("CAP_") for name in config.capabilities_added}
    overrides = not (dropped & {"ALL", "DAC_OVERRIDE"}) or "DAC_OVERRIDE" in added
    users = _rows(text(files, "/etc/passwd"), 4)
    groups = _rows(text(files, "/etc/group"), 3)
    row = next((r for r in users if r[0] == (user or "root") or (user and r[2] == user)), None)
    uid = _number(row[2]) if row else _number(user or "0")
    if uid is None:
        return Identity(-1, -1, name=user, unknown=f"user {user}")
    gid = _number(row[3]) if row else 0
    name = row[0] if row else ""
    if group:
        found = next((r for r in groups if r[0] == group or r[2] == group), None)
        gid = _number(found[2]) if found else _number(group)
        if gid is None:
            return Identity(uid, -1, name=name, unknown=f"group {group}")
    member = {_number(r[2]) for r in groups if name and len(r) > 3 and name in r[3].split(",")}
    known = frozenset(n for n in member if n is not None)
    home = row[5].rstrip("/") if row and len(row) > 5 else ""
    return Identity(uid, gid or 0, known, name, "", overrides, home)


def _rows(content: str | None, least: int) -> list[list[str]]:
    rows: Iterable[list[str]] = (line.split(":") for line in (content or "").splitlines())
    return [row for row in rows if len(row) >= least]


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() else None
