"""Spotify's Web API, through spotipy: recently played tracks of accounts whose login is stored. See README.md."""

from extract.sources.spotify_api.errors import ApiError
from extract.sources.spotify_api.login import AccountClient, cached_client, token_path
from extract.sources.spotify_api.recently_played import batch_of, poll

__all__ = ["AccountClient", "ApiError", "batch_of", "cached_client", "poll", "token_path"]
