"""One service in two languages, with an application that shows what the service does."""

import json
import shutil
from collections.abc import Iterable
from pathlib import Path

from running import Program, python, rust
from rust_services import Stages, binary, text

TESTS = Path(__file__).resolve().parent
APPLICATION = TESTS / "conformance" / "application"
DATABASE = APPLICATION / "database"
WHOLE = APPLICATION / "whole"
MOVING = APPLICATION / "moving"
MOVED = ("words", "things", "loose", "more")
TEMPLATE = TESTS.parent / "template"
PATIENCE = {
    "python": (
        "src/orders/runtime/connections.py",
        {"10.0, BODY: 20.0, ANSWER: 20.0": "1.0, BODY: 1.0, ANSWER: 1.0"},
    ),
    "rust": ("src/runtime/connection.rs", {"=> 10.0": "=> 1.0", "=> 20.0": "=> 1.0"}),
}
"""Where it stands how long clients may take, and with what a test has no time for it."""
LOCK = {
    "python": ("src/orders/runtime/database/engine.py", {"LOCK_SECONDS = 60": "LOCK_SECONDS = 3"}),
    "rust": ("src/runtime/database/connecting.rs", {"from_secs(60)": "from_secs(3)"}),
}
"""Where it stands how long migrations wait for each other."""
AGAIN = {
    "python": ("src/orders/runtime/redis_link.py", {"0.1, 10.0": "0.1, 0.4"}),
    "rust": ("src/runtime/cache/link.rs", {"from_secs(10)": "from_millis(400)"}),
}
"""Where it stands how long a cache that is away is left alone at most."""


def replaced(text: str, changes: dict[str, str]) -> str:
    for before, after in changes.items():
        assert before in text
        text = text.replace(before, after)
    return text


def in_rust(*, impatient: bool = False) -> Program:
    files = {
        "src/app.rs": (APPLICATION / "app.rs").read_text(encoding="utf-8"),
        "src/stages/mod.rs": (APPLICATION / "stages.rs").read_text(encoding="utf-8"),
    }
    if impatient:
        path, changes = PATIENCE["rust"]
        source = (TEMPLATE / "rust" / path).read_text(encoding="utf-8")
        files[path] = replaced(source, changes)
    return rust(binary(files=files, variant="impatient" if impatient else "conformance"))


def asking_in_rust() -> Program:
    """Return one that asks its database, and that has a stage `ledger` with a table, too."""
    own = {path.name: path.read_text(encoding="utf-8") for path in DATABASE.glob("*.[rs]*")}
    stages = replaced(
        text("src/stages/mod.rs", ("database",)),
        {
            "pub mod database;": "pub mod database;\npub mod ledger;",
            "(App, End)": "(ledger::Ledger, (App, End))",
        },
    )
    files = {
        "src/app.rs": own["app.rs"],
        "src/stages/ledger.rs": own["ledger.rs"],
        "src/stages/mod.rs": stages,
        **{f"src/migrations/{name}": sql for name, sql in own.items() if name.endswith(".sql")},
    }
    lock, changes = LOCK["rust"]
    files[lock] = replaced(text(lock, ("database",)), changes)
    return rust(binary(("database",), files=files, variant="asking"))


def asking_in_python(pristine: Path, place: Path) -> Program:
    """Return the same, in Python."""
    shutil.copytree(pristine / "src", place / "src")
    package = place / "src" / "orders"
    shutil.copy(DATABASE / "app.py", package)
    for path in DATABASE.glob("0*.py"):
        shutil.copy(path, package / "migrations")
    ledger = package / "stages" / "ledger"
    (ledger / "migrations").mkdir(parents=True)
    shutil.copy(DATABASE / "ledger.py", ledger / "__init__.py")
    shutil.copy(DATABASE / "ledger_0001.py", ledger / "migrations" / "0001_ledger.py")
    stages = package / "stages" / "__init__.py"
    own = {
        "    database,\n)": "    database,\n    ledger,\n)",
        "    database,\n]": "    database,\n    ledger,\n]",
    }
    stages.write_text(replaced(stages.read_text(encoding="utf-8"), own), encoding="utf-8")
    lock, changes = LOCK["python"]
    source = place / lock
    source.write_text(replaced(source.read_text(encoding="utf-8"), changes), encoding="utf-8")
    return python(place)


def working_in_python(pristine: Path, place: Path) -> Program:
    """Return one with the stage `jobs`, and handlers that write down what they do."""
    shutil.copytree(pristine / "src", place / "src")
    shutil.copy(APPLICATION / "jobs" / "app.py", place / "src" / "orders" / "app.py")
    return python(place)


