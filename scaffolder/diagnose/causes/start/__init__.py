"""What the runtime is told to start cannot be started, because of how the command is written."""
