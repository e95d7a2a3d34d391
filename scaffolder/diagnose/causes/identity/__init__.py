"""Who the process runs as and what it is not allowed to do: users, files, capabilities."""
