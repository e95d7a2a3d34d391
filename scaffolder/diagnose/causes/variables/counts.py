"""Numbers of workers that are zero: such a program has nobody to do its work, and ends."""

import re
from collections.abc import Iterator

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import ended, inspected
from scaffolder.diagnose.causes.silence.readings import natives, sources
from scaffolder.diagnose.evidence.last_steps import has_results
from scaffolder.diagnose.evidence.phase import Phase

WORKERS = re.compile(
    r"(?:^|_)(?:(?:WORKER|THREAD|PROCESS|CONSUMER|LISTENER|PROC)(?:S|ES)?(?:_COUNT|_NUM|_SIZE)?"
    r"|CONCURRENCY|PARALLEL(?:ISM)?|POOL_SIZE|NUM_\w+)$"
)
ZERO = re.compile(r"0+")


@cause(
    "no-workers",
    "the number of workers is set to 0, and the program ends at once",
    pattern="environment",
    reads=["inspect", "files"],
    when=Phase.FINISHED | Phase.DIED,
    basis=Basis.INFERRED,
    explains=["nothing-keeps-it", "usage-printed"],
    cured_by=["other-value"],
)
def no_workers(case: Case) -> Found | None:
    """Find `WORKERS=0` in the settings of a silent program that has ended, and reads it."""
    has_worked = case.seen.outlived or has_results(case.seen.trace)
    if not case.is_silent or case.exit_code or has_worked:
        return None
    name = next(_zeros(case), "")
    if not name:
        return None
    return Found(
        f"{name} is {case.config.env[name]}: the program starts nobody to do its work, and ends"
        " with 0",
        f"set {name} to 1 or more; for some programs 0 means as many as there are CPUs, for this"
        " one it means none",
        (inspected(case, "Config.Env", f"{name}={case.config.env[name]}"), ended(case)),
    )


def _zeros(case: Case) -> Iterator[str]:
    """Yield variables with a number of workers that is 0, and that the program names."""
    for name, value in case.config.env.items():
        if not (WORKERS.search(name) and ZERO.fullmatch(value)):
            continue
        in_binary = any(name.encode() in data for _path, data, _elf in natives(case))
        if in_binary or any(name in script.text for script in sources(case)):
            yield name
