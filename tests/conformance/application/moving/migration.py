"""A migration whose statements are in files beside it, which Rust has, too."""

from pathlib import Path

from alembic import op


def upgrade() -> None:
    _run("up")


def downgrade() -> None:
    _run("down")


def _run(direction: str) -> None:
    statements = Path(__file__).with_suffix(f".{direction}.sql").read_text(encoding="utf-8")
    for statement in filter(str.strip, statements.split(";")):
        op.get_bind().exec_driver_sql(statement.replace("%", "%%") if _is_server() else statement)


def _is_server() -> bool:
    return op.get_bind().dialect.name == "postgresql"
