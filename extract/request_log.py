"""Requests to services, as rows of `poll_log`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from extract.http import RequestRecord, utc_now
from extract.service_errors import Outcome, ServiceError, pause_sentence

Row = dict[str, Any]


@dataclass
class RequestLog:
    """Collects attempts as rows of `poll_log`; give it to a PatientSession as `on_request`.

    `user_id` is '' when no account is concerned. `clock` is naive UTC and shared with the session, so that whoever
    replays recordings can set it.
    """

    user_id: str = ""
    clock: Callable[[], datetime] = utc_now
    rows: list[Row] = field(default_factory=list)

    def __call__(self, record: RequestRecord) -> None:
        """Note one attempt."""
        self.rows.append(
            {
                "user_id": self.user_id,
                "requested_at": record.requested_at,
                "endpoint": record.endpoint,
                "status_code": record.status_code,
                "outcome": str(record.outcome),
                "attempt": record.attempt,
                "retry_after_seconds": record.retry_after_seconds,
                "service": record.service,
            }
        )

    def now(self) -> datetime:
        """The clock, looked up at each call: it may be replaced."""
        return self.clock()


def still_paused(name: str, until: datetime, now: datetime) -> ServiceError:
    """The error for a service (called `name`) that gets no request, because it asked for a pause until then."""
    seconds = (until - now).total_seconds()
    return ServiceError(Outcome.RATE_LIMITED, pause_sentence(name, seconds, now), None, seconds)
