"""Addresses, limits and names of Spotify's Web API."""

from __future__ import annotations

PLAYS_SCOPE = "user-read-recently-played"
SAVED_TRACKS_SCOPE = "user-library-read"
SCOPE = f"{PLAYS_SCOPE} {SAVED_TRACKS_SCOPE}"
"""What a login asks for. Only the first is needed: what was not granted is not requested."""

RECENTLY_PLAYED = "me/player/recently-played"
SAVED_TRACKS = "me/tracks"

PAGE_SIZE = 50
"""The largest page, and as far back as Spotify remembers: a poll reads one page and needs no second."""

TIMEOUT_SECONDS = 15.0

REDIRECT_PORT = 8888
REDIRECT_PATH = "/callback"
REDIRECT_URI = f"http://127.0.0.1:{REDIRECT_PORT}{REDIRECT_PATH}"
"""Where Spotify sends the browser after a login; to be registered with the app (Spotify refuses `localhost`)."""

LOGIN_LIFE_MONTHS = 6
"""A login ends so long after it was given, renewed or not."""

WARN_BEFORE_DAYS = 30

CLIENT_ID_VARIABLE = "SPOTIFY_CLIENT_ID"
CLIENT_SECRET_VARIABLE = "SPOTIFY_CLIENT_SECRET"  # noqa: S105 - a name, no secret

PROVIDER = "spotify"
SOURCE = "spotify_api"

TRACKS_PER_POLL_VARIABLE = "SPOTIFLOW_TRACKS_PER_POLL"
TRACKS_PER_POLL = 20
"""Tracks of exports that are looked up one by one at each poll (several ids at once are closed to new apps): a few
seconds per poll, some 2,000 tracks per day in live mode."""
