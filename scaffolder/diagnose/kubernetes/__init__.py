"""Requests to a cluster through kubectl, and its answers."""
