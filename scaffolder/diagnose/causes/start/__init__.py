"""The runtime cannot start the command, because of how it is written."""
