"""Small, reusable parts of screens: they show rows, post messages and own nothing."""
