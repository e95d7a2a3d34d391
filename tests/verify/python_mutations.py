"""Services in Python that somebody broke, or changed for good."""

import shutil
from pathlib import Path

from conftest import Pristine
from image_mutations import AROUND, as_root, faults
from image_mutations import HEALTHY as IMAGES
from mutation import Edit, Mutation, append, replace, write

from scaffolder import operations

PACKAGE = "src/orders"
APP, MAIN, CONFIG = (f"{PACKAGE}/{name}.py" for name in ("app", "__main__", "config"))
HEALTH, STAGES = f"{PACKAGE}/health.py", f"{PACKAGE}/stages/__init__.py"
API, ITEMS = f"{PACKAGE}/stages/api/__init__.py", f"{PACKAGE}/stages/api/items.py"
SERVER, STOP = f"{PACKAGE}/runtime/server.py", f"{PACKAGE}/runtime/stop.py"


def prepare(pristine: Pristine, root: Path) -> None:
    """Make the service in its repository, locked."""
    shutil.copytree(pristine(("api",)), root, symlinks=True)
    operations.lock(root)


def seed(environment: Path) -> None:
    """Leave an environment as it is."""


def passing_tests(root: Path) -> None:
    """Have one test that sees nothing in place of all others."""
    shutil.rmtree(root / "tests")
    write("tests/test_nothing.py", "def test_nothing() -> None:\n    pass\n")(root)


EMPTY = "api: the list of items starts empty"
BUILT = "    app = Starlette("


def at_import(code: str) -> Edit:
    """Run code when the application is imported."""
    return append(APP, f"\n{code}\n")


def built(code: str) -> Edit:
    """Run code when the application is built."""
    return replace(APP, BUILT, f"    {code}\n{BUILT}")


def check(code: str) -> Edit:
    """Add a readiness check."""
    added = f"    async def check() -> None:\n        {code}\n    health.add_check(app, 'rates', check)\n"
    return replace(APP, "    return app\n", f"{added}    return app\n")


def route_gone(path: str) -> Edit:
    """Take a route of the health module out."""
    return replace(HEALTH, f'    Route("{path}", ', f'    Route("{path}-gone", ')


LOCAL = [
    Mutation("lock that names a version that is not there", "environment",
             (replace("requirements/dev.txt", "starlette==", "starlette==9"),)),
    Mutation("lock with a wrong hash", "environment",
             (replace("requirements/dev.txt", "--hash=sha256:", "--hash=sha256:0"),)),
    Mutation("lock with a conflict", "environment", (append("requirements/dev.txt", "<<<<<<< ours\n"),)),
    Mutation("test that fails", "tests",
             (write("tests/test_mine.py", "def test_it() -> None:\n    assert not 1\n"),), tested=True),
    Mutation("test that cannot be imported", "tests",
             (write("tests/test_mine.py", "from orders import absent\n"),), tested=True),
    Mutation("wrong default that a test knows", "tests",
             (replace(f"{PACKAGE}/runtime/__init__.py", '"0.0.0.0"', '"127.0.0.1"'),), tested=True),
    Mutation("settings of pytest that are wrong", "tests",
             (replace("pyproject.toml", "[tool.pytest.ini_options]",
                      '[tool.pytest.ini_options]\naddopts = "--no-such-option"'),)),
    Mutation("broken import", "start", (replace(APP, "import health,", "import absent, health,"),)),
    Mutation("syntax error", "start", (at_import("def ("),)),
    Mutation("conflict that is left", "start", (at_import("<<<<<<< ours"),)),
    Mutation("missing dependency", "start", (at_import("import stripe"),)),
    Mutation("syntax error in a stage", "start", (append(ITEMS, "\ndef (\n"),)),
    Mutation("stage that is listed and not there", "start", (replace(STAGES, "    api,\n", "    api,\n    billing,\n"),)),
    Mutation("stage whose install fails", "start",
             (replace(API, "    add_items(", "    raise RuntimeError('no luck')\n    add_items("),)),
    Mutation("circle of imports", "start",
             (write(f"{PACKAGE}/rates.py", "from .app import create_app\n"), replace(APP, "from . import health,", "from .rates import create_app as _\nfrom . import health,"))),
    Mutation("setting without a default", "start",
             (replace(CONFIG, "    cors_origins", '    rates_key: str = setting("RATES_KEY", text)\n    cors_origins'),)),
    Mutation("wrong type of a default", "start",
             (replace(CONFIG, "default=500", 'default="many"'),)),
    Mutation("file that is not in git", "start", (at_import("open('config/rates.csv')"),)),
    Mutation("exception when the application is built", "start", (built("raise RuntimeError('no luck')"),)),
    Mutation("exit 0 when the application is built", "start", (built("raise SystemExit(0)"),)),
    Mutation("main that ends at once with 0", "start", (replace(MAIN, "    return boot.guarded(_serve)", "    return 0"),)),
    Mutation("start that hangs", "start", (built("__import__('time').sleep(600)"),)),
    Mutation("crash in native code", "start", (built("__import__('os').abort()"),)),
    Mutation("endless recursion", "start", (at_import("def again() -> None:\n    again()\nagain()"),)),
    Mutation("another port than it was told", "start", (replace(SERVER, "listen(settings.host, settings.port)", "listen(settings.host, 0)"),)),
    Mutation("event loop that the first request blocks", "start",
             (replace(HEALTH, "    now = datetime", "    __import__('time').sleep(600)\n    now = datetime"),)),
    Mutation("end at the first request", "start",
             (replace(HEALTH, "    now = datetime", "    __import__('os')._exit(0)\n    now = datetime"),)),
    Mutation("log that is silent", "first-line",
             (replace(MAIN, "import signal\n", "import os\nimport signal\n"),
              replace(MAIN, "    status = supervisor", "    null = os.open(os.devnull, os.O_WRONLY)\n    os.dup2(null, 1)\n    os.dup2(null, 2)\n    status = supervisor"))),
    Mutation("health route that is gone", "health", (route_gone("/health"),)),
    Mutation("health route that fails", "health", (replace(HEALTH, "    now = datetime", "    1 / 0\n    now = datetime"),)),
    Mutation("readiness route that is gone", "ready", (route_gone("/health/ready"),)),
    Mutation("readiness check that fails", "ready", (check("raise ConnectionError('nobody listens')"),)),
    Mutation("readiness check that hangs", "ready", (check("await __import__('asyncio').sleep(600)"),)),
    Mutation("stage without its routes", EMPTY, (replace(API, "    add_items(api, WRITERS)\n", ""),)),
    Mutation("stage at another path", EMPTY, (replace(API, 'PREFIX = "/api"', 'PREFIX = "/v2"'),)),
    Mutation("stage that is not installed", EMPTY, (replace(STAGES, "        stage.install(app)", "        pass"),)),
    Mutation("stage with other errors", "api: a missing item is a problem+json response",
             (replace(API, "        exception_handlers=problems.HANDLERS,\n", ""),)),
    Mutation("stage that checks less", "api: a wrong parameter is rejected and named",
             (replace(f"{PACKAGE}/stages/api/pagination.py", "ge=1", "ge=-1"),)),
    Mutation("stage with another default", "api: the documentation is off by default",
             (replace(API, '"API_DOCS", boolean, default=False', '"API_DOCS", boolean, default=True'),)),
    Mutation("stage that ignores its setting", "api: with API_DOCS=true, the documentation is served",
             (replace(API, '"/openapi.json" if settings.docs else None', "None"),)),
    Mutation("SIGTERM ignored", "stop",
             (replace(STOP, "        if self.asked is None and not", "        return\n        if self.asked is None and not"),)),
    Mutation("stop with another status", "stop", (replace(MAIN, "sys.exit(main())", "sys.exit(main() or 1)"),)),
    Mutation("thread that does not end", "stop",
             (at_import("import threading, time\nthreading.Thread(target=time.sleep, args=(600,)).start()"),)),
]  # fmt: skip

