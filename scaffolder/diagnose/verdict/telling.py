"""A copy in which Python tells which exceptions the program handles, and which calls end it.

A program that swallows an exception has no need to ask the system for anything: what ended it is
then in no call. So its runtime is asked, by a module that Python imports before the program.
"""

import secrets
from dataclasses import replace
from pathlib import Path

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.evidence import swallowed
from scaffolder.diagnose.evidence.log_search import ends_with_failure
from scaffolder.docker.client import Engine, EngineError

from .copies import run
from .factor import Factor
from .unchanged import is_like, take_in

HOOK = Path(__file__).parent.parent / "hooks/sitecustomize.py"
RECORDS = "raised"
PATH = "PYTHONPATH"


def ask(engine: Engine, case: Case) -> None:
    """Add the exception that a Python program ended over to what was seen of it, if any.

    That is asked only where the program itself has said nothing of a failure.
    """
    if not _is_python(case) or ends_with_failure(line.text for line in case.log.lines):
        return
    try:
        found = run(engine, case, _telling(case))
    except EngineError as error:
        case.unsought.append(f"which exceptions the program swallows: {error.message}")
        return
    told = swallowed.decisive(found.read) if is_like(case, found) else None
    if told:
        take_in(case, replace(case.seen, swallowed=told))


def _is_python(case: Case) -> bool:
    """Tell whether the process that decided the end was Python's, or a script of Python's."""
    decider = case.seen.decider
    if decider:
        return decider.name.startswith(("python", "pypy"))
    return any(item.script and item.script.language == "python" for item in case.launched)


def _telling(case: Case) -> Factor:
    folder = f"/viscaffold-{secrets.token_hex(4)}"
    path = ":".join(filter(None, (folder, case.config.env.get(PATH, ""))))
    return Factor(
        "exceptions that are told",
        replace(case.config, env={**case.config.env, PATH: path}),
        # A volume is writable, whatever the rest of the copy is.
        options=(f"--volume={folder}",),
        files={HOOK.name: HOOK.read_bytes(), RECORDS: b""},
        folder=folder,
        reads=f"{folder}/{RECORDS}",
    )
