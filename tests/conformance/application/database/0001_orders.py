"""Orders."""

import sqlalchemy as sa
from alembic import op


def upgrade() -> None:
    op.create_table("orders", sa.Column("title", sa.Text, nullable=False))


def downgrade() -> None:
    op.drop_table("orders")
