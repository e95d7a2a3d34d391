"""Conditions in sources that decide an end, and where their values come from."""
