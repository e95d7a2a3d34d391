"""A health check that fails although the service may be fine: its command, port, path, timing."""
