"""What each command of `tljh` does and prints: one function a command, exit status returned."""
