"""Services in Python as their frameworks' own pages would have one write them, for comparison."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from fault import CONTAINER, Fault
from subjects import IMPORTING, Subject, built

DOCKERFILE = """FROM python:3.13-slim-trixie
ARG PIP_INDEX_URL
WORKDIR /app
RUN pip install --no-cache-dir {packages}
COPY app.py .
ENV PORT=8080
CMD {command}
"""

FASTAPI = """from fastapi import FastAPI

app = FastAPI()


@app.get("/health/live")
async def health():
    return {"status": "ok"}
"""

FLASK = """from flask import Flask

app = Flask(__name__)


@app.get("/health/live")
def health():
    return {"status": "ok"}
"""


WORDS = {
    "empty setting": r"(?i)invalid|valid integer|range|error",
    "malformed setting": r"(?i)invalid|valid integer|range|error",
    "setting out of range": r"(?i)invalid|valid integer|range|error",
    "port in use": r"(?i)address already in use|connection in use",
    "privileged port": r"(?i)permission denied",
    "too few processes": r"(?i)temporarily unavailable|can't start|fork",
    "too little memory": r"(?i)memory",
    "barely enough memory": r"(?i)memory",
    "wrong working directory": r"No such file or directory: 'config/rates\.csv'",
    "stderr closed": r"x\n",
    "stderr full": r"xxxx",
    "sys.exit(0)": r"(?i)SystemExit|exit",
    "sys.exit(3)": r"(?i)SystemExit|exit",
    "prints and exits": r"(?i)SystemExit|exit",
    "os._exit(0)": r"(?i)exited with|exit code|exit status",
    "os._exit(1)": r"(?i)exited with|exit code|exit status",
    "os._exit(7)": r"(?i)exited with|exit code|exit status",
    "segmentation fault": r"(?i)SIGSEGV|segmentation fault",
    "stack overflow in C": r"(?i)SIGSEGV|segmentation fault",
    "text in the last buffer": r"last words",
    "abort": r"SIGABRT|Aborted",
    "hangs": r"(?i)hang|timeout",
    "start-up code of the application hangs": r"(?i)hang|timeout",
    "exception in an executor": r"ZeroDivisionError",
    "exception in a callback of the loop": r"ZeroDivisionError",
    "exception in a task nobody awaits": r"ZeroDivisionError",
    "exception in a task that is kept": r"ZeroDivisionError",
    "exception in a thread": r"ZeroDivisionError",
    "SystemExit in a task": r"(?i)SystemExit|exit",
    "SystemExit in a thread": r"(?i)SystemExit|exit",
    "child process that is killed": r"(?i)SIGKILL|killed|signal 9",
    "memory up to the limit": r"(?i)memory",
    "memory of a child up to the limit": r"(?i)memory",
    "blocked event loop": r"(?i)block|timeout",
    "event loop that waits for a deadlocked thread": r"(?i)block|timeout",
    "deadlocked thread": r"(?i)no answer|timeout",
    "handler that never ends": r"(?i)no answer|timeout",
    "os.kill with SIGKILL": r"SIGKILL",
    "os.kill with SIGALRM": r"SIGALRM",
    "os.kill with SIGUSR1": r"SIGUSR1|usr1",
    "os.kill with SIGXCPU": r"SIGXCPU",
    "os.kill with SIGSYS": r"SIGSYS",
    "stdout closed": r"lost\?",
    "stdout full": r"xxxx",
    "stdout without a reader": r"lost\?",
    "stdout on a full disk": r"No space left|x\n",
    "stderr without a reader": r"(?i)broken pipe",
    "SIGTERM while blocked": r"(?i)block|timeout|SIGABRT|SIGKILL",
    "shutdown code that hangs": r"(?i)not ended|timeout|hang",
    "thread that does not end": r"(?i)not stop|timeout|hang",
    **dict.fromkeys(
        (
            "SIGTERM",
            "SIGINT",
            "SIGHUP",
            "SIGQUIT",
            "SIGTERM twice",
            "SIGTERM during a long request",
        ),
        r"(?i)shutting down|handling signal",
    ),
}
"""What others may call a fault; where nothing stands here, Python's own words count."""

OURS = {"LOG_LEVEL", "HOST", "START_SECONDS"}
"""Settings that the others do not have."""


@dataclass(frozen=True)
class Baseline:
    """A service to compare with."""

    name: str
    title: str
    packages: str
    app: str
    command: str

    @contextmanager
    def subject(self) -> Iterator[Subject]:
        """Build its image, for as long as it is needed."""
        with tempfile.TemporaryDirectory() as made:
            directory = Path(made)
            (directory / "app.py").write_text(self.app, encoding="utf-8")
            dockerfile = DOCKERFILE.format(packages=self.packages, command=self.command)
            (directory / "Dockerfile").write_text(dockerfile, encoding="utf-8")
            with built(directory) as image:
                yield Subject(image=image, flags=IMPORTING)

    def adapt(self, fault: Fault) -> Fault | None:
        """Return the fault as it is injected here; None where it has no meaning."""
        if CONTAINER not in fault.places or fault.before_start or fault.inside or fault.stage:
            return None
        if "orders" in f"{fault.code}{fault.docker}":
            return None
        if fault.environment.keys() & OURS and not fault.code:
            return None
        if self.name == "fastapi" and fault.name.startswith(("os.kill", "SIGPIPE")):
            return None  # the first process of a container is deaf to signals of its own
        if self.name == "flask" and ("starlette" in fault.code or "anyio" in fault.code):
            return None
        return replace(fault, module="app", cause=WORDS.get(fault.name, fault.cause))


BASELINES = [
    Baseline(
        "fastapi",
        "FastAPI, uvicorn",
        "fastapi uvicorn",
        FASTAPI,
        '["sh", "-c", "exec uvicorn app:app --host 0.0.0.0 --port $PORT"]',
    ),
    Baseline(
        "flask",
        "Flask, gunicorn",
        "flask gunicorn",
        FLASK,
        '["sh", "-c", "exec gunicorn --worker-tmp-dir /dev/shm --bind 0.0.0.0:$PORT app:app"]',
    ),
]
