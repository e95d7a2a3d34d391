"""The table of jobs."""

TABLES = ("jobs",)
