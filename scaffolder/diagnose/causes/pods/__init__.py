"""What a cluster says about a pod: where it may run, what it needs, and who ended it."""
