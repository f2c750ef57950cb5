"""Audio features of tracks that no catalogue knows, asked of services."""
