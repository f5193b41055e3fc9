"""A real Debian server, booted with systemd for a test, and the clients that look at it from outside."""
