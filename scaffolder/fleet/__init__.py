"""Many services at once: each repository on its own, in parallel, in a place apart."""

JOB_SECONDS = 900
"""The time limit of a job: enough for a large repository on a slow server, and to build and test
what it becomes; not endless."""
