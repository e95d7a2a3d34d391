"""What the stage database depends on; viscaffold owns it: `viscaffold update` replaces it."""
