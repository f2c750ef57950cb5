"""Requests to services for audio features and recommendations: whether they are allowed, and for which accounts.

Track ids reveal what somebody listens to. They leave this machine only for accounts that have logged in to Spotify here
(Spotify knows their listening anyway), or for everybody with SPOTIFLOW_ONLINE=1; for the sample never.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from extract.http import utc_now
from extract.report import LoadError, LoadReport, Progress, silent
from spotiflow import seed_files, warehouse
from spotiflow.locks import connect
from spotiflow.settings import Settings
from spotiflow.warehouse import Kind

if TYPE_CHECKING:
    from extract.sources.spotify_api.legacy_endpoints import Login
    from spotiflow.recommend.recommender import Recommender

VARIABLE = "SPOTIFLOW_ONLINE"

OFFLINE = (
    "Services are not asked: no account of this warehouse has logged in to Spotify. To ask ReccoBeats about your "
    f"tracks nevertheless (their ids leave this machine), set {VARIABLE}=1."
)
FORBIDDEN = f"Services are not asked: {VARIABLE}=0 forbids it."
SAMPLE = "Services are not asked: sample listeners are fictional, and no service knows their tracks."


@dataclass(frozen=True)
class Online:
    """What may be requested. `users`: whose tracks and songs; None: everybody's. `why_not`: why nothing may."""

    users: frozenset[str] | None = frozenset()
    logins: tuple[Login, ...] = ()
    why_not: str | None = None

    def __bool__(self) -> bool:
        return self.why_not is None


def online(settings: Settings, wait: bool = True, say: Callable[[str], None] = silent) -> Online:
    """What may be asked of services for this warehouse.

    Raises:
        LoadError: the environment variable says neither 0 nor 1.
    """
    chosen = os.environ.get(VARIABLE, "").strip()
    if chosen not in ("", "0", "1"):
        raise LoadError(f"{VARIABLE} is {chosen!r}: it must be 1 (services may be asked) or 0 (they may not).")
    if chosen == "0":
        return Online(why_not=FORBIDDEN)
    if not settings.warehouse.exists():
        return Online(why_not=OFFLINE)
    with connect(settings.warehouse, read_only=True, wait=wait, say=say) as connection:
        kind = warehouse.kind(connection)
        loaded = {account.user_id for account in warehouse.accounts(connection)}
    if kind is Kind.SAMPLE:
        return Online(why_not=SAMPLE)
    with_login = sorted(loaded & {path.stem for path in (settings.home / "tokens").glob("*.json")})
    if not with_login and chosen != "1":
        return Online(why_not=OFFLINE)
    return Online(None if chosen == "1" else frozenset(with_login), _logins(settings, with_login))


def _logins(settings: Settings, user_ids: list[str]) -> tuple[Login, ...]:
    from extract.sources.spotify_api import cached_client
    from extract.sources.spotify_api.legacy_endpoints import Login

    return tuple(
        Login(user_id, lambda log, user_id=user_id: cached_client(user_id, settings.home, log=log))  # type: ignore[misc]
        for user_id in user_ids
    )


def load_missing_features(
    settings: Settings,
    may: Online,
    progress: Progress = silent,
    ask_now: bool = False,
    clock: Callable[[], datetime] = utc_now,
) -> LoadReport:
    """Ask services for the audio features of played and recommended tracks; the caller holds the warehouse's lock."""
    from extract.raw.loader import load_rows
    from extract.raw.store import Store
    from extract.sources.feature_services.chain import Chain, paces_of, request_missing_features

    chain = Chain(
        paces_of(seed_files.rows(settings.root / "seeds" / "definitions" / "feature_providers.csv")),
        Store(settings.warehouse),
        lambda rows: load_rows(settings.warehouse, rows, progress),
        may.users,
        may.logins,
        clock=clock,
        ignore_pauses=ask_now,
        progress=progress,
    )
    return request_missing_features(chain)


def recommenders(settings: Settings, may: Online) -> tuple[Recommender, ...]:
    """The recommenders to ask: the local ones, and services where they may be asked."""
    from spotiflow.recommend import LOCAL

    if not may:
        return LOCAL
    from spotiflow.recommend.services import ReccoBeatsRecommender, SpotifyRecommender

    return (
        *LOCAL,
        SpotifyRecommender(settings.warehouse, may.logins),
        ReccoBeatsRecommender(settings.warehouse, may.users),
    )
