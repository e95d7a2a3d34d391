"""A container that runs and does not answer: nobody listens, not there, or nobody accepts."""
