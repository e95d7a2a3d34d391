"""The migrations of this service: yours. docs/stages/database.md shows how to write one."""

TABLES: tuple[str, ...] = ()
"""What they make, for `db export`: the name of every table."""
