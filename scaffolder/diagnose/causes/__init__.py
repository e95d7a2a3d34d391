"""The families of causes: a module or a package each, one function per cause."""
