"""The Java virtual machine: heap, classes, versions, options, and frameworks at startup."""
