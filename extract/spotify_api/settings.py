"""Addresses, limits and names of Spotify's Web API."""

from __future__ import annotations

SCOPE = "user-read-recently-played user-top-read user-library-read"
"""What a login asks for. Only the first is needed: what was not granted is not asked of Spotify."""

RECENTLY_PLAYED = "me/player/recently-played"
TOP_TRACKS = "me/top/tracks"
SAVED_TRACKS = "me/tracks"
ONE_TRACK = "tracks/{id}"
PROFILE = "me"

PAGE_SIZE = 50
"""The largest page, and as far back as Spotify remembers: a poll reads it whole and asks for no second one."""

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
