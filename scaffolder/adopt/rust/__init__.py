"""Rust services: which program one is, and what the template becomes beside it."""
