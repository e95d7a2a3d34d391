"""Exec forms that are not JSON."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Found, cause
from scaffolder.diagnose.causes.evidence import inspected, logged
from scaffolder.diagnose.evidence.phase import Phase


@cause(
    "command-single-quotes",
    "the command in the Dockerfile is not valid JSON, so Docker uses the shell form",
    pattern="image",
    reads=["inspect", "logs"],
    when=Phase.DIED | Phase.START | Phase.IMAGE,
    explains=["command-missing-in-script", "file-missing"],
)
def command_single_quotes(case: Case) -> Found | None:
    """Find an exec form that Docker took for the shell form: quotes, or a missing comma."""
    words = case.config.argv
    inner = words[2] if len(words) > 2 and words[1] == "-c" and words[0].endswith("sh") else ""
    if not re.match(r"^\s*\[\s*['\"\w/]", inner) or inner.lstrip().startswith(("[ ", "[[")):
        return None
    match = case.said(r"[^\n]*not found[^\n]*") if case.phase != Phase.IMAGE else None
    parts = re.findall(r"['\"]([^'\"]*)['\"]", inner) or inner.strip("[] ").split()
    form = ", ".join(f'"{part}"' for part in parts)
    why = "uses single quotes" if "'" in inner else "is not valid JSON"
    return Found(
        f"CMD {why}, so it is not the exec form, and Docker runs it through /bin/sh -c:"
        f" {inner[:120]}",
        f"write valid JSON with double quotes: CMD [{form}]",
        (inspected(case, "Config.Cmd", list(words)), *((logged(case, match),) if match else ())),
        proven=match is not None or case.phase == Phase.IMAGE,
    )
