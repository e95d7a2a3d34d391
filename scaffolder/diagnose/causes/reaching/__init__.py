"""What the service needs over the network but cannot reach: refused, unknown, untrusted."""
