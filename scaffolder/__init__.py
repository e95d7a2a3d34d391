"""viscaffold: services that start at once, grow stage by stage, and never die in silence."""