def working_in_rust(*more: str) -> Program:
    """Return one with the stage `jobs`, and handlers that write down what they do."""
    app = (APPLICATION / "jobs" / "app.rs").read_text(encoding="utf-8")
    stages = tuple(sorted(["database", "jobs", *more]))
    return rust(binary(stages, files={"src/app.rs": app}, variant="working"))


def whole_in_python(pristine: Path, place: Path) -> Program:
    """Return one with all stages, and a route for each dependency."""
    shutil.copytree(pristine / "src", place / "src")
    package = place / "src" / "orders"
    shutil.copy(WHOLE / "app.py", package)
    shutil.copy(DATABASE / "0001_orders.py", package / "migrations")
    return python(place)


def whole_in_rust(stages: Stages) -> Program:
    """Return the same, in Rust."""
    migrations = {
        f"src/migrations/{path.name}": path.read_text(encoding="utf-8")
        for path in DATABASE.glob("0001*.sql")
    }
    app = (WHOLE / "app.rs").read_text(encoding="utf-8")
    return rust(binary(stages, files={"src/app.rs": app, **migrations}, variant="whole"))


def moving_in_python(pristine: Path, place: Path) -> Program:
    """Return one with the stages `auth` and `jobs`, and tables with columns of every kind."""
    shutil.copytree(pristine / "src", place / "src")
    migrations = place / "src" / "orders" / "migrations"
    (migrations / "__init__.py").write_text(f"TABLES = {MOVED!r}\n", encoding="utf-8")
    for path in MOVING.glob("*.sql"):
        shutil.copy(path, migrations)
        number = path.name.partition(".")[0]
        shutil.copy(MOVING / "migration.py", migrations / f"{number}.py")
    return python(place)


def moving_in_rust() -> Program:
    """Return the same, in Rust: the application as it comes, with these migrations."""
    stages = ("api", "auth", "database", "jobs")
    app, known = text("src/app.rs", stages), '    const NAME: &str = "app";\n'
    own = {path.name: path.read_text(encoding="utf-8") for path in sorted(MOVING.glob("*.sql"))}
    more = f"{_migrations(own)}    const TABLES: &[&str] = &{json.dumps(MOVED)};\n"
    changes = {"stage::Stage;": "stage::{Migration, Stage};", known: known + more}
    files = {
        "src/app.rs": replaced(app, changes),
        **{f"src/migrations/{name}": sql for name, sql in own.items()},
    }
    return rust(binary(stages, files=files, variant="moving"))


def _migrations(names: Iterable[str]) -> str:
    """Return what an application in Rust says of its migrations."""
    ways = [name.removesuffix(".up.sql") for name in names if name.endswith(".up.sql")]
    entries = [
        f'Migration {{ number: "{way[:4]}", up: include_str!("migrations/{way}.up.sql"),'
        f' down: include_str!("migrations/{way}.down.sql") }},\n'
        for way in ways
    ]
    return f"    const MIGRATIONS: &[Migration] = &[\n{''.join(entries)}    ];\n"


def cached_in_rust(*more: str) -> Program:
    """Return one with the stage `cache`, which its routes use, and which soon tries again."""
    path, changes = AGAIN["rust"]
    stages = ("cache", *more)
    source = text(path, stages)
    files = {
        "src/app.rs": (APPLICATION / "cached.rs").read_text(encoding="utf-8"),
        path: replaced(source, changes),
    }
    return rust(binary(stages, files=files, variant="cached"))


def cached_in_python(pristine: Path, place: Path) -> Program:
    shutil.copytree(pristine / "src", place / "src")
    shutil.copy(APPLICATION / "cached.py", place / "src" / "orders" / "app.py")
    path, changes = AGAIN["python"]
    source = place / path
    source.write_text(replaced(source.read_text(encoding="utf-8"), changes), encoding="utf-8")
    return python(place)


def in_python(pristine: Path, place: Path, *, impatient: bool = False) -> Program:
    shutil.copytree(pristine / "src", place / "src")
    package = place / "src" / "orders"
    shutil.copy(APPLICATION / "app.py", package)
    shutil.copy(APPLICATION / "probes.py", package / "stages")
    stages = package / "stages" / "__init__.py"
    own = {"STAGES: list[Stage] = []": "from .probes import STAGES"}
    stages.write_text(replaced(stages.read_text(encoding="utf-8"), own), encoding="utf-8")
    if impatient:
        path, changes = PATIENCE["python"]
        source = place / path
        source.write_text(replaced(source.read_text(encoding="utf-8"), changes), encoding="utf-8")
    return python(place)
