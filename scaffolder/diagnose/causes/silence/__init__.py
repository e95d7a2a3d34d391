"""Ends without a word: where the words went, and what ends without any."""
