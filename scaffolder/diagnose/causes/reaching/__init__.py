"""What the service needs over the network, and cannot reach: refused, unknown, untrusted."""
