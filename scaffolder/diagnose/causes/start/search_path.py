"""A PATH that lacks the directories of the image's programs."""

import re
from posixpath import basename, join

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Found, cause
from scaffolder.diagnose.causes.evidence import Evidence, copied, inspected, logged, refused
from scaffolder.diagnose.causes.shells.script import is_absent, quote, scripts
from scaffolder.diagnose.evidence.files import resolved
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.programs import shell
from scaffolder.diagnose.programs.program import DEFAULT_PATH

from .refusal import is_missing

NOT_FOUND = (
    r"^[^\n]*?(?<![\w.+-])(?P<n>[\w.+-]++): (?:command )?not found$"
    r"|^env: ['\"\u2018]?(?P<e>[\w.+-]+)['\"\u2019]?: No such file or directory$"
    r"|^[^\n]*spawn (?P<s>[\w.+-]+) ENOENT"
)

NAME = re.compile(r"[\w.+-]+")


@cause(
    "path-replaced",
    "PATH lacks the program's directory",
    pattern="environment",
    reads=["inspect", "files", "logs"],
    when=Phase.START | Phase.ENDED,
    explains=[
        "command-missing-in-script",
        "file-missing",
        "output-thrown-away",
        "errexit",
        "last-call",
        "said-why",
    ],
)
def path_replaced(case: Case) -> Found | None:
    """Find a program that is in the image's PATH, or the default one, but not in this one."""
    name, shown = _sought(case)
    ours = case.config.env.get("PATH", "")
    if not name or not ours:
        return None
    usual = _usual(case)
    place = _place(case, name, usual) or _place(case, name, DEFAULT_PATH)
    if not place or shown is None:
        return None
    if ours == usual:
        what, fix = "the image's PATH", f"ENV PATH={ours}:{place.rpartition('/')[0]}"
    else:
        what, fix = "PATH was replaced at run time", f"remove it, or -e PATH={ours}:{usual}"
    return Found(
        f"{what} ({ours}) lacks the directory of {name}, which is at {place}"
        if ours == usual
        else f"{what} by {ours}, which lacks the directory of {name}, {place.rpartition('/')[0]}",
        f"{fix}; -e replaces a variable and does not extend it",
        (
            shown,
            inspected(case, "Config.Env", f"PATH={ours}"),
            copied(case, place, "exists"),
        ),
        proven=case.phase == Phase.START or shown.source == "logs",
    )


def _sought(case: Case) -> tuple[str, Evidence | None]:
    """Return the name of the program that was not found, and what says so."""
    if case.phase == Phase.START:
        name = case.config.argv[0] if case.config.argv else ""
        if "/" not in name and is_missing(case):
            return name, refused(case)
        problem = case.program.first_problem if case.program else None
        inner = problem.path if problem and problem.kind == "not-in-path" else ""
        return basename(inner), refused(case)
    match = case.said(NOT_FOUND, re.IGNORECASE)
    if case.exit_code == 0:
        return "", None
    if match is None:
        return _unsaid(case)
    name = next((group for group in match.groups() if group), "")
    return ("", None) if case.finder.find((name,)).problem is None else (name, logged(case, match))


def _unsaid(case: Case) -> tuple[str, Evidence | None]:
    """Return a command of a script that a PATH of this container alone does not lead to."""
    theirs = _usual(case)
    if case.config.env.get("PATH") in (None, theirs):
        return "", None
    for script in scripts(case):
        for command in shell.commands(script.text):
            name = command.name
            if (
                NAME.fullmatch(name)
                and is_absent(case, script, name)
                and _place(case, name, theirs)
            ):
                return name, quote(case, script, command.line)
    return "", None


def _usual(case: Case) -> str:
    """Return the PATH of the image, or the default one."""
    return (case.image.env.get("PATH") if case.image else "") or DEFAULT_PATH


def _place(case: Case, name: str, path: str) -> str:
    places = (join(folder, name) for folder in path.split(":") if folder.startswith("/"))
    return next(
        (p for p in places if (entry := resolved(case.files, p)) and entry.mode & 0o111), ""
    )
