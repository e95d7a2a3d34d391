"""The families of causes: one module each, one function a cause."""
