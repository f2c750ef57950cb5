"""An account's stored login: one JSON file, readable by its owner only, renewed through spotipy, never shown.

The file `<home>/tokens/<user_id>.json` is what spotipy keeps of a login (`access_token`, `refresh_token`,
`expires_at`, `scope`), with `client_id` (and `client_secret`, if the app has one) of the app that it belongs to.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import stat
import time
from pathlib import Path
from typing import Any

import spotipy
from spotipy.cache_handler import CacheHandler
from spotipy.oauth2 import SpotifyOAuth, SpotifyPKCE

from extract.spotify_api.errors import ApiError
from extract.spotify_api.session import ApiSession, TokenSession
from extract.spotify_api.settings import (
    ACCOUNTS_BASE,
    API_BASE,
    CLIENT_ID_VARIABLE,
    CLIENT_SECRET_VARIABLE,
    REDIRECT_URI,
    SCOPE,
    TIMEOUT_SECONDS,
)

_EXPIRES_SOON_SECONDS = 60


def token_path(user_id: str, home: Path) -> Path:
    """Where the login of an account is stored."""
    return home / "tokens" / f"{user_id}.json"


def cached_client(
    user_id: str, home: Path, *, api_base: str = API_BASE, accounts_base: str = ACCOUNTS_BASE
) -> spotipy.Spotify:
    """A spotipy client with the account's stored login, renewed first if it has expired.

    `home` is the folder of secrets (`.spotiflow/`); the bases are those of the real service unless a stand-in
    is meant. Never prompts, opens a browser or sleeps; no token is ever logged. Each call is tried once.

    Raises:
        ApiError: no usable login, or Spotify refuses it; the sentence says what to do.
    """
    silence_spotipy()
    login = StoredLogin(TokenFile(token_path(user_id, home)), accounts_base)
    login.get_access_token()
    client = spotipy.Spotify(
        auth_manager=login, requests_session=ApiSession(api_base), requests_timeout=TIMEOUT_SECONDS
    )
    client.prefix = f"{api_base}/v1/"
    return client


class TokenFile(CacheHandler):  # type: ignore[misc]  # spotipy has no types
    """The file of one login. Written whole and 0600 from its first byte on, other fields in it kept."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> dict[str, Any]:
        """The stored login.

        Raises:
            ApiError: there is none, or it cannot be used.
        """
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise ApiError(
                "login_missing",
                f"No Spotify login is stored for this account. Put one into {self.path}: a JSON object with "
                "refresh_token and client_id (and client_secret, if your app has one); “Logging in” in "
                "extract/spotify_api/README.md shows how.",
            ) from None
        except (OSError, UnicodeDecodeError) as error:
            raise ApiError(
                "login_unreadable",
                f"The stored login {self.path} cannot be read ({getattr(error, 'strerror', None) or 'not text'}). "
                "Check its owner and mode, or log in again.",
            ) from None
        try:
            stored = json.loads(text)
        except ValueError:
            stored = None
        token = stored.get("refresh_token") if isinstance(stored, dict) else None
        if not isinstance(stored, dict) or not isinstance(token, str) or not token.strip():
            raise ApiError(
                "login_unreadable",
                f"The stored login {self.path} is damaged: it is no JSON object with a refresh_token. "
                "Delete it and log in again.",
            )
        if stat.S_IMODE(self.path.stat().st_mode) & 0o077:
            self.path.chmod(0o600)
        return stored

    def get_cached_token(self) -> dict[str, Any]:
        """spotipy's name for `read`."""
        return self.read()

    def save_token_to_cache(self, token_info: dict[str, Any]) -> None:
        """Store what Spotify answered to a refresh; a rotated refresh token replaces the old one at once.

        Raises:
            ApiError: the file cannot be written. The new login would be lost, so this is no detail.
        """
        kept = self.read()
        kept |= {name: value for name, value in token_info.items() if value is not None}
        draft = self.path.with_name(f"{self.path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        try:
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(kept, file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self.path)
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise ApiError(
                "login_not_saved",
                f"The renewed login cannot be written to {self.path} ({error.strerror}). "
                "Make the folder writable, then log in again if Spotify refuses the old login.",
            ) from None


class StoredLogin:
    """The auth manager of a spotipy client: a stored login, renewed when it has expired, and nothing else.

    spotipy's own managers go on to open a browser or wait for input when a token is missing or its scope
    differs; this one has no such way out. It uses them for the refresh alone.
    """

    def __init__(self, file: TokenFile, accounts_base: str = ACCOUNTS_BASE) -> None:
        self._file = file
        self._accounts_base = accounts_base

    def get_access_token(self, as_dict: bool = False) -> str:
        """A valid access token (`as_dict` is spotipy's, and always false).

        Raises:
            ApiError: there is none to be had.
        """
        stored = self._file.read()
        token, expires_at = stored.get("access_token"), stored.get("expires_at")
        if (
            isinstance(token, str)
            and token
            and isinstance(expires_at, int | float)
            and expires_at - time.time() >= _EXPIRES_SOON_SECONDS
        ):
            return token
        return self.refresh()

    def refresh(self) -> str:
        """Ask Spotify for a new access token and store it."""
        stored = self._file.read()
        client_id = stored.get("client_id") or os.environ.get(CLIENT_ID_VARIABLE)
        if not client_id:
            raise ApiError(
                "app_missing",
                "The client id of your Spotify app is missing. Set the environment variable "
                f"{CLIENT_ID_VARIABLE}, or put client_id into {self._file.path}.",
            )
        # A refresh token works only with the app that it was given to: the file knows, the environment guesses.
        secret = stored.get("client_secret")
        if not secret and client_id == os.environ.get(CLIENT_ID_VARIABLE):
            secret = os.environ.get(CLIENT_SECRET_VARIABLE)
        common = {
            "client_id": str(client_id),
            "redirect_uri": REDIRECT_URI,
            "scope": SCOPE,
            "cache_handler": self._file,
            "requests_session": TokenSession(self._accounts_base),
            "requests_timeout": TIMEOUT_SECONDS,
            "open_browser": False,
        }
        manager = SpotifyOAuth(client_secret=str(secret), **common) if secret else SpotifyPKCE(**common)
        manager.OAUTH_TOKEN_URL = f"{self._accounts_base}/api/token"
        try:
            renewed = manager.refresh_access_token(stored["refresh_token"])
        except UnicodeEncodeError:
            raise ApiError(
                "app_refused",
                "The client id or client secret of your Spotify app holds characters that no Spotify app has. "
                "Copy both anew from developer.spotify.com/dashboard.",
            ) from None
        return str(renewed["access_token"])


class _Nothing(logging.Filter):
    """Lets nothing pass."""

    def filter(self, record: logging.LogRecord) -> bool:
        return False


def silence_spotipy() -> None:
    """Keep spotipy's loggers quiet, whatever level anyone sets: at DEBUG they print tokens.

    What goes wrong reaches the caller as an ApiError, so that nothing is lost.
    """
    for name in ("spotipy.client", "spotipy.oauth2", "spotipy.cache_handler", "spotipy.util"):
        logger = logging.getLogger(name)
        if not any(isinstance(entry, _Nothing) for entry in logger.filters):
            logger.addFilter(_Nothing())
