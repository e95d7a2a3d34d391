"""What a team's template consists of, and how it is read."""
