"""Where templates come from, and how they render."""
