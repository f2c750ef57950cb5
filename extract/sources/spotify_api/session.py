"""The HTTP sessions that spotipy uses: they wait within bounds, and every bad response becomes an ApiError.

spotipy's own session sleeps as long as a 429 asks for (22 hours have been seen), loses the body of what it retried,
returns None for a response that is not JSON, and fails on error bodies of another shape.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import requests

from extract.http import PatientSession, endpoint_of
from extract.service_errors import ServiceError, json_of, unreadable
from extract.sources.spotify_api.errors import NAME, ApiError, from_token_service, from_web_api

WEB_API = "spotify"
TOKENS = "spotify_accounts"
"""Values of `poll_log.service`."""

_T = TypeVar("_T")

_WHAT = {
    "me/player/recently-played": "your recently played tracks",
    "me/tracks": "your saved tracks",
    "me": "your profile",
    "tracks/{id}": "a track",
}


class ApiSession(PatientSession):
    """For the Web API."""

    def refusal(self, response: requests.Response) -> ServiceError | None:
        """What a response means that is not an object."""
        endpoint = endpoint_of(response.url)
        what = _WHAT.get(endpoint, endpoint)
        if response.ok or response.is_redirect:
            return None if isinstance(json_of(response), dict) else unreadable(NAME, what, response)
        return from_web_api(response.status_code, response.headers, response.text, what, self.clock(), endpoint)


class TokenSession(PatientSession):
    """For the accounts service."""

    def refusal(self, response: requests.Response) -> ServiceError | None:
        """What a response means that is not a login."""
        if not response.ok and not response.is_redirect:
            return from_token_service(response.status_code, response.headers, response.text, self.clock())
        answer = json_of(response)
        if (
            not isinstance(answer, dict)
            or not isinstance(answer.get("access_token"), str)
            or not isinstance(answer.get("expires_in"), int | float)
        ):
            # It may be half a response, with a token in it.
            return unreadable(NAME, "a new access token", response, is_secret=True)
        return None


def retried_after_refresh(call: Callable[[], _T], refresh: Callable[[], object] | None) -> _T:
    """`call()`, once more with a new access token if the old one is refused before its time."""
    try:
        return call()
    except ApiError as error:
        if error.kind != "login_refused" or refresh is None:
            raise
    refresh()
    return call()
