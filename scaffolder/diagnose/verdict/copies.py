"""Throwaway copies of a container, isolated: no network, read-only mounts, a time limit."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.docker.copied_files import Copied
from scaffolder.diagnose.docker.inspect import inspect, state
from scaffolder.diagnose.docker.isolation import isolate
from scaffolder.diagnose.evidence.files import resolved
from scaffolder.diagnose.evidence.trace import Trace
from scaffolder.docker.client import Engine, EngineError
from scaffolder.docker.throwaway import created

from . import allowed
from .at_work import settles
from .factor import Factor
from .handed import environment, fill, put, with_room
from .lifetimes import LONGEST_SECONDS, watched_for, window
from .watching import Tracer

EACH_SECONDS = 0.5
TELLING_SECONDS = 1.5
"""How long a runtime gets to tell where its threads are."""
ANSWER = 64 * 1024
ANYBODY = 0o666
"""The mode of a file that replaces none: the user of a container is often not root."""
EARLY = re.compile(
    r"refused|(?:fail(?:ed|ure)|unable|could ?n[o']t|can't|cannot) (?:to )?(?:connect|open)"
    r"|no (?:response|such container)|reset by peer|rejecting|starting up|loading|not running"
    r"|is the server running",
    re.IGNORECASE,
)
"""What clients say, and the engine, where nobody answers, or not yet."""


@dataclass(frozen=True)
class Outcome:
    """How a copy ended."""

    alive: bool
    exit_code: int
    text: str
    trace: Trace | None = None
    """What it did, if it was watched."""
    read: str = ""
    """The file that its factor reads, or what the command that it asks printed or wrote there."""
    is_refused: bool = False
    """It was not started."""

    @property
    def words(self) -> str:
        """How it ended, for a sentence."""
        if self.is_refused:
            return f"is not started: {self.text[-200:]}"
        return "keeps running" if self.alive else f"exits with {self.exit_code}"


def run(engine: Engine, case: Case, factor: Factor, tracer: Tracer | None = None) -> Outcome:
    """Run a copy with one factor changed, under a tracer if one is given, and remove it.

    Raises EngineError if it cannot be created, or a file of the factor not be put into it.
    """
    handed = (*(factor.files if factor.folder == "/" else ()), *factor.removed)
    config = with_room(factor.config, handed)
    limit = watched_for(case) if tracer else window(case)
    argv, entry, own = config.argv, config.argv[:1], list(factor.options)
    if tracer:
        argv = (tracer.entrypoint, *tracer.command(argv, limit))
        entry = argv[:1]
        own.append(f"--volume={tracer.folder}")
        config = allowed.traced(replace(config, pids=config.pids + 1 if config.pids else 0))
    entrypoint = [f"--entrypoint={word}" for word in entry]
    mounts = isolate(config, is_remote=engine.is_remote).options
    with environment(config) as env, allowed.security(config) as security:
        own_name = config.hostname or case.identity_number[:12]
        options = (
            *allowed.options(config, own_name),
            *mounts,
            *security,
            "--env-file",
            "/dev/stdin",
            *own,
        )
        made = created(
            engine,
            case.config.image_id or case.config.image,
            *options,
            *entrypoint,
            command=argv[1:],
            stdin=env,
        )
        with made as name:
            fill(engine, config, case.identity_number, name, factor.removed)
            if tracer:
                put(engine, name, tracer.folder, tracer.files)
            _hand(engine, case, factor, name)
            if factor.asks:
                return _answered(engine, name, factor)
            since = _ran_once(engine, name, window(case)) if factor.again else ""
            found = _outcome(engine, name, limit, tracer, since, quits=factor.quits)
            content = Copied(engine, name).content(factor.reads) if factor.reads else None
            return replace(found, read=(content or b"").decode("utf-8", "replace"))


def _hand(engine: Engine, case: Case, factor: Factor, name: str) -> None:
    """Put the files of a factor into a copy.

    What replaces a file keeps its mode and its owner: a script is executed, and another user may
    have to read it. Otherwise these would be changed as well.
    """
    of: dict[tuple[int, int], dict[str, tuple[int, bytes | None]]] = {}
    for path, data in factor.files.items():
        mode, owner = factor.mode, factor.owner
        old = resolved(case.files, path) if factor.folder == "/" and mode is None else None
        if old and old.kind == "file":
            mode, owner = old.mode & 0o7777, (old.uid, old.gid)
        of.setdefault(owner, {})[path] = (ANYBODY if mode is None else mode, data)
    for owner, files in of.items():
        put(engine, name, factor.folder, files, owner)


def tried_with(engine: Engine, case: Case, factor: Factor, tried: list[str]) -> Outcome | None:
    """Run a copy with one factor changed, and add to `tried` how it fared; None if it never ran."""
    return noted(factor, lambda: run(engine, case, factor), tried)


def noted(factor: Factor, ran: Callable[[], Outcome], tried: list[str]) -> Outcome | None:
    """Add to `tried` how a copy with one factor changed fared; None if it never ran."""
    try:
        found = ran()
    except EngineError as error:
        tried.append(f"rerun {factor.changed}: {error.message}")
        return None
    tried.append(f"rerun {factor.changed}: {found.words}")
    return found


def _outcome(  # noqa: PLR0913 - how long, how, and from when
    engine: Engine,
    name: str,
    limit: float,
    tracer: Tracer | None,
    since: str = "",
    *,
    quits: bool = False,
) -> Outcome:
    """Start a copy, and return how it fares; `since` when, if it was started again already."""
    started = engine.run("start", name, seconds=20)
    if started.code:
        return Outcome(alive=False, exit_code=127, text=started.complaint, is_refused=True)
    if engine.run("wait", name, seconds=limit).code is None and not tracer:
        settles(engine, name)
    found = state(inspect(engine, name) or {})
    if quits and found.status == "running":
        engine.run("kill", "--signal", "QUIT", name, seconds=5)
        engine.run("wait", name, seconds=TELLING_SECONDS)
    which = ("--since", since) if since else ()
    logs = engine.run("logs", "--tail", "200", *which, name, seconds=10, limit=1 << 20)
    text = (logs.out + logs.err).decode("utf-8", "replace")
    trace = tracer.trace(engine, name) if tracer else None
    alive = found.status == "running"
    return Outcome(alive or bool(trace and trace.timed_out), found.exit_code, text, trace)


def _ran_once(engine: Engine, name: str, seconds: float) -> str:
    """Run a copy for some time, and stop it; return when, as `docker logs --since` takes it."""
    engine.ask("start", name, seconds=20)
    if engine.run("wait", name, seconds=seconds).code is None:
        settles(engine, name)
    engine.ask("stop", "--time", "1", name, seconds=20)
    finished = state(inspect(engine, name) or {}).finished
    return finished.isoformat() if finished else ""


def _answered(engine: Engine, name: str, factor: Factor) -> Outcome:
    """Start a copy, and run a command in it until it says more than that nobody is there yet."""
    started = engine.run("start", name, seconds=20)
    deadline, command, early = time.monotonic() + LONGEST_SECONDS, (name, *factor.asks), ""
    while not started.code and time.monotonic() < deadline:
        time.sleep(EACH_SECONDS)
        try:
            ran = engine.run("exec", *factor.hears, *command, seconds=LONGEST_SECONDS, limit=ANSWER)
        except EngineError:
            continue  # a client's "connection refused", which may be the engine's, too
        file = (Copied(engine, name).content(factor.reads) or b"") if factor.reads else b""
        said = (file.rpartition(b"\f")[2] or ran.out + ran.err).decode("utf-8", "replace").strip()
        if said and ran.code is not None and not EARLY.search(said):
            return Outcome(alive=True, exit_code=ran.code, text="", read=said)
        early = said
    return Outcome(alive=False, exit_code=started.code or 0, text=early)
