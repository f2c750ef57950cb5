"""The endpoints that Spotify has closed to most apps: whether a request is worth a try, and how to make it.

Audio features and recommendations are open only to apps that had extended quota before 27 November 2024. Whether an app
is one of them cannot be seen from outside. So each login is tried, and after a refusal not again for a day.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from extract.request_log import RequestLog
from extract.service_errors import Outcome, ServiceError
from extract.sources.spotify_api.session import retried_after_refresh
from extract.stored import Stored

SERVICE = "spotify"
FEATURES = "audio-features"
RECOMMENDATIONS = "recommendations"

_TRY_AGAIN_AFTER = timedelta(days=1)
_REFUSALS = ("closed", Outcome.FORBIDDEN.value, Outcome.NOT_FOUND.value)


@dataclass(frozen=True)
class Login:
    """An account whose login may be used; `client` opens its spotipy client, which notes requests in the log."""

    user_id: str
    client: Callable[[RequestLog], Any]


def is_refusal(error: ServiceError) -> bool:
    """Whether the endpoint is closed to the app: nothing to do about it, and no fault."""
    return error.kind in _REFUSALS


def response_of(client: Any, endpoint: str, **parameters: str) -> dict[str, Any]:
    """The response of an endpoint, an object.

    Raises:
        ServiceError: no usable response.
    """
    response = retried_after_refresh(
        lambda: client._get(endpoint, **parameters), getattr(client.auth_manager, "refresh", None)
    )
    if not isinstance(response, dict):
        raise ServiceError(Outcome.UNREADABLE, f"The response does not look like {endpoint} from Spotify's API.", None)
    return response


def usable(stored: Stored, logins: Sequence[Login], endpoint: str, now: datetime) -> list[Login]:
    """The logins that the endpoint has not refused in the last day. `now` is naive UTC."""
    refused = stored.refused_since(endpoint, now - _TRY_AGAIN_AFTER, _REFUSALS) if logins else set()
    return [login for login in logins if login.user_id not in refused]
