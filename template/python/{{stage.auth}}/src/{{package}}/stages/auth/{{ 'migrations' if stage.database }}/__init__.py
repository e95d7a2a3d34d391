"""The table of users."""

TABLES = ("auth_users",)
