"""The HTTP session that spotipy talks through: one attempt a call, and every bad answer becomes an ApiError.

Why not spotipy's own: it sleeps as long as a 429 asks for (22 hours have been seen), loses the body of what it
retried, returns None for an answer that is not JSON, and fails on error bodies of another shape.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests

from extract.spotify_api.errors import ApiError, from_token_service, from_web_api, no_connection, unreadable

_LOOPBACK = "127.0.0.1"

_T = TypeVar("_T")


class _Session(requests.Session):
    """Raises ApiError for whatever is not an answer that spotipy can read."""

    def __init__(self, base: str) -> None:
        super().__init__()
        # A no-op of its own, or requests takes the header out for an entry in ~/.netrc.
        self.auth = lambda request: request
        # Proxies of the environment are for the real service, not for one on this machine.
        self.trust_env = urlsplit(base).hostname != _LOOPBACK

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        try:
            response = super().request(*args, **kwargs)
        except requests.exceptions.RequestException as error:
            host = urlsplit(str(args[1] if len(args) > 1 else kwargs.get("url"))).netloc
            raise no_connection(host, error) from None  # the error's text may hold what was sent
        self._check(response)
        return response

    def _check(self, response: requests.Response) -> None:
        raise NotImplementedError


class ApiSession(_Session):
    """For the Web API."""

    def _check(self, response: requests.Response) -> None:
        what = _what(response)
        if not response.ok:
            raise from_web_api(response.status_code, response.headers, response.text, what)
        if not isinstance(_json(response), dict):
            raise unreadable(what, response.text, response.status_code)


class TokenSession(_Session):
    """For the accounts service."""

    def _check(self, response: requests.Response) -> None:
        if not response.ok:
            raise from_token_service(response.status_code, response.headers, response.text)
        answer = _json(response)
        if (
            not isinstance(answer, dict)
            or not isinstance(answer.get("access_token"), str)
            or not isinstance(answer.get("expires_in"), int | float)
        ):
            # without the body: it may hold half an answer, with a token in it
            raise unreadable("a new access token", "", response.status_code)


def _json(response: requests.Response) -> Any:
    try:
        return json.loads(response.content)
    except ValueError:
        return None


def _what(response: requests.Response) -> str:
    path = urlsplit(response.url).path
    if path.endswith("/recently-played"):
        return "your recently played tracks"
    return path.removeprefix("/v1/")


def retried_after_refresh(call: Callable[[], _T], refresh: Callable[[], object] | None) -> _T:
    """`call()`, once more with a new access token if the old one is refused before its time."""
    try:
        return call()
    except ApiError as error:
        if error.kind != "login_refused" or refresh is None:
            raise
    refresh()
    return call()
