"""Tables of signatures: causes that text alone identifies, a row for each way to phrase it.

A cause that has to be checked against files, settings or processes is a function instead; see
`catalogue.cause`.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from posixpath import join

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.evidence.files import resolved
from scaffolder.diagnose.evidence.phase import Phase

from .catalogue import Basis, Found, cause
from .evidence import Evidence, copied, ended, inspected, logged, refused

Show = Callable[[Case, re.Match[str]], Evidence | None]
STORES = (
    "/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/cert.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
)  # fmt: skip
"""Where distributions keep the certificates of CAs."""
Check = Callable[[Case, re.Match[str]], bool]


@dataclass(frozen=True)
class Row:
    """One message that shows a cause, and the answer to it."""

    says: str
    """A pattern for a part of a line, in any case.

    It is searched in the log or, if the container never started, in the runtime's refusal.
    """
    text: str
    """A format with `{line}`, `{said}` (what the pattern found), `{end}` (the end of that),
    `{code}`, `{config}` and the groups of the pattern."""
    fix: str
    commands: tuple[str, ...] = ()
    also: str = ""
    unless: str = ""
    """Patterns that the line must contain as well, and that it must not contain."""
    whole: bool = False
    """The pattern matches whole lines."""
    codes: frozenset[int] = frozenset()
    """Exit codes that prove the cause, together with the text."""
    only: Check | None = None
    """What must be true besides the text."""
    proves: Check | None = None
    """What proves the cause, together with the text: files or the configuration agree."""
    basis: Basis | None = None

    @property
    def pattern(self) -> str:
        """The pattern to search for."""
        return self.says if self.whole else rf"[^\n]*(?:{self.says})[^\n]*"

    def fits(self, case: Case, match: re.Match[str]) -> bool:
        """Tell whether the rest of the line agrees, and what else the row requires."""
        line = case.line(match)
        if self.unless and re.search(self.unless, line, re.IGNORECASE):
            return False
        return bool(re.search(self.also, line, re.IGNORECASE)) and (
            self.only is None or self.only(case, match)
        )


@dataclass(frozen=True, kw_only=True)
class Signature:
    """A cause that is found by rows; the first row that matches gives the answer."""

    id: str
    title: str
    pattern: str
    rows: tuple[Row, ...]
    page: str = ""
    reads: tuple[str, ...] = ("logs",)
    shows: tuple[str, ...] = ()
    """More evidence, by the names in `SHOWN`."""
    when: Phase = Phase.DIED
    basis: Basis = Basis.NAMED
    explains: tuple[str, ...] = ()
    cured_by: tuple[str, ...] = ()

    def row(self, case: Case) -> tuple[Row, re.Match[str]] | None:
        """Return the first row that matches, and where."""
        for row in self.rows:
            match = _sought(case, row.pattern)
            if match and row.fits(case, match):
                return row, match
        return None

    def find(self, case: Case) -> Found | None:
        """Return the answer of the first row that matches."""
        found = self.row(case)
        return self._found(case, *found) if found else None

    def _found(self, case: Case, row: Row, match: re.Match[str]) -> Found:
        groups = {name: " ".join((text or "").split()) for name, text in match.groupdict().items()}
        said = match[0].strip()
        words = {
            "line": case.line(match), "said": " ".join(said.split()), "end": said[-200:],
            "code": case.exit_code, "config": case.config, **groups,
        }  # fmt: skip
        text, fix, *commands = (
            form.format_map(words) for form in (row.text, row.fix, *row.commands)
        )
        shown = (SHOWN[name](case, match) for name in self.shows)
        first = refused(case) if case.phase == Phase.START else logged(case, match)
        return Found(
            text,
            fix,
            (first, *(evidence for evidence in shown if evidence)),
            tuple(commands),
            proven=case.exit_code in row.codes or bool(row.proves and row.proves(case, match)),
            basis=row.basis,
        )


def always(_case: Case, _match: re.Match[str]) -> bool:
    """Accept the text as proof of the cause."""
    return True


def _sought(case: Case, pattern: str) -> re.Match[str] | None:
    if case.phase == Phase.START:
        return re.search(pattern, case.refusal, re.IGNORECASE)
    return case.said(pattern)


def _mounts(case: Case, _match: re.Match[str]) -> Evidence | None:
    places = ", ".join(mount.destination for mount in case.config.mounts)
    return inspected(case, "Mounts", places) if places else None


def _file(case: Case, match: re.Match[str]) -> Evidence | None:
    """Show the file that the group `path` names."""
    named = match.groupdict().get("path")
    if not named:
        return None
    path = join(case.config.workdir, named)
    there = resolved(case.files, path)
    return copied(case, path, there.kind if there else "no such file")


def _first_of(*paths: str) -> Show:
    """Return a function that shows which of some files exists."""

    def show(case: Case, _match: re.Match[str]) -> Evidence:
        there = next((path for path in paths if case.has(path)), "")
        place = join(case.config.workdir, there or paths[0])
        return copied(case, place, "exists" if there else "no such file")

    return show


SHOWN: dict[str, Show] = {
    "exit code": lambda case, _match: ended(case),
    "command": lambda case, _match: inspected(case, "Config.Cmd", list(case.config.argv)),
    "workdir": lambda case, _match: inspected(case, "Config.WorkingDir", case.config.workdir),
    "user": lambda case, _match: inspected(case, "Config.User", case.config.user),
    "terminal": lambda case, _match: inspected(case, "Config.Tty", str(case.config.tty).lower()),
    "input": lambda case, _m: inspected(case, "Config.OpenStdin", str(case.config.stdin).lower()),
    "log driver": lambda c, _m: inspected(c, "HostConfig.LogConfig.Type", c.config.log_driver),
    "network": lambda case, _match: inspected(case, "HostConfig.NetworkMode", case.config.network),
    "mounts": _mounts,
    "file": _file,
    "certificates": _first_of(*STORES),
    "package.json": _first_of("package.json"),
}
"""What a row can show besides the text that it found."""


def table(module: str, signatures: Sequence[Signature]) -> Sequence[Signature]:
    """Put the signatures of a module into the catalogue."""
    for one in signatures:
        cause(
            one.id, one.title, pattern=one.pattern, reads=one.reads, page=one.page, when=one.when,
            basis=one.basis, explains=one.explains, cured_by=one.cured_by, module=module,
        )(one.find)  # fmt: skip
    return signatures
