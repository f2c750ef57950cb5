"""What works without an account of Spotify: sample listeners, stand-in services, the live demo."""
