"""The endpoints of Spotify that are closed to most apps: whether it is worth asking, and how to ask.

Audio features and recommendations are open only to apps that had extended quota before 27 November 2024. Nobody can
tell an app from outside, so each login is tried, and one that was refused is left alone for a day.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from extract.http import Outcome, ServiceError
from extract.raw.tables import DATASET, POLL_LOG
from extract.request_log import RequestLog

SERVICE = "spotify"
FEATURES = "audio-features"
RECOMMENDATIONS = "recommendations"

_PROBE_AGAIN = timedelta(days=1)
_REFUSALS = ("closed", Outcome.FORBIDDEN.value, Outcome.NOT_FOUND.value)


@dataclass(frozen=True)
class Login:
    """An account that may be asked in the name of; `client` opens its spotipy client, which notes into the log."""

    user_id: str
    client: Callable[[RequestLog], Any]


def refused_lately(warehouse: Path, endpoint: str, now: datetime) -> set[str]:
    """Accounts (`user_id`) whose app was refused the endpoint less than a day ago. `now` is naive UTC."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        there = connection.execute(
            "select count(*) from duckdb_tables() where schema_name = ? and table_name = ?", [DATASET, POLL_LOG.name]
        ).fetchone()
        if there != (1,):
            return set()
        rows = connection.execute(
            f"""
            select user_id from {DATASET}.{POLL_LOG.name} where endpoint = ? and requested_at > ?
            group by user_id
            having list_contains(?, arg_max(outcome, requested_at))
            """,
            [endpoint, now - _PROBE_AGAIN, list(_REFUSALS)],
        ).fetchall()
    return {str(user_id) for (user_id,) in rows}


def is_refusal(error: ServiceError) -> bool:
    """Whether the endpoint is closed to the app: nothing to do about it, and no fault."""
    return error.kind in _REFUSALS


def ask(client: Any, endpoint: str, **parameters: str) -> dict[str, Any]:
    """The answer of an endpoint, an object.

    Raises:
        ServiceError: no usable answer.
    """
    from extract.sources.spotify_api.session import retried_after_refresh

    answer = retried_after_refresh(
        lambda: client._get(endpoint, **parameters), getattr(client.auth_manager, "refresh", None)
    )
    if not isinstance(answer, dict):
        raise ServiceError(
            Outcome.UNREADABLE, f"What came back instead of {endpoint} is not an answer of Spotify's API.", None
        )
    return answer


def usable(warehouse: Path, logins: Sequence[Login], endpoint: str, now: datetime) -> list[Login]:
    """The logins that the endpoint was not refused to in the last day."""
    refused = refused_lately(warehouse, endpoint, now) if logins else set()
    return [login for login in logins if login.user_id not in refused]
