"""Scripts that wait for something, and never go on."""

import re
from collections.abc import Iterator

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import Evidence, copied, quoted
from scaffolder.diagnose.causes.reaching.obstacles import obstacle
from scaffolder.diagnose.causes.reaching.peers import peers
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.programs import shell
from scaffolder.diagnose.programs.scripts import Script

from .script import is_absent, quote, scripts, still_waits, where


def _absent(case: Case, script: Script) -> Iterator[tuple[str, str]]:
    """Yield programs that loops of a script test by, and that the image lacks, with their lines."""
    for command in shell.commands(script.text):
        is_loop = re.match(r"(?:until|while)\b", command.line)
        if not is_loop or not command.tested or not re.fullmatch(r"[\w.+-]+", command.name):
            continue
        if is_absent(case, script, command.name):
            yield command.name, command.line


@cause(
    "waits-forever",
    "a script waits for something that never comes",
    pattern="network",
    reads=["files", "live", "neighbours"],
    page="nothing-moves",
    when=Phase.RUNNING,
    basis=Basis.INFERRED,
    explains=["peer-unreachable-silent"],
)
def waits_forever(case: Case) -> Found | None:
    """Find `until nc -z db 5432; do sleep 1; done` in a container that does not listen."""
    if case.sockets is None or (case.sockets and not still_waits(case)):
        return None
    for script in scripts(case):
        tool = next(_absent(case, script), None)
        if tool:
            name, line = tool
            return Found(
                f"{where(script)} waits for ever: it tests by {name}, which is not installed in the"
                f" image, so the test never succeeds (`{line[:100]}`)",
                f"install {name} in the image, or test with what it has; give the wait a time limit"
                " and a message",
                (quote(case, script, line), copied(case, f"/usr/bin/{name}", "no such file")),
            )
        match = re.search(
            r"^[^\S\n]*(?P<l>(?:until|while)\b[^\n]*(?:nc|curl|wget|pg_isready|redis-cli|mysqladmin"
            r"|/dev/tcp|ping|nslookup|getent|wait-for)[^\n]*)|^(?P<w>[^\n]*(?:wait-for-it|wait-for"
            r"|dockerize -wait)[^\n]*)",
            script.text,
            re.MULTILINE,
        )
        if match is None:
            continue
        line = (match["l"] or match["w"]).strip()
        why = next(((p, o) for p in peers(case) if (o := obstacle(case, p))), None)
        detail = f": {why[1][0]}" if why else ""
        return Found(
            f"{where(script)} is still waiting for something that never comes"
            f" (`{line[:100]}`){detail}",
            why[1][1]
            if why
            else "check that it is up and reachable; give the wait a timeout and a message",
            (
                quote(case, script, line),
                *(why[1][2] if why else ()),
                Evidence(
                    "live",
                    f"docker top {quoted(case)}",
                    "; ".join(p.command[:50] for p in (case.processes or ())[:3]),
                ),
            ),
        )
    return None
