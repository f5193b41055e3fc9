"""Believable values and a backend without machine, network or time."""
