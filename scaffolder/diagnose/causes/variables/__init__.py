"""Environment variables, arguments and configuration: missing, quoted, not expanded, malformed."""
