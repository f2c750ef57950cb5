"""Addresses, limits and names of Spotify's Web API."""

from __future__ import annotations

API_BASE = "https://api.spotify.com"
ACCOUNTS_BASE = "https://accounts.spotify.com"

SCOPE = "user-read-recently-played"
RECENTLY_PLAYED = "me/player/recently-played"

PAGE_SIZE = 50
"""The largest page, and as far back as Spotify remembers: a poll reads it whole and asks for no second one."""

TIMEOUT_SECONDS = 15.0

REDIRECT_URI = "http://127.0.0.1:8888/callback"
"""Asked for by spotipy's constructors; nothing here ever opens it."""

CLIENT_ID_VARIABLE = "SPOTIFY_CLIENT_ID"
CLIENT_SECRET_VARIABLE = "SPOTIFY_CLIENT_SECRET"  # noqa: S105 - a name, no secret

PROVIDER = "spotify"
SOURCE = "spotify_api"
