"""Node.js: modules, module systems, heap, package scripts, and errors that nobody handled."""
