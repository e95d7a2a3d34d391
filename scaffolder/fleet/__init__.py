"""Many services at once: each repository on its own, in parallel, in a place apart."""
