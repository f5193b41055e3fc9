"""Facts about the machine, the pure plan made from them, and its rendering."""
