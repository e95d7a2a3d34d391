"""Whether this machine and a service are fit for the next step: `viscaffold doctor`."""
