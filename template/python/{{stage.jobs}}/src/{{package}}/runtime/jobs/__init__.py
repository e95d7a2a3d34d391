"""What the stage jobs depends on; viscaffold owns it: `viscaffold update` replaces it."""
