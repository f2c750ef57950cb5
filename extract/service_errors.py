"""What can become of a request, and the sentences about it that all services share."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from extract.redact import quoted
from extract.report import LoadError

if TYPE_CHECKING:
    import requests


class Outcome(StrEnum):
    """What became of a request, in one word: `poll_log.outcome`, and the `kind` of a ServiceError.

    Services add their own words for refusals that need their own remedy (`extract/sources/spotify_api/errors.py`).
    """

    OK = "ok"
    RATE_LIMITED = "rate_limited"  # 429; come back at a time that is known or guessed
    UNAVAILABLE = "unavailable"  # 5xx: a fault on their side
    NO_CONNECTION = "no_connection"  # no response, or a connection that broke
    TIMED_OUT = "timed_out"  # too slow
    CUT_OFF = "cut_off"  # a body that ends too early
    WEB_PAGE = "web_page"  # HTML with status 200, or a redirect: a network that wants somebody to sign in
    NOTHING = "nothing"  # an empty body or a JSON null with status 200
    UNREADABLE = "unreadable"  # status 200, but not what was requested
    FORBIDDEN = "forbidden"  # 403
    NOT_FOUND = "not_found"  # 404
    REFUSED = "refused"  # any other refusal


class ServiceError(LoadError):
    """A request got nothing usable; the message says what to do next.

    `kind` is one word (see Outcome), `status` the HTTP status if there was one, `retry_after` the seconds to stay
    away (None: the service named none).
    """

    def __init__(self, kind: str, message: str, status: int | None = None, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.kind = str(kind)
        self.status = status
        self.retry_after = retry_after


def unavailable(name: str, status: int) -> ServiceError:
    """5xx."""
    return ServiceError(
        Outcome.UNAVAILABLE,
        f"{name} has a problem at the moment (HTTP {status}). Try again in a few minutes.",
        status,
    )


def rate_limited(name: str, headers: Mapping[str, str], now: datetime) -> ServiceError:
    """429: with the moment to come back, if the service names one. `now` is naive UTC."""
    seconds = retry_after_seconds(headers, now)
    return ServiceError(Outcome.RATE_LIMITED, pause_sentence(name, seconds, now), 429, seconds)


def pause_sentence(name: str, seconds: float | None, now: datetime) -> str:
    """What to do about a pause of so many seconds (None: unknown) that begins `now` (naive UTC)."""
    if seconds is None:
        return f"{name} asks this app to pause, but not for how long. Try again in an hour, and less often."
    return (
        f"{name} asks this app to pause for {_duration(seconds)}. Try again at {local_time(now, seconds)} or later; "
        "what was loaded so far is kept."
    )


def unreadable(name: str, what: str, response: requests.Response, *, is_secret: bool = False) -> ServiceError:
    """A response with status 200 that is not what was requested. A secret one is not quoted."""
    text, status = response.text, response.status_code
    said = "" if is_secret else f" ({quoted(text)})"
    if response.is_redirect or "<html" in text[:2000].lower():
        return ServiceError(
            Outcome.WEB_PAGE,
            f"A web page came back instead of {what}{said}: your network's proxy or sign-in page is in the way. "
            "Sign in there, or try again from another network.",
            status,
        )
    if text.strip() in ("", "null"):
        return ServiceError(
            Outcome.NOTHING,
            f"{name} reported success but sent an empty response instead of {what}{said}. Try again in a few minutes.",
            status,
        )
    # JSON that begins and does not end was cut off on the way.
    if text.lstrip()[:1] in ("{", "[") and json_of(response) is None:
        return ServiceError(
            Outcome.CUT_OFF,
            f"The response with {what} was cut off{said}. Try again in a few minutes.",
            status,
        )
    return ServiceError(
        Outcome.UNREADABLE,
        f"The response does not look like {what} from {name}'s API{said}. "
        "Your network's proxy may be in the way; try again later, or from another network.",
        status,
    )


def json_of(response: requests.Response) -> Any:
    """The body as JSON; None when it is none (or `null`)."""
    try:
        return json.loads(response.content)
    except (ValueError, RecursionError):
        return None


def retry_after_seconds(headers: Mapping[str, str], now: datetime) -> float | None:
    """The Retry-After header in seconds, from a number or an HTTP date; None for nonsense. `now` is naive UTC."""
    text = next((value for name, value in headers.items() if name.lower() == "retry-after"), "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d+)?", text):
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return max(0.0, (moment.astimezone(UTC).replace(tzinfo=None) - now).total_seconds())


def local_time(now: datetime, seconds: float) -> str:
    """`now` (naive UTC) plus so many seconds on the clock of this machine: `16:40`, `16:40 on 25 Nov`."""
    then = (now + timedelta(seconds=seconds)).replace(tzinfo=UTC).astimezone()
    if then.second or then.microsecond:
        then = (then + timedelta(minutes=1)).replace(second=0, microsecond=0)  # never too early
    today = now.replace(tzinfo=UTC).astimezone().date()
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    day = "" if then.date() == today else f" on {then.day} {months[then.month - 1]}"
    return f"{then:%H:%M}{day}"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} seconds" if seconds > 1 else "a second"
    if seconds < 5_400:
        return f"{round(seconds / 60)} minutes"
    return f"about {round(seconds / 3600)} hours"
