"""The log: lines on stdout from the start, however the application configures logging."""

import logging
import os
import sys
from typing import Any, TextIO

from . import stdio
from .repeats import repeats
from .shared_state import shared

HANDLER_NAME = "boot"


class Reporter(logging.LoggerAdapter[logging.Logger]):
    """A logger whose lines are written, however the application configures logging.

    By default, dictConfig() disables every logger that it does not name. Handlers can be removed,
    or write elsewhere: then the cause of a crash is written directly.
    """

    def log(self, level: int, msg: object, *args: object, **options: Any) -> None:
        self.logger.disabled = False
        writes = stdio.Output.writes
        super().log(level, msg, *args, **options)
        if level >= logging.CRITICAL and stdio.Output.writes == writes:
            plain = logging.Logger(self.logger.name)  # no configuration affects it
            plain.manager = logging.Manager(logging.RootLogger(level))  # nor does disable()
            plain.addHandler(_handler())
            plain.log(level, msg, *args, **options)


class Handler(logging.StreamHandler[TextIO]):
    """Also keeps the last lines for the supervisor."""

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        shared.log(line[-1000:].encode("utf-8", "backslashreplace") + b"\n")
        return line


def start_logging() -> None:
    """Log lines to stdout, unbuffered, until the stage `logging` takes over."""
    root = logging.getLogger()
    root.addHandler(_handler())
    # An unknown level is reported with the other settings.
    known = logging.getLevelNamesMapping()
    root.setLevel(known.get(os.environ.get("LOG_LEVEL", "").upper(), logging.INFO))
    logging.captureWarnings(capture=True)


def _handler() -> Handler:
    handler = Handler(sys.stdout)
    handler.name = HANDLER_NAME
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    handler.addFilter(repeats)
    return handler
