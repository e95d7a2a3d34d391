"""Limits: memory of container, program or host, processes, open files, space, CPUs."""
