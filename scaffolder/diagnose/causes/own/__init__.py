"""Services that viscaffold made: their supervisor, settings and stages, in their own words."""
