"""Services in Rust as others would write them, for comparison."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace

import loco_code
import rust_code
from fault import CONTAINER, Fault
from subjects import Subject, image_of

WORDS = {
    "empty setting": r"ParseIntError|PORT",
    "malformed setting": r"ParseIntError|PORT",
    "setting out of range": r"ParseIntError|PORT",
    "privileged port": r"(?i)permission denied",
    "too few processes": r"(?i)temporarily unavailable",
    "main returns Err": r"no luck",
    "Err of a stage": r"no luck",
    "missing file": r"No such file",
    "stage that waits for ever": r"(?i)hang|timeout",
    "stage that blocks": r"(?i)hang|timeout",
    "application that blocks while it is built": r"(?i)hang|timeout",
    "too little memory": r"(?i)memory",
    "memory up to the limit": r"(?i)memory",
    "segmentation fault": r"(?i)SIGSEGV|segmentation fault",
    "text in the last buffer": r"last words",
    "abort": r"(?i)SIGABRT|aborted",
    **dict.fromkeys(("process::exit(0)", "process::exit(3)", "prints and exits"), r"(?i)exited|exit status"),
    **dict.fromkeys(("_exit(0)", "_exit(7)"), r"(?i)exited|exit status"),
    **dict.fromkeys(("blocked worker", "all workers blocked", "deadlock of a mutex", "endless loop"), r"(?i)block|timeout"),
    **dict.fromkeys(("handler that never ends", "deadlock in web::block"), r"(?i)no answer|timeout"),
    **dict.fromkeys(("panic in a thread", "panic in a thread that is joined"), r"no luck"),
    **dict.fromkeys(("panic that no hook is told of", "panic hook of its own"), r"no luck|panicked"),
    **dict.fromkeys(
        ("listening socket closed", "listening socket closed, its number used again"),
        r"(?i)accept|bad file descriptor|not a socket",
    ),
    "memory of a child up to the limit": r"(?i)memory|kill",
    **dict.fromkeys(
        ("stdout closed", "stdout closed, its number used again", "stdout without a reader"),
        r"(?i)lost\?|unable to write|broken pipe",
    ),
    "stdout full": r"xxxx",
    "stdout on a full disk": r"No space left",
    "Err of a stage that closes": r"no luck",
    "SIGTERM while blocked": r"(?i)block|timeout",
    "stage that does not close": r"(?i)not ended|timeout|hang",
    "stage that blocks while it closes": r"(?i)not ended|timeout|hang",
    **dict.fromkeys(
        (
            "SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGTERM twice", "SIGTERM during a long request",
            "SIGTERM, set back by a library", "thread that does not end",
        ),
        r"(?i)received|graceful|shutting down",
    ),
}  # fmt: skip
"""What others may call a fault; where nothing stands here, the panic's own words count."""

OURS = {"LOG_LEVEL", "HOST", "START_SECONDS"}
"""Settings that not every other service has."""

LOCO = {
    **WORDS,
    **dict.fromkeys(("empty setting", "malformed setting", "setting out of range"), r"(?i)port|invalid|expected"),
    "bad log level": r"LOUD",
    "several settings": r"(?i)port|invalid|variant|expected",
    "address that is not there": r"(?i)cannot assign|not available",
    "name that is no address": r"(?i)lookup|not known|resol",
}  # fmt: skip
"""What a service of Loco may call them."""

SETTINGS = {"LOG_LEVEL": "LOG_LEVEL", "HOST": "BINDING"}


@dataclass(frozen=True)
class Baseline:
    """A service to compare with."""

    name: str
    title: str
    image: Callable[[], AbstractContextManager[str]]
    words: Mapping[str, str] = field(default_factory=lambda: WORDS)
    settings: Mapping[str, str] = field(default_factory=dict)
    """What it calls those of OURS that it has."""

    @contextmanager
    def subject(self) -> Iterator[Subject]:
        """Build its image, for as long as it is needed."""
        with self.image() as image:
            yield Subject(image=image)

    def adapt(self, fault: Fault) -> Fault | None:
        """Return the fault as it is injected here; None where it has no meaning."""
        if CONTAINER not in fault.places or fault.before_start or fault.inside or fault.stage:
            return None
        if fault.environment.keys() & OURS - self.settings.keys() and not fault.code:
            return None
        if fault.code.startswith(("raise ", "SIGPIPE")):
            return None  # the first process of a container is deaf to signals of its own
        environment = {self.settings.get(name, name): at for name, at in fault.environment.items()}
        cause = self.words.get(fault.name, fault.cause)
        return replace(fault, cause=cause, environment=environment)


def actix(name: str, title: str, set_up: str) -> Baseline:
    """Return a service of Actix Web; `set_up` is what its `main` does first."""
    return Baseline(name, title, lambda: image_of(rust_code.other(name, set_up)))


BASELINES = [
    actix("bare", "actix-web", rust_code.BARE),
    actix("guide", "actix-web, tracing-subscriber, a panic hook that exits", rust_code.GUIDE),
    Baseline("loco", "loco", loco_code.image, LOCO, SETTINGS),
]
