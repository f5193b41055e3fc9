"""What a plugin contributes, read from its source without importing it."""
