"""Two processes of one container that do not agree on where a file or socket is."""

from collections.abc import Iterator

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import Evidence, content, ended, inspected, watched
from scaffolder.diagnose.evidence.beside import place
from scaffolder.diagnose.evidence.files import text
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.evidence.trace import Call, Traced

MOST = 40
"""How many of the files that were read are searched for a path."""
SYSTEM = ("/usr/", "/lib", "/proc/", "/sys/", "/dev/")


@cause(
    "file-elsewhere",
    "one process looks for what another one makes in another directory",
    pattern="environment",
    reads=["rerun", "inspect", "files"],
    page="check-files-and-dependencies",
    when=Phase.DIED,
    basis=Basis.INFERRED,
    explains=[
        "file-missing", "socket-missing", "last-call", "killed-from-inside", "ends-itself",
        "python-exception", "said-why", "waits-in-call",
    ],
    cured_by=["elsewhere"],
)  # fmt: skip
def file_elsewhere(case: Case) -> Found | None:
    """Find a name that one process asks for again and again, and another one makes elsewhere."""
    dog = case.seen.watchdog
    if dog and dog.elsewhere:
        return _apart(case, dog.look, dog.elsewhere, f"{_named(dog.killer)} kills it over that")
    found = case.seen.beside
    if found is None or case.has(place(found[0])):
        return None
    return _apart(case, *found)


def _apart(case: Case, sought: Call, made: Call, end: str = "") -> Found:
    """Return the answer: who looks where, who makes it where, and what gives them these paths."""
    here, there = place(sought), made.made or place(made)
    settings = list(_settings(case, (here, there)))
    named = "; ".join(f"{by} names {path}" for by, path, _ in settings)
    same = next((by for by, path, _ in settings if path == there and by in case.config.env), "")
    looks = f"looks at {here}" if end else f"looks for {here}, in vain"
    return Found(
        f"{_who(case, sought)} {looks}, and {_who(case, made)} makes {there}"
        f"{f' ({named})' if named else ''}{end and f': {end}'}",
        f"give both the same path: {here} or {there}{same and f' (-e {same}={here})'}",
        (
            watched(case, f"{_who(case, sought)}: {sought.words}"),
            watched(case, f"{_who(case, made)}: {made.words}"),
            *(shown for _, _, shown in settings),
            ended(case),
        ),
    )


def _who(case: Case, call: Call) -> str:
    return _named(case.seen.trace.processes.get(call.process, Traced(call.process)))


def _named(process: Traced) -> str:
    script = next((word for word in process.argv[1:2] if word.startswith("/")), "")
    return f"{process.name} (process {process.number}{script and f', {script}'})"


def _settings(case: Case, paths: tuple[str, ...]) -> Iterator[tuple[str, str, Evidence]]:
    """Return the variables, and the files that were read, that name one of two paths."""
    for path in paths:
        for name, value in case.config.env.items():
            if value == path:
                yield name, path, inspected(case, "Config.Env", f"{name} names {path}")
    opened = (c for c in case.seen.trace.calls if c.name.startswith("open") and not c.error)
    read = dict.fromkeys(c.path for c in opened if not c.writes and not c.path.startswith(SYSTEM))
    code = {word for process in case.seen.trace.processes.values() for word in process.argv}
    for file in [path for path in read if path not in code][:MOST]:
        known = text(case.files, file) or ""
        for path in paths:
            if path in known:
                yield file, path, content(case, file, f"names {path}")
