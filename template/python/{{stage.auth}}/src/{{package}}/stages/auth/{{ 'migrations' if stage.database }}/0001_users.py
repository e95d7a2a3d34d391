"""Users: a name, the argon2id hash of a password, and scopes as an array of JSON."""

import sqlalchemy as sa
from alembic import op


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "auth_users",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("password", sa.Text, nullable=False),
        sa.Column("scopes", sa.Text, nullable=False),
    )


def downgrade() -> None:
    """Drop it, with the users in it."""
    op.drop_table("auth_users")
