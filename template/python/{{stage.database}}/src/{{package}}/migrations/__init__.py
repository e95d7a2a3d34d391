"""The migrations of this service: yours. docs/stages/database.md shows how to write one."""
