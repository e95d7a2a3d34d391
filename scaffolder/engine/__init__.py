"""Merge trees of files into a service and write them, all or nothing, whatever the files are."""

ANSWERS_FILE = ".copier-answers.yml"
"""The file that says how a service was made. It is written, never merged, and changes with every
operation: that is how an index or a commit tells whether it has the result of one."""
