"""Every way in which Spotify can refuse, as one sentence that says what to do next.

Shapes and texts: answers that new developer apps got in 2024-2026.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from extract.http import utc_now
from extract.redact import quoted
from extract.service_errors import Outcome, ServiceError, pause_sentence, retry_after_seconds, unavailable

NAME = "Spotify"

_LOG_IN_AGAIN = "Log in again: spotiflow login --account LABEL"

_CLOSED = ("audio-features", "recommendations", "tracks", "artists")
"""Endpoints that Spotify has closed to apps registered since 27 November 2024 (the last two: only for several ids at
once, since 2026)."""


ApiError = ServiceError
"""Spotify was asked and gave nothing usable."""


def from_web_api(
    status: int, headers: Mapping[str, str], body: str, what: str, now: datetime | None = None, endpoint: str = ""
) -> ApiError:
    """What a refusal of the Web API means. `what` names what was asked for ("your recently played tracks").

    `now` is naive UTC; `endpoint` as in `poll_log`.
    """
    error = _error_object(body)
    message = str(error.get("message") or "") if isinstance(error, dict) else ""
    reason = str(error.get("reason") or "") if isinstance(error, dict) else ""
    said = message or (error if isinstance(error, str) else "") or body

    def failure(kind: str, sentence: str) -> ApiError:
        return ApiError(kind, sentence, status)

    if status == 401:
        return failure("login_refused", f"Spotify refuses this account's login ({quoted(said)}). {_LOG_IN_AGAIN}.")
    if status in (403, 404) and endpoint in _CLOSED and (status == 404 or message in ("", "Forbidden")):
        return failure(
            "closed",
            f"Spotify has closed {endpoint} to apps registered since 27 November 2024, and this app is one of them "
            f"(HTTP {status}). You cannot change that; SpotiFlow uses what other services know.",
        )
    if status == 403:
        return _forbidden(said, what)
    if status == 429:
        if reason == "QUOTA_EXCEEDED":
            return failure(
                "quota_spent",
                "The quota of your Spotify developer account is spent. Nothing is lost if you try again within a day "
                "or so: Spotify remembers the last 50 plays. Look at developer.spotify.com/dashboard for your quota.",
            )
        now = now or utc_now()
        seconds = retry_after_seconds(headers, now)
        return ApiError(Outcome.RATE_LIMITED, pause_sentence(NAME, seconds, now), status, seconds)
    if status >= 500:
        return failure(Outcome.UNAVAILABLE, str(unavailable(NAME, status)))
    return failure(
        Outcome.REFUSED,
        f"Spotify refused to send {what} (HTTP {status}: {quoted(said)}). "
        "If it still does tomorrow, update SpotiFlow: Spotify's API may have changed.",
    )


def _forbidden(said: str, what: str) -> ApiError:
    lowered = said.lower()
    if "premium" in lowered:
        return ApiError(
            "owner_needs_premium",
            "Spotify serves apps only while their owner has Premium. Renew the Premium subscription of the account "
            "that owns the app; it can take a few hours to take effect.",
            403,
        )
    if "may not be registered" in lowered:
        return ApiError(
            "not_on_allow_list",
            "This Spotify account is not among the users of your app. Add it at developer.spotify.com/dashboard → "
            "your app → User Management (five users at most).",
            403,
        )
    if "scope" in lowered:
        return ApiError(
            "scope_missing",
            f"This account's login does not allow SpotiFlow to read {what}. {_LOG_IN_AGAIN}, and agree to "
            "everything that Spotify asks.",
            403,
        )
    return ApiError(
        "forbidden",
        f"Spotify does not let this app read {what} ({quoted(said)}). "
        "Check the app's users and its owner's Premium at developer.spotify.com/dashboard.",
        403,
    )


def from_token_service(status: int, headers: Mapping[str, str], body: str, now: datetime | None = None) -> ApiError:
    """What a refusal to refresh a login means."""
    error = _error_object(body)
    said = error if isinstance(error, str) else ""
    if said == "invalid_grant":
        return ApiError(
            "login_expired",
            "Spotify no longer accepts this account's login: a login ends after six months, or when its owner "
            f"withdraws it. {_LOG_IN_AGAIN}; Spotify still has the last 50 plays.",
            status,
        )
    if said in ("invalid_client", "unauthorized_client"):
        return ApiError(
            "app_refused",
            "Spotify does not know the app that this account logged in to: its client id or client secret is wrong. "
            "Compare both with developer.spotify.com/dashboard.",
            status,
        )
    if status == 429 or status >= 500:
        return from_web_api(status, headers, body, "a new access token", now)
    return ApiError(
        "login_refused",
        f"Spotify did not renew this account's login ({quoted(said or body)}). {_LOG_IN_AGAIN}.",
        status,
    )


def _error_object(body: str) -> Any:
    """The `error` of an error body: an object with a message, a word, or None."""
    try:
        parsed = json.loads(body)
    except ValueError:
        return None
    return parsed.get("error") if isinstance(parsed, dict) else None
