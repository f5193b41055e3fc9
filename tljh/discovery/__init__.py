"""Where plugins are found: the bundled catalogue, the package index, git hosts, local files."""
