"""Ends by a signal: crashes of native code, kills from outside, and stops that were ignored."""
