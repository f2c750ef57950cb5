"""The command line: commands, refresh, follow, doctor, status."""
