"""The table of users."""
