"""An account's stored login: one JSON file, readable by its owner only, renewed through spotipy, never shown.

The file `<home>/tokens/<user_id>.json` is what spotipy keeps of a login (`access_token`, `refresh_token`,
`expires_at`, `scope`), with `client_id` (and `client_secret`, if the app has one) of the app that it belongs to.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import spotipy
from spotipy.cache_handler import CacheHandler
from spotipy.oauth2 import SpotifyOAuth, SpotifyPKCE

from extract.atomic_file import make_folder, remove_drafts, write_whole
from extract.http import Patience
from extract.request_log import RequestLog
from extract.services import services
from extract.sources.spotify_api.errors import ApiError
from extract.sources.spotify_api.session import TOKENS, WEB_API, ApiSession, TokenSession
from extract.sources.spotify_api.settings import (
    CLIENT_ID_VARIABLE,
    CLIENT_SECRET_VARIABLE,
    REDIRECT_URI,
    SCOPE,
    TIMEOUT_SECONDS,
)

_EXPIRES_SOON_SECONDS = 60

Sleep = Callable[[float], None]


def token_path(user_id: str, home: Path) -> Path:
    """Where the login of an account is stored."""
    return home / "tokens" / f"{user_id}.json"


def app_of(home: Path, user_id: str) -> str:
    """The client id of the app that an account's login belongs to; '' when that is not known."""
    try:
        stored = json.loads(token_path(user_id, home).read_text(encoding="utf-8"))
        return str(stored.get("client_id") or "")
    except (OSError, ValueError, AttributeError):
        return ""


class AccountClient(spotipy.Spotify):  # type: ignore[misc]  # spotipy has no types
    """A spotipy client of one account; `log` holds a row for every attempt that it made."""

    log: RequestLog


def cached_client(
    user_id: str,
    home: Path,
    *,
    api_base: str | None = None,
    accounts_base: str | None = None,
    log: RequestLog | None = None,
    patience: Patience | None = None,
    sleep: Sleep | None = None,
) -> AccountClient:
    """A spotipy client with the account's stored login, renewed first if it has expired.

    `home` is the folder of secrets (`.spotiflow/`); the bases are those of `extract.services` unless given. Never
    prompts or opens a browser, waits at most as long as `patience` allows; no token is ever logged.

    Raises:
        ApiError: no usable login, or Spotify refuses it; the sentence says what to do.
    """
    silence_spotipy()
    api_base = api_base or services().spotify_api
    log = log if log is not None else RequestLog(user_id)
    login = StoredLogin(
        TokenFile(token_path(user_id, home)),
        accounts_base or services().spotify_accounts,
        log=log,
        patience=patience,
        sleep=sleep,
    )
    login.get_access_token()
    session = ApiSession(WEB_API, "Spotify", api_base, patience=patience, on_request=log, sleep=sleep, clock=log.now)
    client = AccountClient(auth_manager=login, requests_session=session, requests_timeout=TIMEOUT_SECONDS)
    client.prefix = f"{api_base}/v1/"
    client.log = log
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
                "No Spotify login is stored for this account. Log in: spotiflow login --account LABEL.",
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
                f"The stored login {self.path} is damaged: it is not a JSON object with a refresh_token. "
                "Log in again: spotiflow login --account LABEL.",
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
        self.write(kept | {name: value for name, value in token_info.items() if value is not None})

    def write(self, login: dict[str, Any]) -> None:
        """Replace the login atomically. The caller holds it (`held`).

        Drafts of killed runs are removed: they hold logins that nobody else would ever remove.

        Raises:
            ApiError: the file cannot be written.
        """
        try:
            self.path.parent.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            make_folder(self.path.parent)
            remove_drafts(self.path)
            write_whole(self.path, json.dumps(login, indent=1))
        except OSError as error:
            raise ApiError(
                "login_not_saved",
                f"The renewed login cannot be written to {self.path} ({error.strerror}). "
                "Make the folder writable, then log in again if Spotify refuses the old login.",
            ) from None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep others from renewing or replacing the login: a refresh token works once, so two renewals lose it.

        The lock is on the folder, so no file is left behind; the kernel releases it when the process ends.
        """
        try:
            descriptor = os.open(self.path.parent, os.O_RDONLY)
        except OSError:
            yield  # no folder, no login; reading it reports that
            return
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


class StoredLogin:
    """The auth manager of a spotipy client: a stored login, renewed when it has expired, and nothing else.

    spotipy's own managers go on to open a browser or wait for input when a token is missing or its scope
    differs; this one has no such way out. It uses them for the refresh alone.
    """

    def __init__(
        self,
        file: TokenFile,
        accounts_base: str,
        *,
        log: RequestLog | None = None,
        patience: Patience | None = None,
        sleep: Sleep | None = None,
    ) -> None:
        self._file = file
        self._accounts_base = accounts_base
        self._log = log if log is not None else RequestLog()
        self._patience = patience
        self._sleep = sleep

    def get_access_token(self, as_dict: bool = False) -> str:
        """A valid access token (`as_dict` is spotipy's, and always false).

        Raises:
            ApiError: there is none to be had.
        """
        stored = self._file.read()
        if token := _valid_token(stored):
            return token
        return self._renew(stored.get("access_token"))

    def refresh(self) -> str:
        """Request a new access token and store it."""
        return self._renew(self._file.read().get("access_token"))

    def granted(self, scope: str) -> bool:
        """Whether the login allows `scope`; a login that does not say what it allows is tried."""
        scopes = self._file.read().get("scope")
        return not isinstance(scopes, str) or scope in scopes.replace(",", " ").split()

    def _renew(self, refused: object) -> str:
        """A new access token instead of `refused`; one that another process has just fetched will do."""
        with self._file.held():
            stored = self._file.read()
            token = _valid_token(stored)
            return token if token and token != refused else self._request(stored)

    def _request(self, stored: dict[str, Any]) -> str:
        client_id = stored.get("client_id") or os.environ.get(CLIENT_ID_VARIABLE)
        if not client_id:
            raise ApiError(
                "app_missing",
                "The client id of your Spotify app is missing. Set the environment variable "
                f"{CLIENT_ID_VARIABLE}, or log in again: spotiflow login --account LABEL --client-id ID.",
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
            "requests_session": TokenSession(
                TOKENS,
                "Spotify",
                self._accounts_base,
                patience=self._patience,
                on_request=self._log,
                sleep=self._sleep,
                clock=self._log.now,
            ),
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
                "The client id or client secret of your Spotify app contains characters that Spotify never uses. "
                "Copy both again from developer.spotify.com/dashboard.",
            ) from None
        return str(renewed["access_token"])


def _valid_token(stored: dict[str, Any]) -> str | None:
    """The stored access token, if it is good for another minute."""
    token, expires_at = stored.get("access_token"), stored.get("expires_at")
    if (
        isinstance(token, str)
        and token
        and isinstance(expires_at, int | float)
        and expires_at - time.time() >= _EXPIRES_SOON_SECONDS
    ):
        return token
    return None


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
