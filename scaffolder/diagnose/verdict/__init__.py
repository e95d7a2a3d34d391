"""Which cause applies, what is ruled out, and what a copy proves."""
