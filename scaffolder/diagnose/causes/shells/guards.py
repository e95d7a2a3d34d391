"""Checks that end a script: a variable or file that it requires."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from posixpath import basename

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import copied, ended, inspected
from scaffolder.diagnose.evidence.files import resolved
from scaffolder.diagnose.programs import shell
from scaffolder.diagnose.programs.scripts import Script

from .script import quote, scripts, where


@dataclass(frozen=True)
class Guard:
    """A condition in a script that ends it."""

    line: str
    name: str
    path: str
    there: bool = False
    """It ends the script because what it asks for is there, not because it is missing."""


CONDITION = re.compile(
    r"(?:\[\[?"
    r"|test)\s+(?P<not>!\s*)?-(?P<op>[znfredxs])\s+['\"]?(?P<arg>[^'\"\s\];]+)['\"]?\s*\]?\]?"
)


def guards(case: Case, script: Script) -> Iterator[Guard]:
    """Return the conditions that end a script, and hold in this container."""
    lines = script.text.splitlines()
    for number, line in enumerate(lines):
        match = CONDITION.search(line)
        if not match or line.lstrip().startswith("#"):
            continue
        negated, op, arg = bool(match["not"]), match["op"], match["arg"]
        after = line[match.end() :]
        body = "\n".join(lines[number : number + 6])
        when_false = bool(re.match(r"\s*\|\|\s*(?:\{?\s*)?(?:.*\b(?:exit|return)\b|false)", after))
        # By itself, a test that fails ends a script with `set -e`.
        is_bare = not match.start() and not after.strip()
        when_false |= is_bare and shell.sets_errexit("\n".join(lines[:number]))
        when_true = bool(re.match(r"\s*&&.*\bexit\b", after)) or (
            line.lstrip().startswith("if ")
            and bool(re.search(r"\bexit [1-9]", body.split("\nelse")[0].split("\nfi")[0]))
        )
        if not when_false and not when_true:
            continue
        env = shell.assigned("\n".join(lines[:number]), case.config.env)
        name = re.search(r"\$\{?(\w+)", arg)
        if name and (
            name[1].isdigit() or (name[1] not in env and shell.sets(script.text, name[1]))
        ):
            continue  # an argument; or what it is set to, only a run tells
        asked = _holds(case, env, op, arg)
        holds = asked != negated
        if (when_true and holds) or (when_false and not holds):
            is_own = name is not None and name[1] in env and name[1] not in case.config.env
            asks = "" if is_own or name is None else name[1]
            path = "" if op in "zn" else shell.expand(arg, env)
            if asks or path:
                yield Guard(line.strip(), asks, path, asked != (op == "z"))


def _holds(case: Case, env: Mapping[str, str], op: str, arg: str) -> bool:
    value = shell.expand(arg, env)
    value = "" if "$" in value else value
    if op in "zn":
        return bool(value) == (op == "n")
    entry = resolved(case.files, value, case.config.workdir) if value else None
    if entry is None:
        return any(value.startswith(t) for t in case.config.tmpfs)
    return {
        "f": entry.kind == "file",
        "d": entry.kind == "directory",
        "x": case.identity.may(entry, 1),
        "r": case.identity.may(entry, 4),
        "s": entry.size > 0,
    }.get(op, True)


@cause(
    "script-guard",
    "a script checks for something that is missing, and exits",
    pattern="environment",
    reads=["files", "inspect"],
    explains=["secret-missing"],
    cured_by=["variable"],
)
def script_guard(case: Case) -> Found | None:
    """Find `[ -r "$FILE" ] || exit 1`."""
    for script in scripts(case):
        found = next((guard for guard in guards(case, script) if not guard.there), None)
        if found is None or case.exit_code > 125:
            continue
        value = case.config.env.get(found.name, "")
        if found.path and value:
            what = f"{found.name} names {found.path}, which {_state(case, found.path)}"
            fix = f"mount it: -v ./{basename(found.path)}:{found.path}:ro" + (
                ", or compose secrets" if "secret" in found.path else ""
            )
        elif found.path and not found.name:
            what, fix = (
                f"{found.path} {_state(case, found.path)}",
                f"COPY or mount it: -v ./{basename(found.path)}:{found.path}:ro",
            )
        else:
            what, fix = (
                (
                    f"the environment variable {found.name} is"
                    f" {'empty' if found.name in case.config.env else 'not set'}"
                ),
                f"pass it: docker run -e {found.name}=...",
            )
        return Found(
            f"{what}; {where(script)} checks it and exits with {case.exit_code}",
            fix,
            (
                quote(case, script, found.line),
                inspected(
                    case,
                    "Config.Env",
                    f"{found.name}={value}" if value else f"{found.name} is not set",
                ),
                *((copied(case, found.path, _state(case, found.path)),) if found.path else ()),
                ended(case),
            ),
        )
    return None


def _state(case: Case, path: str) -> str:
    entry = resolved(case.files, path, case.config.workdir)
    if entry is None:
        return "does not exist in the container"
    return f"is a {entry.kind}, with mode {entry.mode & 0o7777:04o}, owner {entry.uid}:{entry.gid}"


@cause(
    "script-guard-there",
    "a script refuses to start because a file is there",
    pattern="environment",
    reads=["files", "inspect"],
    page="ended-without-a-word",
    basis=Basis.INFERRED,
)
def script_guard_there(case: Case) -> Found | None:
    """Find `[ -e /run/app.pid ] && exit 1`, and a file that is left over, or in the image."""
    for script in scripts(case):
        found = next((g for g in guards(case, script) if g.there and g.path), None)
        if found is None or case.exit_code > 125:
            continue
        return Found(
            f"{found.path} exists in the container; {where(script)} checks it and exits with"
            f" {case.exit_code}",
            f"remove it before the start ({_removal(case, found.path)}), and do not build it into"
            " the image",
            (quote(case, script, found.line), copied(case, found.path, "is there"), ended(case)),
        )
    return None


def _removal(case: Case, path: str) -> str:
    entry = case.files.entry(path)
    return f"rmdir {path}" if entry and entry.kind == "directory" else f"rm -f {path}"
