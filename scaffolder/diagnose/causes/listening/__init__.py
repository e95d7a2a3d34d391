"""A running container that does not answer: not listening, at another address, or stuck."""