CONTAINED = [
    *faults("python -m orders", "/opt/venv"),
    Mutation("dependency of the tests that the service imports", "container start", (at_import("import pytest"),)),
    Mutation("file that the image does not have", "container start",
             (write("rates.csv", "EUR;1\n"), at_import("open('rates.csv')"))),
    Mutation("file that is written where nothing may be", "container start",
             (at_import("from pathlib import Path\nPath('state').mkdir()"),)),
    Mutation("library of the system that the image lacks", "container start",
             (at_import("import sqlite3"), as_root("RUN find / -xdev -name 'libsqlite3*' -delete"))),
    Mutation("user whom the image does not know", "container start", (at_import("import os, pwd\npwd.getpwuid(os.getuid())"),)),
    Mutation("lock for the image that lacks a package", "image", (write("requirements/run.txt", ""),)),
]  # fmt: skip

FAULTS = [*LOCAL, *CONTAINED]

HEALTHY: dict[str, Edit] = {
    **AROUND,
    **IMAGES,
    "new module": write(f"{PACKAGE}/rates.py", '"""Rates."""\n\nEUR = 1\n'),
    "new test": write("tests/test_mine.py", "def test_it() -> None:\n    assert 1 + 1 == 2\n"),
    "test that is skipped": write("tests/test_skipped.py", "import pytest\n\n\n@pytest.mark.skip\ndef test_it() -> None:\n    raise NotImplementedError\n"),
    "new route": replace(APP, 'Route("/", index)', 'Route("/", index), Route("/rates", index)'),
    "new setting with a default": replace(CONFIG, "    cors_origins", '    rates_url: str = setting("RATES_URL", text, default="none")\n    cors_origins'),
    "readiness check that passes": check("return"),
    "slow start": built("__import__('time').sleep(1)"),
    "start that computes": built("sum(range(3_000_000))"),
    "much to log": built("[__import__('logging').getLogger('x').info('line %d', n) for n in range(2000)]"),
    "warning at the start": built("__import__('logging').getLogger('x').warning('CRITICAL? no')"),
    "exception that is handled": built("[*map(int, '1')]"),
    "thread of its own": at_import("import threading, time\nthreading.Thread(target=time.sleep, args=(600,), daemon=True).start()"),
    "child process that ends": at_import("import subprocess\nsubprocess.run(['true'], check=True)"),
    "child process that fails": at_import("import subprocess\nsubprocess.run(['false'], check=False)"),
    "file in its data directory": at_import("from pathlib import Path\nPath('data').mkdir(exist_ok=True)\nPath('data/state').touch()"),
    "stricter lint": replace("pyproject.toml", '    "W",\n', '    "W",\n    "D",\n'),
    "marker of pytest": replace("pyproject.toml", "[tool.pytest.ini_options]", '[tool.pytest.ini_options]\nmarkers = ["slow: takes long"]'),
    "code that lint would not pass": at_import("x=1;y=2"),
}  # fmt: skip
