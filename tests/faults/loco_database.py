"""A service as `loco new` makes it with PostgreSQL, and with a table of orders."""

import shutil
import subprocess
from pathlib import Path

import loco_code
import rust_services
from rust_services import NAME, TARGET

NEW = ("new", "--name", NAME, "--db", "postgres", "--bg", "async", "--assets", "none")
SOURCES = Path(__file__).parent / "inject" / "loco_database"
MIGRATION = "m20260101_000001_orders"
BEFORE = "            // inject-above (do not remove this comment)\n"
ROUTES = "            .add_route(controllers::auth::routes())\n"
FILES = {
    "src/controllers/orders.rs": "controller.rs",
    f"migration/src/{MIGRATION}.rs": "migration.rs",
}
EDITS = {
    "migration/src/lib.rs": (
        ("pub struct Migrator;\n", f"mod {MIGRATION};\n\npub struct Migrator;\n"),
        (BEFORE, f"            Box::new({MIGRATION}::Migration),\n{BEFORE}"),
    ),
    "src/controllers/mod.rs": (("pub mod auth;\n", "pub mod auth;\npub mod orders;\n"),),
    "src/app.rs": ((ROUTES, f"{ROUTES}            .add_route(controllers::orders::routes())\n"),),
}
SETTINGS = {
    "LOCO_ENV": "production",
    "JWT_SECRET": "secret" * 6,
    "MAILER_HOST": "localhost",
    "MAILER_USER": "orders",
    "MAILER_PASSWORD": "none",
}
"""What its configuration for production asks for."""


def service(place: Path) -> tuple[Path, dict[str, str]]:
    """Make it in a directory; return its program, and its settings. `loco` is installed."""
    subprocess.run(["loco", *NEW], cwd=place, check=True, stdout=subprocess.DEVNULL)
    made = place / NAME
    for path, name in FILES.items():
        shutil.copy(SOURCES / name, made / path)
    loco_code.edit(made, EDITS)
    subprocess.run(["cargo", "fetch", "--quiet"], cwd=made, check=True)
    rust_services.cargo(made, "build")
    program = made / loco_code.PROGRAM
    shutil.copy2(TARGET / "debug" / loco_code.PROGRAM, program)
    return program, {**SETTINGS, "LOCO_CONFIG_FOLDER": str(made / "config")}
