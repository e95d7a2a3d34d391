"""A script whose commands keep their output, in a copy: what they say is thrown away otherwise."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import replace

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.evidence.config import Config
from scaffolder.diagnose.evidence.files import mount_around

from .factor import Factor

THROWN_AWAY = re.compile(r"(&|[12])?>>?[^\S\n]*/dev/null\b")


def spoken(case: Case, shell: str) -> Iterator[Factor]:
    """Return a copy whose script throws nothing away, if it does and the container is silent."""
    first = case.launched[0] if case.launched else None
    script = first.script if first else None
    if script is None or not case.is_silent or not THROWN_AWAY.search(script.text):
        return
    text, config = THROWN_AWAY.sub(_kept, script.text), case.config
    if not script.path:
        changed = tuple(text if word == script.text else word for word in config.argv)
        yield _factor(replace(config, entrypoint=changed[:1], command=changed[1:]))
    elif mount_around(script.path, config.mounts) is None:
        arguments = config.command if config.entrypoint else ()
        started = replace(config, entrypoint=(shell, script.path, *arguments), command=())
        files = {script.path: text.encode()}
        yield replace(
            _factor(started), files=files, flags=f"-v ./script:{shlex.quote(script.path)}"
        )


def _kept(redirection: re.Match[str]) -> str:
    return "2>&2" if redirection[1] == "2" else ">&2"


def _factor(config: Config) -> Factor:
    return Factor("what its script sends to /dev/null", config, reveals="output-thrown-away")
