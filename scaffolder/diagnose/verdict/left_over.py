"""A file that an earlier run left: fresh copies run, and those that have it do not."""

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.evidence import Evidence
from scaffolder.docker.client import Engine
from scaffolder.text import quoted

from .copies import Outcome, tried_with
from .cures import LEFT_OVER
from .factor import Factor
from .rerun import Rerun

MOST = 3


def with_left_over(engine: Engine, case: Case, fresh: Outcome, tried: list[str]) -> Rerun | None:
    """Put files that the container wrote into copies: return the one with which a copy fails."""
    if not fresh.alive or fresh.trace is None:
        return None
    written = {path for kind, path in case.changes if kind in "AC"}
    made = [call.path for call in fresh.trace.calls if call.path in written and call.may_find]
    for path in list(dict.fromkeys(made))[:MOST]:
        data = case.files.content(path)
        if data is None:
            continue
        factor = Factor(f"{path} as the container left it", case.config, files={path: data})
        found = tried_with(engine, case, factor, tried)
        if found and not found.alive and found.exit_code == case.exit_code:
            return _proof(case, path, f"a fresh copy {fresh.words}; with {path}, it {found.words}")
    return None


def _proof(case: Case, path: str, fares: str) -> Rerun:
    return Rerun(
        LEFT_OVER.cause,
        LEFT_OVER.pattern,
        f"{path} is {LEFT_OVER.text}: {fares}",
        f"remove it at the start (rm -f {quoted(path)} before exec), or {LEFT_OVER.fix}",
        cured=True,
        proves=LEFT_OVER.proves,
        factor=LEFT_OVER.factor,
        evidence=(
            Evidence("changes", f"docker diff {quoted(case.target)}", f"A {path}"),
            Evidence("rerun", f"docker run --rm ... {case.config.image}", fares),
        ),
    )
