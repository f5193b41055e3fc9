"""What an administrator sets: read, checked, edited and applied, behind `tljh.config`."""
