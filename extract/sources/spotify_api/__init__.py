"""Spotify's Web API, through spotipy: recently played tracks of accounts whose login is stored. See README.md."""

from extract.sources.spotify_api.errors import ApiError
from extract.sources.spotify_api.login import AccountClient, cached_client, token_path
from extract.sources.spotify_api.recently_played import Account, account_for, load_polls, load_recently_played, poll

__all__ = [
    "Account",
    "AccountClient",
    "ApiError",
    "account_for",
    "cached_client",
    "load_polls",
    "load_recently_played",
    "poll",
    "token_path",
]
