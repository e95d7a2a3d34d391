"""The answer, as a person or a program reads it, without secrets."""
