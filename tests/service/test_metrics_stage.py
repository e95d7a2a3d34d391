"""What only the stage `metrics` in Python has to show."""

import shutil
import threading
from pathlib import Path

from cgroups import Cgroup
from conftest import Pristine, Unshared
from running import python
from served import Served, serving, wait_until

BLOCKED = """
import time


async def block(_request: Request) -> JSONResponse:
    time.sleep(4)
    return JSONResponse({})
"""


def blocking(pristine: Path, place: Path) -> Path:
    """Make a service with a route that blocks the event loop."""
    shutil.copytree(pristine, place)
    app = place / "src/orders/app.py"
    text = app.read_text(encoding="utf-8")
    before, routes = 'Route("/", index)', 'Route("/", index), Route("/block", block)'
    assert before in text
    text = text.replace(before, routes).replace(
        "\n\nasync def index", f"{BLOCKED}\n\nasync def index"
    )
    app.write_text(text, encoding="utf-8")
    return place


def test_the_memory_is_watched_while_the_event_loop_is_blocked(
    pristine: Pristine, unshared: Unshared, tmp_path: Path
) -> None:
    (tmp_path / "cgroup").mkdir()
    cgroup = Cgroup(tmp_path / "cgroup", "version 2")
    cgroup.use(50)
    service = python(blocking(pristine(("metrics",)), tmp_path / "orders"))
    with serving(unshared(service, first=cgroup.mount)) as served:
        asked = threading.Thread(target=served.ask, args=("/block",))
        asked.start()
        wait_until(lambda: is_blocked(served), "the event loop is not blocked")
        cgroup.use(90)
        served.run.wait_for_line("90 MiB of 100 MiB of memory are in use", seconds=2)
        assert is_blocked(served)
        asked.join()


def is_blocked(served: Served) -> bool:
    """Tell whether nothing is answered within a moment."""
    connection = served.hold(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n", patience=0.3)
    try:
        return not connection.recv(1)
    except TimeoutError:
        return True
