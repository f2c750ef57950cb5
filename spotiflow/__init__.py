"""The `spotiflow` command and what it does between loading and looking."""
