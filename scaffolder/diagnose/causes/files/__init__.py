"""The program's file is there and cannot be executed: its format, its first line, its mode."""
