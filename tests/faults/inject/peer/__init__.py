"""A service as the full-stack template of FastAPI has it: SQLAlchemy, psycopg, Alembic."""
