"""Python services: where one begins, what it needs, and what the template becomes beside it."""
