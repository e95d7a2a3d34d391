"""What is known of a service that exists already, and what it becomes: read, and never run."""
