"""Lines written without a logger, in the format of the log."""

import time
from _json import encode_basestring_ascii as quoted  # json would add a twentieth to its memory

from .shared_state import shared


def line(level: str, logger: str, service: str, message: str) -> str:
    """Return a line like boot's first ones, or a JSON object once the service logs JSON."""
    now = time.time()
    thousandth = f"{int(now % 1 * 1000):03d}"
    if not shared.json_lines:
        moment = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(now))
        text = f"{service}: {message}" if service else message
        return f"{moment},{thousandth} {level} {logger}: {text}"
    moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now))
    fields = {
        "timestamp": f"{moment}.{thousandth}Z",
        "level": level,
        "severity": level,
        "logger": logger,
        "service": service,
        "message": message,
    }
    return "{" + ",".join(f'"{name}":{quoted(value)}' for name, value in fields.items()) + "}"
