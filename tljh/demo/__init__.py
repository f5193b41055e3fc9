"""The demonstration: sample plugins, and an index and conda channel of them that are built into a folder."""
