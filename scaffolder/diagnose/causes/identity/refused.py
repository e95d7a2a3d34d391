"""What a program does not want to be: root, the first process, or a host without a proper name."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import ended, inspected, logged, runs_as
from scaffolder.diagnose.causes.silence.readings import quiet
from scaffolder.diagnose.causes.silence.vocabulary import own_sources
from scaffolder.diagnose.evidence.decisive import REFUSALS
from scaffolder.diagnose.evidence.phase import Phase

NOT = r"(?:(?:must|should|wo|do) ?n[o']t|can ?not|can't|will not|refus\w+ to|never)"
RUNS = r"(?:be )?(?:run|start|launch|execut)\w*"
FIRST = r"(?:as )?(?:pid ?1|the init process|process 1)\b"
ASKS_FOR_ROOT = re.compile(
    r"(?:(?:\$\(|`)(?:/usr/bin/)?id -u[)`]|\$\{?E?UID\}?|get_?e?uid\(\)|(?<![\w.])\$[<>]"
    r"|Process(?:::UID)?[.:]+(?:e?uid|[er]id))[\"']?\s*(?:\)\s*)?(?:-ne|-eq|-gt|-lt|!==?|===?|==|=|>)\s*[\"']?0\b"
)
"""A comparison with the number of root, in a shell, Python, Node, PHP, Ruby or Perl."""
LONGEST = 200
HOST = r"(?:host ?name|ordinal|node name)"


@cause(
    "root-refused",
    "the program does not run as root",
    pattern="permissions",
    explains=["said-why", "last-call", "ends-itself"],
    cured_by=["ordinary-user"],
)
def root_refused(case: Case) -> Found | None:
    """Find what programs say that refuse to run as root."""
    says = case.said(
        rf"[^\n]*(?:\b{NOT} (?:\S+ ){{0,2}}{RUNS} (?:\S+ ){{0,4}}(?:as|by|with)"
        r" (?:the )?['\"]?root\b"
        r"|\broot['\"]? (?:user |execution )?[^\n]{0,40}\bis not (?:allowed|permitted|supported)"
        r"|\brunning as root is not)[^\n]*"
    )
    if says is None or case.acting.uid != 0:
        return None
    return Found(
        "the program refuses to run as root, and the container runs as root",
        "USER in the Dockerfile, or docker run --user 1000:1000, as one who may read and write"
        " what it needs",
        (logged(case, says), runs_as(case)),
        proven=True,
    )


@cause(
    "root-required",
    "the program asks who it is, and ends if that is not root",
    pattern="permissions",
    reads=["files", "inspect"],
    when=Phase.DIED,
    basis=Basis.INFERRED,
    explains=["ends-itself", "last-call", "reads-last", "errexit", "python-quiet-exit"],
    cured_by=["root"],
)
def root_required(case: Case) -> Found | None:
    """Find a comparison of its own user with root's in a program that ends without a word."""
    is_refused = any(call.error in REFUSALS for call in case.seen.trace.calls if call.path)
    if case.acting.uid in (0, -1) or is_refused or not quiet(case) or case.seen.failed_call:
        return None
    lines = (
        line for text in own_sources(case) for line in text.decode(errors="replace").split("\n")
    )
    line = next((each for each in lines if ASKS_FOR_ROOT.search(each[:LONGEST])), None)
    if line is None:
        return None
    return Found(
        f"the program asks whether it is root, and ends with {case.exit_code}, as it runs as"
        f" {case.acting.words}: {line.strip()[:LONGEST]}",
        "USER root in the Dockerfile, or docker run --user 0, if it needs root; or drop the check",
        (runs_as(case), ended(case)),
    )


@cause(
    "pid-1-refused",
    "the program does not run as the first process of a container",
    pattern="process",
    page="check-program-by-itself",
    explains=["said-why", "last-call", "ends-itself"],
    cured_by=["init"],
)
def pid_1_refused(case: Case) -> Found | None:
    """Find what programs say that refuse to be PID 1."""
    says = case.said(rf"[^\n]*\b{NOT} (?:\S+ ){{0,2}}{RUNS} (?:\S+ ){{0,2}}{FIRST}[^\n]*")
    if says is None or case.config.init:
        return None
    return Found(
        "the program refuses to be the first process (PID 1)",
        "docker run --init, which starts it as the child of an init",
        (logged(case, says), inspected(case, "HostConfig.Init", "false")),
        proven=True,
    )


@cause(
    "host-name-refused",
    "the program does not take the name of its host",
    pattern="environment",
    explains=["said-why", "last-call", "ends-itself"],
    cured_by=["host-name"],
)
def host_name_refused(case: Case) -> Found | None:
    """Find a message about the name of the host, which is the container's id unless it is set."""
    name = case.config.hostname or case.identity_number[:12]
    says = case.said(rf"[^\n]*\b{HOST}\b[^\n]*{re.escape(name)}[^\n]*")
    if says is None:
        return None
    own = "" if case.config.hostname else ", the beginning of the container's id"
    return Found(
        f"the program does not take the name of its host, {name}{own}",
        "give it one of the form that it expects, such as NAME-0: docker run --hostname NAME-0",
        (logged(case, says), inspected(case, "Config.Hostname", name)),
        proven=True,
    )
