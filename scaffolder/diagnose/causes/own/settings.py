"""What a viscaffold service reports as wrong at its start: settings, addresses, stages."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import ended, inspected, logged
from scaffolder.diagnose.causes.signatures import Row, Signature, always, table
from scaffolder.text import quoted as typed

from .supervisor import ANY


@cause(
    "own-setting",
    "a setting of a viscaffold service is wrong",
    pattern="environment",
    reads=["logs", "inspect"],
    when=ANY,
)
def own_setting(case: Case) -> Found | None:
    """Find `setting PORT is 'x': expected ...`, which the service prints for each wrong one."""
    found = re.findall(
        r"^\S+ \S+ CRITICAL \S+: setting (?P<n>\w+) (?P<m>[^\n]+)", case.text, re.MULTILINE
    )
    if not found or case.exit_code != 78:
        return None
    words = "; ".join(f"setting {name} {rest}" for name, rest in found)
    return Found(
        words,
        "correct every variable named: "
        + ", ".join(name for name, _ in found)
        + "; variables left out have working defaults (.env.example)",
        (
            logged(case, words),
            ended(case),
            inspected(
                case,
                "Config.Env",
                ", ".join(f"{n}={case.config.env[n]}" for n, _ in found if n in case.config.env)
                or "not set",
            ),
        ),
        tuple(f"docker run -e {typed(name)}=... {case.config.image}" for name, _ in found[:1]),
        proven=True,
    )


FAILED = frozenset({70, 71})

SIGNATURES = table(__name__, (
    Signature(
        id="own-listen", title="a viscaffold service cannot listen on its address",
        pattern="network", reads=("logs", "inspect"), when=ANY,
        shows=("exit code",),
        rows=(Row(
            r"^\S+ \S+ CRITICAL \S+(?:\.server|::listener): (?P<what>cannot listen on \S+: "
            r"(?!this user may not)(?:[^\n]*; )?(?P<advice>[^\n;]+))",
            "{what}",
            "{advice}; see docs/runbook.md#pattern-network of the service",
            whole=True, proves=always,
        ),),
    ),
    Signature(
        id="own-port-privileged", title="a viscaffold service is not allowed to use its port",
        pattern="permissions", page="pattern-network", reads=("logs", "inspect"), when=ANY,
        shows=("user",),
        rows=(Row(
            r"^\S+ \S+ CRITICAL \S+(?:\.server|::listener): (?P<what>cannot listen on \S+:"
            r" this user may not use the port[^\n]*)",
            "{what}",
            "set PORT to 1024 or above, and publish it as you like: -p 80:8080",
            ("docker run -e PORT=8080 -p 80:8080 ...",),
            whole=True, proves=always,
        ),),
    ),
    Signature(
        id="own-stage", title="a stage of a viscaffold service did not open",
        pattern="process", page="log-lines", reads=("logs", "inspect"), when=ANY,
        shows=("exit code",),
        rows=(
            Row(
                r"^\S+ \S+ CRITICAL \S+::runtime::server: (?P<what>stage app did not open: [^\n]+)",
                "{what}",
                "correct what it names: the application opens it in `start`, in src/app.rs",
                whole=True, codes=FAILED, basis=Basis.HINT,
            ),
            Row(
                r"^\S+ \S+ CRITICAL \S+::runtime::server:"
                r" (?P<what>stage (?P<stage>\w+) did not open: [^\n]+)",
                "{what}",
                "correct what it names; without the stage, the service starts",
                ("viscaffold remove-stage {stage}",),
                whole=True, codes=FAILED, basis=Basis.HINT,
            ),
        ),
    ),
))  # fmt: skip
