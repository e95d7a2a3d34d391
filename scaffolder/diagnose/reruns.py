"""Copies with one factor changed: what cures it is the cause, what it says then is a lead."""

import time
from dataclasses import dataclass, field

from .case import Case
from .copies import LONGEST_SECONDS, Outcome, run
from .engine import Engine, EngineError
from .evidence import Evidence
from .factors import Factor, factors
from .phase import Phase

BUDGET_SECONDS = 45.0

CURES = (
    (
        "a writable root",
        "permissions",
        "read-only-root",
        "the root filesystem is read-only, and the program has to write there",
        "add a --tmpfs or volume where it writes, or drop --read-only",
    ),
    (
        "the user root",
        "permissions",
        "file-closed",
        "the container's user lacks a permission that root has",
        "give the user what it needs: chown in the Dockerfile, a port above 1023",
    ),
    (
        "the usual capabilities",
        "permissions",
        "capability-missing",
        "a dropped capability or a security option is needed",
        "add back just the capability that it needs (--cap-add)",
    ),
    ("more memory", "memory", "oom-killed", "the memory limit is too small", "raise --memory"),
    (
        "more processes",
        "memory",
        "pids-limit",
        "the limit of processes is too small",
        "raise --pids-limit",
    ),
    ("no ulimits", "memory", "files-limit", "an ulimit is too small", "raise --ulimit"),
    (
        "no mount over",
        "environment",
        "mount-hides-files",
        "the mount hides, or replaces, what the program needs",
        "mount a directory below, or correct what is in it",
    ),
    (
        "a terminal",
        "process",
        "input-closed",
        "the program needs an open input",
        "docker run -it, or give it a program to run",
    ),
    (
        "the variable",
        "environment",
        "variable-missing-silent",
        "the program ends because a variable is not set",
        "pass it (-e, --env-file)",
    ),
)
"""How the factor's name begins → what it means that it cures."""


@dataclass(frozen=True)
class Rerun:
    """What the reruns have shown."""

    cause: str = ""
    pattern: str = ""
    text: str = ""
    fix: str = ""
    cured: bool = False
    commands: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    tried: list[str] = field(default_factory=list)


def try_factors(engine: Engine, case: Case) -> Rerun:
    """Run copies of a container that ended, one changed thing at a time, until one cures it."""
    if not case.phase & Phase.ENDED:
        return Rerun(tried=["reruns: only a container that ended by itself can be run again"])
    if case.state.seconds > LONGEST_SECONDS:
        return Rerun(
            tried=[
                f"reruns: it lived for {case.state.seconds:.0f} s, longer than a copy is watched"
            ]
        )
    began = time.monotonic()
    try:
        same = run(engine, case, Factor("nothing", case.config))
    except EngineError as error:
        return Rerun(tried=[f"reruns: {error.message}"])
    if same.alive or same.exit_code != case.exit_code:
        return Rerun(
            tried=[
                (
                    f"reruns: an isolated copy without changes {same.words}: the cause is in its"
                    " network, its data, or what it wrote"
                )
            ]
        )
    tried: list[str] = []
    revealed = _revealed(
        case,
        Factor("nothing but a log that is kept", case.config),
        same,
        Outcome(alive=False, exit_code=same.exit_code, text=case.text),
        tried,
    )
    for factor in factors(case):
        if time.monotonic() - began > BUDGET_SECONDS:
            tried.append("reruns: the time is up")
            break
        try:
            found = run(engine, case, factor)
        except EngineError as error:
            tried.append(f"rerun with {factor.name}: {error.message}")
            continue
        tried.append(f"rerun with {factor.name}: {found.words}")
        rerun = _cured(case, factor, found, tried) or _told(case, factor, found)
        if rerun:
            return rerun
        revealed = revealed or _revealed(case, factor, found, same, tried)
    return revealed or Rerun(tried=tried)


def _command(case: Case, factor: Factor) -> str:
    if factor.flags.startswith("without"):
        return f"docker run --rm ... {case.config.image}  # {factor.flags}"
    return f"docker run --rm {factor.flags} {case.config.image}"


def _cured(case: Case, factor: Factor, found: Outcome, tried: list[str]) -> Rerun | None:
    better = found.alive or (found.exit_code == 0 and case.exit_code != 0)
    known = next((row for row in CURES if factor.name.startswith(row[0])), None)
    if not better or known is None:
        return None
    _name, pattern, cause, text, fix = known
    evidence = Evidence(
        "rerun",
        _command(case, factor),
        f"with {factor.name} a copy {found.words}; without, it ends with {case.exit_code}",
    )
    return Rerun(
        cause,
        pattern,
        f"{text}: with {factor.name} a copy {found.words}",
        fix,
        cured=True,
        evidence=(evidence,),
        tried=tried[:-1],
    )


def _told(case: Case, factor: Factor, found: Outcome) -> Rerun | None:
    """Read what an init as process 1 tells of a crash: 134 is abort(), 139 stays what it is."""
    if not factor.name.startswith("an init"):
        return None
    evidence = (Evidence("rerun", _command(case, factor), f"with an init a copy {found.words}"),)
    if found.exit_code == 134:
        text = (
            "the program calls abort(): with an init as process 1 the exit code is 134; as"
            " process 1 itself, SIGABRT is ignored by the kernel, and it ends with 139"
        )
        return Rerun(
            "aborted",
            "process",
            text,
            "find the failed assertion or panic: run it under a debugger, with RUST_BACKTRACE=1",
            cured=True,
            evidence=evidence,
        )
    if found.exit_code == 139:
        text = (
            "the program crashes with SIGSEGV (segmentation fault, 139), with an init as process"
            " 1, too: native code uses memory that is not its own"
        )
        return Rerun(
            "segfault",
            "process",
            text,
            "debug the native crash (core dump, gdb)",
            cured=True,
            evidence=evidence,
        )
    return None


def _revealed(
    case: Case, factor: Factor, found: Outcome, same: Outcome, tried: list[str]
) -> Rerun | None:
    """Tell what a copy said that the container did not."""
    new = [line for line in found.text.splitlines() if line.strip() and line not in same.text]
    if not new or found.alive:
        return None
    traced = factor.name == "a traced shell"
    words = new[-1].strip()
    text = (
        f"a script ends with {found.exit_code} at: {words.lstrip('+ ')}"
        if traced
        else f"the words were lost; with {factor.name} it says: {words[:300]}"
    )
    cause, fix = (
        ("errexit", "handle that this command fails")
        if traced
        else ("python-buffered", "ENV PYTHONUNBUFFERED=1; then correct what it says")
    )
    if factor.name.startswith("nothing but"):
        cause, fix = "log-discarded", "use a log driver that keeps lines; then correct what it says"
    evidence = Evidence("rerun", _command(case, factor), "\n".join(new[-5:]))
    return Rerun(
        cause,
        "process",
        text,
        fix,
        commands=(_command(case, factor),),
        evidence=(evidence,),
        tried=tried,
    )
