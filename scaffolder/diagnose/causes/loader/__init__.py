"""Native libraries: missing, for another libc or version, inaccessible; from loader messages."""
