"""The table of jobs: one that is done is deleted. Times are milliseconds since the epoch."""

from alembic import op


def upgrade() -> None:
    """Make the table."""
    op.execute(
        "CREATE TABLE jobs ("
        "id TEXT PRIMARY KEY, kind TEXT NOT NULL, payload TEXT NOT NULL, state TEXT NOT NULL,"
        " attempts INTEGER NOT NULL, run_at BIGINT NOT NULL, lease_until BIGINT, worker TEXT,"
        " reason TEXT, trace TEXT, created_at BIGINT NOT NULL)"
    )
    op.execute("CREATE INDEX jobs_state_run_at ON jobs (state, run_at)")


def downgrade() -> None:
    """Drop it, with the jobs in it."""
    op.execute("DROP TABLE jobs")
