"""Values of the plugin system in plain words, as rows for the screens. Pure; no Textual, no I/O."""
