"""A variable of the container under another name than the program reads."""

import re
from collections.abc import Iterator
from itertools import islice

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import ended, inspected
from scaffolder.diagnose.causes.silence.readings import named_variables, quiet
from scaffolder.diagnose.causes.silence.vocabulary import mentions, names_read
from scaffolder.diagnose.evidence.keys import near
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.programs.native.glued import NAME

from .usual import USUAL

OF_PEERS = re.compile(r"(?:^|_)(?:HOST|URL|URI|ADDR|ADDRESS|PORT|DSN|ENDPOINT|SERVERS?|BROKERS?)")
MANY, MOST = 64, 2


def called_otherwise(case: Case) -> list[tuple[str, str]]:
    """Return variables that no program mentions, each with the one that it may be meant to be.

    That one is read by a program, and is not set.
    """
    return list(islice(_called_otherwise(case), MOST))


def _called_otherwise(case: Case) -> Iterator[tuple[str, str]]:
    env, theirs = case.config.env, case.image.env if case.image else {}
    own = [n for n, v in env.items() if v != theirs.get(n) and not USUAL.fullmatch(n)]
    unknown = [name for name in own if NAME.fullmatch(name) and not mentions(case, name)]
    if not unknown:
        return
    read = {name for name in names_read(case) if NAME.fullmatch(name)}
    read |= {name for name, _by, _required in named_variables(case, MANY)}
    for name in unknown:
        yield from ((name, other) for other in near(name, read - env.keys())[:1])


@cause(
    "variable-misspelled",
    "a variable is set under another name than the program reads",
    pattern="environment",
    reads=["inspect", "files"],
    when=Phase.DIED,
    explains=[
        "variable-missing", "connection-refused", "peer-unreachable-silent", "name-unresolved",
        "ends-itself", "last-call", "reads-last", "said-why", "python-exception", "node-error",
    ],
    cured_by=["key"],
)  # fmt: skip
def variable_misspelled(case: Case) -> Found | None:
    """Find such a variable; it decides if the end is about what the program reads instead."""
    for name, other in called_otherwise(case):
        call = case.seen.failed_call or case.seen.lacked
        told = any(other in line for line in (case.text, *case.seen.lines))
        is_about = told or (call is not None and call.is_network and OF_PEERS.search(other))
        return Found(
            f"{name} is set, which the program never mentions; it reads {other}, which is not set",
            f"pass it under that name: -e {other}=... instead of {name}",
            (inspected(case, "Config.Env", f"{name} is set; {other} is not"), ended(case)),
            basis=None if is_about else Basis.INFERRED if quiet(case) else Basis.QUOTED,
        )
    return None
