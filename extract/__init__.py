"""Brings listening in: sources read it, and one pipeline loads it into `raw_spotify`."""
