"""Mounts and other things that the runtime prepares: devices, networks, ports, limits, logs."""
