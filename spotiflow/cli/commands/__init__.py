"""The commands, a module for each group; `spotiflow.cli.main` puts them together."""
