"""The sources of evidence: one module each, from what Docker answers to plain facts."""
