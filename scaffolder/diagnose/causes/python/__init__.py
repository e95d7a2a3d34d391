"""Python: modules, syntax, paths, frameworks' own starts, and exceptions that nobody caught."""
