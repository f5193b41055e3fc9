"""The terminal wizard: one of two doors to the same plugin system."""
