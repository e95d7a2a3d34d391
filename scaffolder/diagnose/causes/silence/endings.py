"""Programs that exit 0: a dummy program, one that nothing keeps, and one that is restarted."""

from posixpath import basename

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import (
    Evidence,
    content,
    ended,
    inspected,
    logged,
    nothing_logged,
    watched,
)
from scaffolder.diagnose.evidence.gave_up import in_vain
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.evidence.swallowed import LOST

from .claims import claims_to_serve, is_idle, last_line, says_where
from .readings import INTERACTIVE, SHORT_SECONDS, natives


@cause(
    "dummy-main",
    "the image contains the dummy program that is built to cache dependencies",
    pattern="image",
    reads=["files", "inspect"],
    when=Phase.FINISHED | Phase.DIED,
    basis=Basis.INFERRED,
    explains=["nothing-keeps-it"],
)
def dummy_main(case: Case) -> Found | None:
    """Find a Rust program with an empty main: the real one is older, so cargo did not rebuild."""
    if case.exit_code != 0 or case.state.seconds > SHORT_SECONDS:
        return None
    for path, data, program in natives(case):
        hello = (
            case.text.strip() in {"Hello, world!", "dummy", "if you see this, the build broke"}
            and not case.is_silent
        )
        if program.language != "rust" or not (case.is_silent or hello):
            continue
        tiny = program.main_size is not None and program.main_size <= 16
        deaf = bool(program.imports) and not program.imports & {
            "socket",
            "bind",
            "listen",
            "connect",
        }
        if (
            not tiny
            and not (
                deaf and (case.config.exposed or case.config.published or case.config.must_stay)
            )
            and not hello
        ):
            continue
        how = (
            f"its main function is {program.main_size} bytes"
            if tiny
            else "it has no way to open a socket"
            if deaf
            else "it only prints Hello, world!"
        )
        return Found(
            f'{path} is the binary of the dummy src/main.rs ("fn main() {{}}") that caches the'
            f" dependencies ({how}): cargo did not rebuild, because the real main.rs has an older"
            " mtime",
            "touch src/main.rs before the second cargo build (or rm -rf"
            " target/release/deps/NAME*, or cargo-chef)",
            (content(case, path, f"{len(data)} bytes; {how}"), ended(case), nothing_logged(case)),
        )
    return None


@cause(
    "nothing-keeps-it",
    "the program ends by itself with 0, although it is meant to stay",
    pattern="process",
    reads=["inspect", "logs", "rerun"],
    page="nothing-moves",
    when=Phase.FINISHED | Phase.DIED,
    basis=Basis.INFERRED,
    explains=["ends-again-and-again"],
)
def nothing_keeps_it(case: Case) -> Found | None:
    """Find a server that runs out of things to do: an empty event loop, only daemon threads.

    A job ends so, too: what was meant is known only from what it opened, and from its settings.
    """
    call, left = case.seen.unkept, case.seen.left
    is_server = call is not None and call.name == "listen"
    is_told = case.is_silent or claims_to_serve(case) or is_idle(case) or is_server
    if case.exit_code != 0 or not is_told:
        return None
    meant = is_to_stay(case) or (_is_kept(case) if left else None) or _says_where(case)
    if call is None and meant is None:
        return None
    said = nothing_logged(case) if case.is_silent else logged(case, last_line(case))
    shown = () if call is None else (watched(case, f"{call.name}({call.where!r}) at its end"),)
    if call is None:
        what = "it is meant to serve a port or to stay"
    elif call.name == "listen":
        what = f"it listens on {call.where or 'a socket'}, and ends without having served anybody"
    else:
        on = " (for a lock, or a queue)" if call.name == "futex" else ""
        what = f"a thread of it still waits in {call.name}{on} when it ends"
    return Found(
        f"the program ends by itself with 0, although {what}: {_why(case)}",
        "wait for the server at the end of the program (await it, join the thread, no unref());"
        " if it is a job, it needs no port",
        (
            *shown,
            *(watched(case, each.words) for each in left),
            *((meant,) if meant and meant != said else ()),
            ended(case),
            said,
        ),
    )


def _says_where(case: Case) -> Evidence | None:
    """Return the last output, if that is of a server that says where it can be reached."""
    is_known = not _may_be_forgotten(case) and says_where(case)
    return logged(case, last_line(case)) if is_known else None


def _is_kept(case: Case) -> Evidence | None:
    """Return the restart policy, if it is that of a service."""
    name = "HostConfig.RestartPolicy.Name"
    return inspected(case, name, case.config.restart) if case.config.must_stay else None


def _why(case: Case) -> str:
    """Return why nothing keeps it, as far as its runtime tells."""
    ending = case.seen.ending
    if ending and ending.place:
        return f"it ends itself, with {ending.how} at {ending.place}"
    kept = case.seen.swallowed
    if kept and kept.how == LOST:
        return f"a task or a thread of it ended over {kept.last}, at {kept.place}, unheard"
    if case.seen.left:
        return f"its event loop has become empty, and {case.seen.left[0].words}"
    call = case.seen.gave_up or case.seen.failed_call
    if call:
        return f"what it tried last failed: {in_vain(case.seen.trace, call)}"
    return (
        "nothing keeps it running, as with an event loop that has become empty, or where only"
        " daemon threads are left"
    )


def is_to_stay(case: Case) -> Evidence | None:
    """Return which setting, meant for this command, only makes sense for what stays up."""
    if _may_be_forgotten(case):
        return None
    own = (*case.image.entrypoint, *case.image.command) if case.image else ()
    is_any = bool(own) and basename(own[-1]) in INTERACTIVE  # an image to run any command in
    if case.config.published and (is_any or case.is_meant("EXPOSE")):
        ports = ", ".join(str(port.number) for port in case.config.published)
        return inspected(case, "HostConfig.PortBindings", f"publishes {ports}")
    if case.config.exposed and case.is_meant("EXPOSE"):
        ports = ", ".join(str(port.number) for port in case.config.exposed)
        return inspected(case, "Config.ExposedPorts", ports)
    if case.config.check and case.is_meant("HEALTHCHECK"):
        return inspected(case, "Config.Healthcheck", case.config.check.words)
    return None


def _may_be_forgotten(case: Case) -> bool:
    """Tell whether it may have been stopped in good order, and nobody remembers how it ended."""
    is_known = any(event.action in ("die", "died") for event in case.events)
    return case.state.seconds > SHORT_SECONDS and not is_known


@cause(
    "ends-again-and-again",
    "it exits with 0 and is restarted again and again",
    pattern="process",
    reads=["inspect", "events"],
    page="ended-without-a-word",
    basis=Basis.QUOTED,
)
def ends_again(case: Case) -> Found | None:
    """Find a job, or a service that does not stay, under a restart policy for services."""
    if case.exit_code != 0 or not (case.restarts or case.state.status == "restarting"):
        return None
    lines = [line.text for line in case.lines if line.text.strip()]
    said = f"; its last output: {lines[-1][:150]}" if lines else " without output"
    ending = case.seen.ending
    where = f", with {ending.how} at {ending.place}" if ending and ending.place else ""
    return Found(
        f"the program exits with 0 on its own{where}{said}, and the restart policy"
        f" {case.config.restart} restarts it again and again ({case.restarts} times)",
        "keep a service in the foreground; a job needs --restart no or on-failure",
        (
            inspected(case, "RestartCount", case.restarts),
            inspected(case, "HostConfig.RestartPolicy.Name", case.config.restart),
            ended(case),
        ),
        (f"docker update --restart on-failure {case.target}",),
    )
