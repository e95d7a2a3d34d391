"""A health check that fails although the service may be well: its command, port, path, times."""
