"""What was asked of services, as rows of `poll_log`, and what these forbid: asking again before a pause is over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from extract.http import Outcome, RequestRecord, ServiceError, pause_sentence, utc_now
from extract.raw.tables import DATASET, POLL_LOG
from extract.report import LoadError

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


def pauses(warehouse: Path, service: str, now: datetime) -> dict[str, datetime]:
    """Until when `service` asked to be left alone, by the `user_id` whose request it refused ('' without account).

    Only pauses that end after `now` (naive UTC), and that no later answer to the same account has lifted.

    Raises:
        LoadError: the warehouse cannot be opened.
    """
    if not warehouse.exists():
        return {}
    try:
        with duckdb.connect(str(warehouse), read_only=True) as connection:
            columns = connection.execute(
                f"select column_name from information_schema.columns "
                f"where table_schema = '{DATASET}' and table_name = '{POLL_LOG.name}'"
            ).fetchall()
            if ("retry_after_seconds",) not in columns:
                return {}  # nothing was loaded yet, or by an earlier version
            rows = connection.execute(
                f"""
                select user_id, arg_max(requested_at, requested_at), arg_max(outcome, requested_at),
                    arg_max(coalesce(retry_after_seconds, -1), requested_at)
                from {DATASET}.{POLL_LOG.name} where service = ? group by user_id
                """,
                [service],
            ).fetchall()
    except duckdb.IOException as error:
        raise LoadError(
            f"The warehouse {warehouse} cannot be opened ({str(error).splitlines()[0]}). "
            "If another program has it open, close that and run the command again."
        ) from error
    found = {}
    for user_id, requested_at, outcome, seconds in rows:
        if outcome == Outcome.RATE_LIMITED and seconds > 0:
            until = requested_at + timedelta(seconds=seconds)
            if until > now:
                found[str(user_id)] = until
    return found


def still_paused(name: str, until: datetime, now: datetime) -> ServiceError:
    """The error for a service (called `name`) that is not asked, because it wants to be left alone until then."""
    seconds = (until - now).total_seconds()
    return ServiceError(Outcome.RATE_LIMITED, pause_sentence(name, seconds, now), None, seconds)
