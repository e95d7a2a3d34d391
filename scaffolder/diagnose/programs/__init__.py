"""What the program of a container is: scripts, sources, binaries."""
