"""Interactive programs whose input is closed."""

import errno
import re
from posixpath import basename

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import ended, inspected, seen, watched
from scaffolder.diagnose.causes.java.literals import launched_literals
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.evidence.stdin import asks_for_terminal

from .readings import INTERACTIVE, readings, sources

TERMINAL = "/dev/tty"
OF_TERMINAL = re.compile(r"\bisatty\b|\bisTTY\b|\btcgetattr\b|\[ ! -t 0 \]|\[ -t 0 \]|-t STDIN\b")
CONSOLE = "java/io/Console"


@cause(
    "input-closed",
    "the program is interactive, but its input is closed",
    pattern="process",
    reads=["inspect", "rerun"],
    page="check-shell",
    when=Phase.FINISHED | Phase.DIED,
    basis=Basis.INFERRED,
    explains=["nothing-keeps-it", "errexit", "device-not-given", "last-call"],
    cured_by=["input"],
)
def input_closed(case: Case) -> Found | None:
    """Find `python3` or `bash` as the whole command, without -i."""
    argv = [w for w in case.config.argv if w not in {"-i", "-l", "--login"}]
    if found := _without_terminal(case):
        return found
    if case.config.stdin or not argv:
        return None
    if case.seen.reads_nothing:
        return Found(
            "the program reads its standard input, which is empty, and ends; without -i stdin is"
            " closed",
            "use docker run -i, or -it for a terminal, or give it what it asks for in arguments",
            (watched(case, "read(0): end of file"), inspected(case, "Config.OpenStdin", "false")),
            (f"docker run -it {case.config.image}",),
        )
    if case.exit_code != 0:
        return None
    name = basename(argv[-1] if argv[0].endswith(("busybox", "env", "tini")) else argv[0])
    alone = len(argv) == 1 or (len(argv) == 2 and argv[0].endswith(("busybox", "env")))
    reads = any(reading.reads_input for _s, reading in readings(case))
    if not ((alone and re.sub(r"[\d.]+$", "", name) in INTERACTIVE | {"python"}) or reads):
        return None
    what = (
        f"the command {name} is an interactive interpreter"
        if not reads
        else "the program reads from its input"
    )
    return Found(
        f"{what}; without -i and -t its stdin is closed, so it reads end of file and exits 0",
        "use docker run -it, or give it a program to run",
        (
            inspected(case, "Config.Cmd", list(case.config.argv)),
            inspected(case, "Config.OpenStdin", "false"),
            ended(case),
        ),
        (f"docker run -it {case.config.image}",),
    )


def _without_terminal(case: Case) -> Found | None:
    """Find a program that needs a terminal, and does not say so."""
    if case.config.tty:
        return None
    commands = (f"docker run -it {case.config.image}",)
    if asks_for_terminal(case.seen.trace):
        return Found(
            "the program asks last whether its standard input is a terminal; that is none, and it"
            " ends",
            "give it a terminal: docker run -it (stdin_open and tty in compose)",
            (
                watched(case, "ioctl(0): inappropriate ioctl for device (no terminal)"),
                inspected(case, "Config.Tty", "false"),
                ended(case),
            ),
            commands,
        )
    call = case.seen.failed_call
    if call and call.path == TERMINAL and call.error == errno.ENXIO:
        return Found(
            f"the program asks at its terminal ({TERMINAL}), and the container has none; it ends"
            " without a message",
            "give it a terminal (docker run -it), or what it asks for in a variable or a file",
            (seen(case, call), inspected(case, "Config.Tty", "false")),
            commands,
        )
    return None


def names_terminal(case: Case) -> bool:
    """Tell whether a program asks for a terminal in its own code.

    Native ones name such a function for many reasons: what they ask for shows in a copy.
    """
    if any(OF_TERMINAL.search(script.text) for script in sources(case)):
        return True
    return any(found for _path, found in launched_literals(case, CONSOLE))
