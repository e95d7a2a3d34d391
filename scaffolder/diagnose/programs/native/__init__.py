"""Native programs: their parts, texts and code, read without running them."""
