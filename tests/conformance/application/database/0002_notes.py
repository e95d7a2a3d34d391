"""Notes on orders, and the first of them."""

import sqlalchemy as sa
from alembic import op


def upgrade() -> None:
    op.create_table("notes", sa.Column("text", sa.Text, nullable=False))
    op.execute("INSERT INTO notes (text) VALUES ('none yet')")


def downgrade() -> None:
    op.drop_table("notes")
