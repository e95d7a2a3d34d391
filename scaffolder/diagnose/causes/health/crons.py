"""Jobs of cron that never run, or without the variables that they need."""

import re
from collections.abc import Iterator
from dataclasses import replace
from posixpath import basename

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import content, copied, inspected
from scaffolder.diagnose.causes.silence.readings import named_variables
from scaffolder.diagnose.evidence.files import resolved, text
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.evidence.seen import Seen
from scaffolder.diagnose.programs import shell, shell_variables
from scaffolder.diagnose.programs.crontab import Job, jobs
from scaffolder.text import quoted

from .checks import failing, shown, target

FOLDER = "/etc/cron.d"
OF_USERS = "/var/spool/cron"
ENVIRONMENT = "/etc/environment"
"""What PAM gives to the jobs of cron."""
ASSIGNED = re.compile(r"^\s*(?:export\s+)?([A-Za-z_]\w*)=", re.MULTILINE)
GOES_TO = re.compile(r"\s*cd\s+([^\s;&]+)\s*(?:;|&&)\s*")
IMPORTS = re.compile(
    r"/proc/(?:1|self)/environ|(?:^|[;&|({]|\b(?:then|do)\b)\s*(?:\.|source)\s|\b(?:env|export)\s+\$\("
    r"|dotenv|env-file|envdir|with-contenv",
    re.MULTILINE,
)
"""How a job gets variables from a file, or from another process."""
NAME = re.compile(r"[A-Za-z0-9_-]+")
"""What Debian's cron accepts as the name of a file there (cron(8))."""
OF_PACKAGES = re.compile(r"\.placeholder|.*\.dpkg-\w+")
OTHERS_WRITE = 0o022


@cause(
    "cron-file-ignored",
    "cron does not read a file in /etc/cron.d",
    pattern="process",
    reads=["files"],
    page="nothing-moves",
    when=Phase.RUNNING,
    basis=Basis.INFERRED,
    explains=["check-broken", "check-timeout", "check-too-early", "cron-environment"],
)
def cron_file_ignored(case: Case) -> Found | None:
    """Find a file whose name, owner, mode or last line keeps cron from reading it."""
    if case.state.health and case.state.health.status == "healthy":
        return None  # what is meant to run does
    if not any(basename(p.command.partition(" ")[0]) == "cron" for p in case.processes or ()):
        return None
    path, why, fix = next(_ignored(case), ("", "", ""))
    if not path:
        return None
    return Found(f"cron does not read {path}: {why}", fix, (copied(case, path, why),))


def _ignored(case: Case) -> Iterator[tuple[str, str, str]]:
    for path in case.files.names(FOLDER):
        name, entry = basename(path), resolved(case.files, path)
        if entry is None or entry.kind != "file" or OF_PACKAGES.fullmatch(name):
            continue
        if not NAME.fullmatch(name):
            other = re.sub(r"[^A-Za-z0-9_-]", "-", name)
            yield path, "names there have only letters, digits, _ and -", f"call it {other}"
        elif entry.uid != 0:
            yield path, f"it belongs to uid {entry.uid}", f"chown root {quoted(path)}"
        elif entry.mode & OTHERS_WRITE:
            mode = f"others may write to it (mode {entry.mode & 0o7777:04o})"
            yield path, mode, f"chmod 0644 {quoted(path)}"
        elif not (text(case.files, path) or "\n").endswith("\n"):
            yield path, "its last line does not end with a line break", "end it with a line break"


@cause(
    "cron-environment",
    "cron does not pass the container's environment to its jobs",
    pattern="environment",
    reads=["files", "inspect", "live"],
    when=Phase.RUNNING,
    basis=Basis.INFERRED,
    explains=["check-broken", "check-timeout", "check-too-early", "peer-unreachable-silent"],
)
def cron_environment(case: Case) -> Found | None:
    """Find a job that uses variables which only the container has.

    Without a health check that misses its work, only a job that fails without them tells.
    """
    check = failing(case)
    if not _clears(case) or (case.state.health and (check is None or target(case, check))):
        return None
    for job in _jobs(case):
        lacked = _lacked(case, job, needed=check is None)
        if not lacked:
            continue
        by, names = next(iter(lacked.values())), ", ".join(lacked)
        who = f"{by}, which {job.path} starts," if by else f"a job in {job.path}"
        settings = " and ".join(f"{name}=..." for name in lacked)
        kept = "|".join(lacked)
        return Found(
            f"cron does not pass the container's environment to its jobs: {who} uses {names}, and"
            f" does not get {'them' if len(lacked) > 1 else 'it'}",
            f"set {settings} in {job.path}, above the job; or, before cron starts:"
            f" printenv | grep -E '^({kept})=' >> {ENVIRONMENT}",
            (
                content(case, job.path, job.line),
                inspected(case, "Config.Env", f"{names}: in the container's environment"),
                *((shown(case),) if check else ()),
            ),
        )
    return None


def _clears(case: Case) -> bool:
    """Tell whether a cron runs that gives its jobs an environment of their own.

    That of busybox passes on what it has.
    """
    programs = {basename(p.command.partition(" ")[0]) for p in case.processes or ()}
    is_cronie = any(case.has(path) for path in ("/etc/pam.d/crond", "/etc/sysconfig/crond"))
    return "cron" in programs or ("crond" in programs and is_cronie)


def _jobs(case: Case) -> Iterator[Job]:
    paths = (path for folder in (FOLDER, OF_USERS) for path in case.files.names(folder))
    for path in dict.fromkeys(("/etc/crontab", *paths)):
        if not OF_PACKAGES.fullmatch(basename(path)):
            yield from jobs(path, text(case.files, path) or "")


def _lacked(case: Case, job: Job, *, needed: bool) -> dict[str, str]:
    """Return the variables that a job uses, and only the container has → where it does.

    None, where it may get them from a file.
    """
    given = dict.fromkeys(ASSIGNED.findall(text(case.files, ENVIRONMENT) or ""), "")
    env = {**given, **job.env}
    begins = GOES_TO.match(job.command)
    config = replace(
        case.config,
        entrypoint=(),
        command=("sh", "-c", job.command[begins.end() :] if begins else job.command),
        env=env,
        workdir=begins[1] if begins else env.get("HOME", "/"),
    )
    own = replace(case, config=config, seen=Seen())
    scripts = [item.script for item in own.launched if item.script]
    if "BASH_ENV" in env or any(IMPORTS.search(script.text) for script in scripts):
        return {}
    named = {n: by for n, by, required in named_variables(own) if required or not needed}
    for script in scripts if not needed else ():
        if script.language == "sh":
            named |= dict.fromkeys(shell_variables.lacking(script.text, env), script.path)
    theirs = case.config.env.keys() - env.keys() - shell_variables.GIVEN
    texts = [script.text for script in scripts]
    return {
        name: by
        for name, by in named.items()
        if name in theirs and not any(shell.sets(script, name) for script in texts)
    }
