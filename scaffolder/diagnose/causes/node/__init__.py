"""Node.js: modules, module systems, heap, package scripts, and unhandled errors."""
