"""Programs that exit 0: a dummy program, and one that is restarted again and again."""

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import content, ended, inspected, nothing_logged
from scaffolder.diagnose.evidence.phase import Phase

from .readings import SHORT_SECONDS, natives


@cause(
    "dummy-main",
    "the image contains the dummy program that is built to cache dependencies",
    pattern="image",
    reads=["files", "inspect"],
    when=Phase.FINISHED | Phase.DIED,
    basis=Basis.INFERRED,
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
    return Found(
        f"the program exits with 0 on its own{said}, and the restart policy"
        f" {case.config.restart} restarts it again and again ({case.restarts} times)",
        "keep a service in the foreground; a job needs --restart no or on-failure",
        (
            inspected(case, "RestartCount", case.restarts),
            inspected(case, "HostConfig.RestartPolicy.Name", case.config.restart),
            ended(case),
        ),
        (f"docker update --restart on-failure {case.target}",),
    )
