"""Silent exits: where the output went, and what exits without any."""
