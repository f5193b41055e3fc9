"""The package managers behind one small interface: conda, pip and apt."""
