"""The ledger."""

import sqlalchemy as sa
from alembic import op


def upgrade() -> None:
    op.create_table("ledger", sa.Column("amount", sa.BigInteger, nullable=False))


def downgrade() -> None:
    op.drop_table("ledger")
