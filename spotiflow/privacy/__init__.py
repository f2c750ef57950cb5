"""Pseudonyms, forgetting an account, sites of one listener."""
