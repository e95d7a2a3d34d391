"""Python: modules, syntax, paths, framework startup, and uncaught exceptions."""
