"""The `spotiflow` command: load, refresh, publish, look."""
