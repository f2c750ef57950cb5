"""Every way in which Spotify can refuse, as one sentence that says what to do next.

Shapes and texts: answers that new developer apps got in 2024-2026.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from extract.report import LoadError

_LONGEST_QUOTE = 160

_LOG_IN_AGAIN = "Log in again and store the new login (“Logging in” in extract/spotify_api/README.md)"


class ApiError(LoadError):
    """Spotify was asked and gave nothing usable. `kind` is one word for logs and tests, `status` the HTTP status."""

    def __init__(self, kind: str, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.status = status


def from_web_api(status: int, headers: Mapping[str, str], body: str, what: str) -> ApiError:
    """What a refusal of the Web API means. `what` names what was asked for ("your recently played tracks")."""
    error = _error_object(body)
    message = str(error.get("message") or "") if isinstance(error, dict) else ""
    reason = str(error.get("reason") or "") if isinstance(error, dict) else ""
    said = message or (error if isinstance(error, str) else "") or body

    def failure(kind: str, sentence: str) -> ApiError:
        return ApiError(kind, sentence, status)

    if status == 401:
        return failure("login_refused", f"Spotify refuses this account's login ({_quote(said)}). {_LOG_IN_AGAIN}.")
    if status == 403:
        return _forbidden(said, what)
    if status == 429:
        if reason == "QUOTA_EXCEEDED":
            return failure(
                "quota_spent",
                "The quota of your Spotify developer account is spent. Nothing is lost if you load again within a day "
                "or so: Spotify remembers the last 50 plays. Look at developer.spotify.com/dashboard for your quota.",
            )
        wait = _retry_after(headers)
        return failure(
            "rate_limited",
            f"Spotify asks this app to pause. Load again {f'in {wait}' if wait else 'later'}, and less often.",
        )
    if status >= 500:
        return failure(
            "unavailable", f"Spotify has a fault of its own at the moment (HTTP {status}). Load again in a few minutes."
        )
    return failure(
        "refused",
        f"Spotify did not give {what} (HTTP {status}: {_quote(said)}). "
        "If it says so again tomorrow, this version of SpotiFlow asks in a way that Spotify no longer understands.",
    )


def _forbidden(said: str, what: str) -> ApiError:
    lowered = said.lower()
    if "premium" in lowered:
        return ApiError(
            "owner_needs_premium",
            "Spotify answers apps only while their owner has Premium. Renew the Premium subscription of the account "
            "that owns the app; it can take a few hours to count.",
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
            f"This account's login does not allow to read {what}. {_LOG_IN_AGAIN}, with the scope "
            "user-read-recently-played.",
            403,
        )
    return ApiError(
        "forbidden",
        f"Spotify forbids this app to read {what} ({_quote(said)}). "
        "Check the app's users and its owner's Premium at developer.spotify.com/dashboard.",
        403,
    )


def from_token_service(status: int, headers: Mapping[str, str], body: str) -> ApiError:
    """What a refusal to refresh a login means."""
    error = _error_object(body)
    said = error if isinstance(error, str) else ""
    if said == "invalid_grant":
        return ApiError(
            "login_expired",
            "Spotify no longer accepts this account's login: a login ends six months after it was given, or when its "
            f"owner withdraws it. {_LOG_IN_AGAIN}; the last 50 plays are still there then.",
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
        return from_web_api(status, headers, body, "a new access token")
    return ApiError(
        "login_refused",
        f"Spotify does not renew this account's login ({_quote(said or body)}). {_LOG_IN_AGAIN}.",
        status,
    )


def unreadable(what: str, body: str, status: int | None = 200) -> ApiError:
    """An answer that says "all is well" and is not what was asked for."""
    return ApiError(
        "unreadable",
        f"What came back instead of {what} is not an answer of Spotify's API ({_quote(body)}). "
        "A proxy or a sign-in page of your network may stand in between; load again from another network or later.",
        status,
    )


def no_connection(host: str, error: Exception) -> ApiError:
    """No answer at all."""
    if "timeout" in type(error).__name__.lower():
        return ApiError("timed_out", f"{host} did not answer in time. Load again in a few minutes.")
    return ApiError(
        "no_connection", f"{host} cannot be reached. Check the network connection (and the proxy), then load again."
    )


def _error_object(body: str) -> Any:
    """The `error` of an error body: an object with a message, a word, or None."""
    try:
        parsed = json.loads(body)
    except ValueError:
        return None
    return parsed.get("error") if isinstance(parsed, dict) else None


def _quote(text: str) -> str:
    """A server's words on one line, short, without markup and without anything that looks like a token."""
    plain = re.sub(r"<[^>]*>", " ", text)
    plain = re.sub(r"[A-Za-z0-9_\-+/=.]{40,}", "…", plain)
    plain = " ".join(plain.split())
    if not plain:
        return "it gave no reason"
    return f"“{plain[:_LONGEST_QUOTE]}{'…' if len(plain) > _LONGEST_QUOTE else ''}”"


def _retry_after(headers: Mapping[str, str]) -> str | None:
    """The header in words: values of 0 and of 22 hours both occur; a date or nonsense gives None."""
    text = headers.get("Retry-After", "").strip()
    if not text.isdigit():
        return None
    seconds = int(text)
    if seconds < 90:
        return f"{seconds} seconds" if seconds > 1 else "a second"
    if seconds < 5_400:
        return f"{round(seconds / 60)} minutes"
    return f"about {round(seconds / 3600)} hours"
