"""The program's file exists but cannot be executed: its format, its first line, its mode."""
