"""Paths that begin with ~, which shells expand, and no system call does."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from posixpath import join

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import Evidence, ended, inspected, logged, seen
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.programs.program import is_shell
from scaffolder.text import quoted

HOME = "~/"
WORD = re.compile(r"(?:^|=)(~/\S*)$")


@dataclass(frozen=True)
class _Given:
    """A path with ~ that a container was given."""

    path: str
    place: str
    """What has it, for a sentence."""
    shown: Evidence
    fix: str


def expanded(case: Case) -> Iterator[tuple[str, str]]:
    """Yield variables whose value begins with ~/, and the value as a shell would expand it."""
    theirs = case.image.env if case.image else {}
    for name, value in case.config.env.items():
        if value.startswith(HOME) and theirs.get(name) != value:
            yield name, _whole(case, value)


def _whole(case: Case, path: str) -> str:
    home = case.config.env.get("HOME") or case.identity.home or "/"
    return join(home, path.removeprefix(HOME))


def _given(case: Case) -> Iterator[_Given]:
    for name, whole in expanded(case):
        value = case.config.env[name]
        shown = inspected(case, "Config.Env", f"{name}={value}")
        yield _Given(value, f"the value of {name}", shown, f"-e {quoted(f'{name}={whole}')}")
    argv = () if is_shell(case.config.argv[:1]) else case.config.argv[1:]
    for word in argv:
        if match := WORD.search(word):
            path = match[1]
            shown = inspected(case, "Config.Cmd", list(case.config.argv))
            fix = quoted(word.replace(path, _whole(case, path)))
            yield _Given(path, f"the path of the argument {word}", shown, fix)


@cause(
    "home-not-expanded",
    "a path begins with ~, and no shell expands it",
    pattern="environment",
    reads=["inspect", "logs", "rerun"],
    when=Phase.ENDED,
    explains=["file-missing", "last-call", "script-guard", "ends-itself"],
    cured_by=["value"],
)
def home_not_expanded(case: Case) -> Found | None:
    """Find ~/ in a path by which the program asked for a file, or which it quotes at its end."""
    call = case.seen.failed_call
    for given in _given(case):
        asked = call if call and call.given.startswith(given.path) else None
        says = case.said(rf"[^\n]*{re.escape(given.path)}[^\n]*")
        if asked or says or case.is_silent:
            told = seen(case, asked) if asked else logged(case, says) if says else ended(case)
            return Found(
                f"{given.place} begins with ~, which no shell expands here: to the program,"
                f" {given.path} is a path below its working directory",
                f"write the whole path: {given.fix}",
                (given.shown, told),
                basis=None if asked or says else Basis.HINT,
            )
    return None
