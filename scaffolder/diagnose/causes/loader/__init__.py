"""Native libraries: missing, of another libc or version, or closed; in the loader's own words."""
