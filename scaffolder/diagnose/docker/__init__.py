"""Requests to Docker, and its answers."""
