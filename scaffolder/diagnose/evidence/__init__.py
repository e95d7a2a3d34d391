"""What is known about a container: values and protocols, without I/O."""
