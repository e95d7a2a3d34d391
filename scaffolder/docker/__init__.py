"""Docker or podman through its command, and containers that are always gone afterwards."""
