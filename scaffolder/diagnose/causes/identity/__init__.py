"""Who the process is, and what it may not do: users, files that are closed, capabilities."""
