"""HTTP requests with bounded patience: every unusable response becomes a ServiceError, every attempt a record.

A session retries what may pass by itself (429 with a short Retry-After, 5xx, resets, timeouts, bodies that end too
early). It never sleeps longer than its `Patience` allows, so no command hangs. If it would have to, it raises an error
that says when to come back.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import requests
import tenacity
import urllib3

from extract.redact import quoted
from extract.report import LoadError
from extract.service_errors import Outcome, ServiceError, json_of, rate_limited, unavailable, unreadable
from extract.services import is_local

LONGEST_WAIT_VARIABLE = "SPOTIFLOW_LONGEST_WAIT"

_TIMEOUT_SECONDS = 15.0
_WHOLE_RESPONSE_SECONDS = 60.0
"""From sending a request to the last byte of its response. Real responses take a second; a body that arrives one byte
at a time never trips the timeout between two reads."""

_LARGEST_RESPONSE = 32 * 1024 * 1024  # bytes; the largest real response (50 tracks) has some 100 kB
_FIRST_WAIT = 0.5  # seconds before the second attempt where the service names none; doubled each time


@dataclass(frozen=True)
class RequestRecord:
    """One attempt: what `poll_log` keeps of it. Times are naive UTC, `endpoint` is without ids and query."""

    requested_at: datetime
    method: str
    endpoint: str
    status_code: int | None
    outcome: str
    retry_after_seconds: float | None
    attempt: int = 1
    service: str = ""


@dataclass(frozen=True)
class Patience:
    """How long one request may wait between its attempts (seconds, over all of them), and how many there may be."""

    longest_wait: float = 60.0
    attempts: int = 4

    @classmethod
    def from_environment(cls) -> Patience:
        """The default, with the wait that SPOTIFLOW_LONGEST_WAIT names.

        Raises:
            LoadError: the variable is no number of seconds.
        """
        text = os.environ.get(LONGEST_WAIT_VARIABLE, "").strip()
        if not text:
            return cls()
        if not re.fullmatch(r"\d{1,6}(\.\d+)?", text):
            raise LoadError(
                f"{LONGEST_WAIT_VARIABLE} is {text!r}: it must be a number of seconds, for example 60. "
                "If a service asks for a longer pause, nothing is requested from it until the pause is over."
            )
        return cls(longest_wait=float(text))


def utc_now() -> datetime:
    """The current moment, naive UTC as raw tables have it."""
    return datetime.now(UTC).replace(tzinfo=None)


def pause(seconds: float) -> None:
    """How sessions wait by default."""
    time.sleep(seconds)


def endpoint_of(url: str) -> str:
    """The path of a URL without version, query and ids: `tracks/{id}`."""
    path = urlsplit(url).path.strip("/")
    parts = [("{id}" if _ID.fullmatch(part) else part) for part in path.split("/") if part]
    return "/".join(parts[1:] if parts[:1] == ["v1"] else parts)


_ID = re.compile(r"[0-9A-Za-z]{22}|[0-9a-fA-F-]{32,36}|[A-Z]{2}[A-Z0-9]{3}\d{7}")  # Spotify's, UUID, ISRC


class PatientSession(requests.Session):
    """A requests session with bounded retries; spotipy talks through it too.

    Every call returns a response whose body is a JSON object or list and was read to its end, or raises ServiceError.
    Redirects are not followed: only networks with a sign-in page redirect, and they must not get a token.

    Args:
        service: the word in `poll_log.service`.
        name: what people call the service ("Spotify").
        base: its base URL; for a server on this machine no proxy is used.
        patience: by default what the environment says.
        on_request: called after every attempt.
        sleep: how to wait, in seconds; tests put in their own.
        clock: the current moment, naive UTC.
    """

    def __init__(
        self,
        service: str,
        name: str,
        base: str,
        *,
        patience: Patience | None = None,
        on_request: Callable[[RequestRecord], None] | None = None,
        sleep: Callable[[float], None] | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        super().__init__()
        self.service = service
        self.name = name
        self.patience = patience or Patience.from_environment()
        self.on_request = on_request
        self.sleep = sleep or pause
        self.clock = clock
        self._last_request: datetime | None = None
        # A no-op of its own, or requests takes the Authorization header out for an entry in ~/.netrc.
        self.auth = lambda request: request
        # Proxies of the environment are for the real service, not for one on this machine.
        self.trust_env = not is_local(base)

    def request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> requests.Response:
        """`requests.Session.request`, tried as often as patience allows.

        Raises:
            ServiceError: no usable response.
        """
        # Outside the retries, so that a pause that cannot be waited for is raised as what it is.
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(_may_pass),
            stop=self._is_out_of_patience,
            wait=_wait,
            sleep=lambda seconds: self.sleep(seconds),
            reraise=True,
        )
        attempts = iter(range(1, self.patience.attempts + 1))
        return retrying(lambda: self._attempt(next(attempts), method, url, *args, **kwargs))

    def refusal(self, response: requests.Response) -> ServiceError | None:
        """What an unusable response means; None when it is usable. Subclasses know how their service refuses."""
        status, said = response.status_code, quoted(response.text)
        if response.ok and not response.is_redirect:
            if isinstance(json_of(response), dict | list):
                return None
            return unreadable(self.name, endpoint_of(response.url), response)
        if status == 429:
            return rate_limited(self.name, response.headers, self.clock())
        if status >= 500:
            return unavailable(self.name, status)
        kinds = {403: Outcome.FORBIDDEN, 404: Outcome.NOT_FOUND}
        if response.is_redirect:
            return unreadable(self.name, endpoint_of(response.url), response)
        return ServiceError(
            kinds.get(status, Outcome.REFUSED),
            f"{self.name} refused the request to {endpoint_of(response.url)} (HTTP {status}: {said}). "
            "If it still does tomorrow, update SpotiFlow: the service may have changed.",
            status,
        )

    def _attempt(self, number: int, method: Any, url: Any, *args: Any, **kwargs: Any) -> requests.Response:
        requested_at = self._moment()
        kwargs |= {"allow_redirects": False, "stream": True}
        kwargs["timeout"] = kwargs.get("timeout") or _TIMEOUT_SECONDS
        deadline = time.monotonic() + _WHOLE_RESPONSE_SECONDS
        status, error = None, None
        try:
            response = super().request(method, url, *args, **kwargs)
            status = response.status_code
            _read_whole(response, deadline)
            error = self.refusal(response)
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, _TooLarge) as broken:
            error = self._broken(str(url), status, broken)
        self._record(
            RequestRecord(
                requested_at=requested_at,
                method=str(method).upper(),
                endpoint=endpoint_of(str(url)),
                status_code=status,
                outcome=error.kind if error else Outcome.OK.value,
                retry_after_seconds=error.retry_after if error else None,
                attempt=number,
                service=self.service,
            )
        )
        if error is not None:
            # `from None`: the text of the underlying error may hold what was sent.
            raise error from None
        return response

    def _broken(self, url: str, status: int | None, broken: Exception) -> ServiceError:
        host = urlsplit(url).netloc
        if isinstance(broken, _TooLarge):
            return ServiceError(
                Outcome.UNREADABLE, f"{host} sent a response that does not end. Try again later.", status
            )
        if "timeout" in type(broken).__name__.lower():
            return ServiceError(
                Outcome.TIMED_OUT, f"{host} did not respond in time. Try again in a few minutes.", status
            )
        if status is not None:
            return ServiceError(
                Outcome.CUT_OFF,
                f"The response from {host} was cut off. Try again in a few minutes; "
                "if it keeps happening, check the network connection.",
                status,
            )
        return ServiceError(
            Outcome.NO_CONNECTION,
            f"{host} cannot be reached. Check the network connection (and the proxy), then try again.",
        )

    def _is_out_of_patience(self, state: tenacity.RetryCallState) -> bool:
        if state.attempt_number >= self.patience.attempts:
            return True
        # Over all attempts: a service that asks for 50 seconds again and again must not hold a command for minutes.
        return state.idle_for + _wait(state) > self.patience.longest_wait

    def _moment(self) -> datetime:
        """The clock, but later than at the previous request: the moment is part of the key of `poll_log`."""
        moment = self.clock()
        if self._last_request is not None and moment <= self._last_request:
            moment = self._last_request + timedelta(microseconds=1)
        self._last_request = moment
        return moment

    def _record(self, record: RequestRecord) -> None:
        if self.on_request is not None:
            self.on_request(record)


def _may_pass(error: BaseException) -> bool:
    """Whether a retry may help: not after a spent quota or a login page, which only people can change."""
    return isinstance(error, ServiceError) and error.kind in (
        Outcome.RATE_LIMITED,
        Outcome.UNAVAILABLE,
        Outcome.NO_CONNECTION,
        Outcome.TIMED_OUT,
        Outcome.CUT_OFF,
        Outcome.NOTHING,
    )


def _wait(state: tenacity.RetryCallState) -> float:
    """Seconds before the next attempt: what the service asked for, or half a second, doubled each time."""
    patient: float = _FIRST_WAIT * 2 ** (state.attempt_number - 1)
    error = state.outcome.exception() if state.outcome else None
    asked = error.retry_after if isinstance(error, ServiceError) else None
    # After a Retry-After of 0 the next response was 429 again: half a second costs nothing.
    return max(asked, _FIRST_WAIT) if asked is not None else patient


class _TooLarge(Exception):
    """A response larger than any real one."""


def _read_whole(response: requests.Response, deadline: float) -> None:
    """Read the body, until the deadline at the latest, and put it where requests keeps it.

    `read1` returns what is there: with `read`, a server that sends one byte per second would hold us for hours.
    """
    parts: list[bytes] = []
    size = 0
    try:
        while part := response.raw.read1(65_536, decode_content=True):
            parts.append(part)
            size += len(part)
            if size > _LARGEST_RESPONSE:
                raise _TooLarge
            if time.monotonic() > deadline:
                raise requests.exceptions.ReadTimeout
    finally:
        response.close()
    response._content = b"".join(parts)
    response._content_consumed = True
