"""The online half of the chain: features of tracks that nobody knows yet, from Spotify where open, then ReccoBeats."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from extract.http import ServiceError, utc_now
from extract.raw.loader import load_tables
from extract.raw.tables import AUDIO_FEATURES, AUDIO_FEATURES_TABLE, DATASET, POLL_LOG, REJECTED_ROWS, TABLES
from extract.report import FileReport, LoadReport, Progress, silent
from extract.request_log import RequestLog, pauses, still_paused
from extract.sources.feature_services import measures
from extract.sources.reccobeats.client import LARGEST_BATCH, NAME, ReccoBeats, isrc_of, refuses_one_of, spotify_id
from extract.sources.reccobeats.client import SERVICE as RECCOBEATS
from extract.sources.spotify_api.legacy_endpoints import FEATURES, Login, ask, is_refusal, usable
from extract.sources.spotify_api.legacy_endpoints import SERVICE as SPOTIFY

SOURCE = "audio_features"

_SPOTIFY_BATCH = 100  # ids in one request
_TRACKS_A_LOAD = 1_000
"""After so many tracks what came is written. Larger: a killed run loses more. Smaller: writing takes longer than asking
(a load takes two seconds, a thousand tracks some 20)."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Pace:
    """How often a provider is asked, from the seed `feature_providers`."""

    ask_again_after: timedelta  # after a miss
    most_tracks: int  # in one run


@dataclass(frozen=True)
class Wanted:
    """A track without features."""

    track_id: str
    isrc: str | None


@dataclass
class Chain:
    """What a run of the chain may use. `users`: whose tracks may be asked about; None: everybody's."""

    paces: Mapping[str, Pace]
    users: frozenset[str] | None = None
    logins: Sequence[Login] = ()
    reccobeats: Callable[[RequestLog], ReccoBeats] = ReccoBeats
    clock: Callable[[], datetime] = utc_now
    ignore_pauses: bool = False
    progress: Progress = silent


def paces_of(rows: Sequence[Mapping[str, str]]) -> dict[str, Pace]:
    """From the rows of the seed `feature_providers`: the services among them."""
    return {
        row["provider"]: Pace(timedelta(days=int(row["ask_again_after_days"])), int(row["most_tracks_a_run"]))
        for row in rows
        if row["is_asked_by_track"].strip().lower() == "true"
    }


def load_missing_features(warehouse: Path, chain: Chain) -> LoadReport:
    """Ask for the features of played and recommended tracks that no provider knows, most played first.

    What came is kept whatever happens next; a service that asks for a pause is left alone until then, and the next run
    goes on where this one ended. Misses are remembered. The report has a part for each service that was asked, with a
    `problem` where it did not answer everything.
    """
    report = LoadReport("Audio features from services", rows_new=0)
    if not warehouse.exists():
        return report
    for provider, step in ((SPOTIFY, _from_spotify), (RECCOBEATS, _from_reccobeats)):
        wanted = _wanted(warehouse, provider, chain)
        if wanted:
            step(warehouse, chain, wanted, report)
    return report


# ---- which tracks ----

_WANTED = """
with plays as (
    {plays}
),

known as (
    select distinct track_id from {dataset}.audio_features
    where is_found and {complete}
),

asked as (
    select track_id from {dataset}.audio_features where provider = $provider and checked_at > $asked_after
),

recommended as (
    {recommended}
),

tracks as (
    select track_id, sum(plays) as plays, sum(recommended) as recommended
    from (
        select track_id, count(*) as plays, 0 as recommended from plays group by track_id
        union all
        select track_id, 0 as plays, count(*) as recommended from recommended group by track_id
    )
    group by track_id
),

codes as (
    select track_id, min(isrc) as isrc from {dataset}.tracks where isrc is not null group by track_id
)

select tracks.track_id, codes.isrc
from tracks
anti join known on tracks.track_id = known.track_id
anti join asked on tracks.track_id = asked.track_id
left join codes on tracks.track_id = codes.track_id
where regexp_full_match(tracks.track_id, '[0-9A-Za-z]{{22}}')
order by tracks.plays desc, tracks.recommended desc, tracks.track_id
limit $most
"""

_OF_USERS = "($users is null or list_contains($users, user_id))"


def _wanted(warehouse: Path, provider: str, chain: Chain) -> list[Wanted]:
    """Tracks that no provider knows and that this one was not asked about lately."""
    pace = chain.paces[provider]
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        connection.execute("set python_enable_replacements = false")
        there = {
            str(name)
            for (name,) in connection.execute(
                "select table_name from duckdb_tables() where schema_name = ?", [DATASET]
            ).fetchall()
        }
        if not {"audio_features", "tracks", "streaming_history", "recently_played", "recommendations"} <= there:
            return []
        query = _WANTED.format(
            dataset=DATASET,
            complete=" and ".join(f"{feature} is not null" for feature in AUDIO_FEATURES),
            plays=f"""
            select track_id from {DATASET}.streaming_history where content_kind = 'track' and {_OF_USERS}
            union all
            select track_id from {DATASET}.recently_played where {_OF_USERS}
            """,
            recommended=f"select track_id from {DATASET}.recommendations where {_OF_USERS}",
        )
        rows = connection.execute(
            query,
            {
                "provider": provider,
                "asked_after": chain.clock() - pace.ask_again_after,
                "users": None if chain.users is None else sorted(chain.users),
                "most": pace.most_tracks,
            },
        ).fetchall()
    return [Wanted(track_id, isrc_of(isrc)) for track_id, isrc in rows]


# ---- what came ----


@dataclass
class _Haul:
    """What a provider gave, until it is written."""

    provider: str
    log: RequestLog
    outcome: FileReport
    features: list[Row] = field(default_factory=list)
    rejected: list[Row] = field(default_factory=list)
    missed: int = 0

    def take(self, track_id: str, item: Mapping[str, Any] | None, matched_by: str, now: datetime) -> None:
        """Note what came for a track: measures, or that there are none to be had."""
        row: Row = {"track_id": track_id, "provider": self.provider, "is_found": False, "checked_at": now}
        if item is not None and (reason := measures.wrong(item)):
            self.rejected.append(measures.rejection(SOURCE, self.provider, track_id, item, reason))
            self.outcome.rejected[reason] += 1
        elif item is not None and measures.knows_any(item):
            row |= {"is_found": True, "matched_by": matched_by} | measures.taken(item)
            self.outcome.rows_loaded += 1
        else:
            self.missed += 1
        self.features.append(row)

    def write(self, warehouse: Path, progress: Progress) -> None:
        """Load what there is, requests too, and begin anew."""
        if not self.features and not self.log.rows:
            return
        rows = {
            AUDIO_FEATURES_TABLE.name: self.features,
            REJECTED_ROWS.name: self.rejected,
            POLL_LOG.name: self.log.rows,
        }
        load_tables(warehouse, {name: [TABLES[name].from_rows(found)] for name, found in rows.items()}, progress)
        self.features, self.rejected = [], []
        self.log.rows.clear()


def _begin(provider: str, user_id: str, chain: Chain, report: LoadReport) -> _Haul:
    outcome = FileReport(provider, SOURCE, rejected=Counter())
    report.files.append(outcome)
    return _Haul(provider, RequestLog(user_id, clock=chain.clock), outcome)


def _end(haul: _Haul, warehouse: Path, chain: Chain, report: LoadReport, wanted: int) -> None:
    haul.write(warehouse, chain.progress)
    outcome = haul.outcome
    outcome.rows_read = outcome.rows_loaded + outcome.rejected.total()
    report.rows_new = (report.rows_new or 0) + outcome.rows_loaded
    if haul.missed:
        days = chain.paces[haul.provider].ask_again_after.days
        outcome.note = f"{haul.missed:,} of {wanted:,} tracks it does not know; it is asked again after {days} days"


# ---- Spotify ----


def _from_spotify(warehouse: Path, chain: Chain, wanted: Sequence[Wanted], report: LoadReport) -> None:
    now = chain.clock()
    waiting = {} if chain.ignore_pauses else pauses(warehouse, SPOTIFY, now)
    for login in usable(warehouse, chain.logins, FEATURES, now):
        if login.user_id in waiting:
            continue
        haul = _begin(SPOTIFY, login.user_id, chain, report)
        try:
            client = login.client(haul.log)
            for batch, done in _batches(wanted, _SPOTIFY_BATCH):
                chain.progress(f"Asking Spotify for audio features: {done:,} of {len(wanted):,} tracks")
                ids = [track.track_id for track in batch]
                found = _by_id(ask(client, FEATURES, ids=",".join(ids)).get("audio_features"))
                for track_id in ids:
                    haul.take(track_id, found.get(track_id), "track_id", chain.clock())
                if len(haul.features) >= _TRACKS_A_LOAD:
                    haul.write(warehouse, chain.progress)
        except ServiceError as error:
            if not is_refusal(error):
                haul.outcome.problem = str(error)
            elif not haul.outcome.rows_loaded:
                report.files.remove(haul.outcome)  # closed, as for most: nothing to say about it
        _end(haul, warehouse, chain, report, len(wanted))
        if haul.outcome.rows_loaded or haul.missed:
            return  # one app that may ask is enough


def _by_id(items: Any) -> dict[str, Mapping[str, Any]]:
    """Items by their `id`, never by position; unknown tracks are null."""
    return {str(item.get("id")): item for item in items or () if isinstance(item, dict)}


# ---- ReccoBeats ----


def _from_reccobeats(warehouse: Path, chain: Chain, wanted: Sequence[Wanted], report: LoadReport) -> None:
    haul = _begin(RECCOBEATS, "", chain, report)
    now = chain.clock()
    until = None if chain.ignore_pauses else pauses(warehouse, RECCOBEATS, now).get("")
    if until is not None:
        haul.outcome.problem = str(still_paused(NAME, until, now))
        return
    try:
        service = chain.reccobeats(haul.log)
        for batch, done in _batches(wanted, LARGEST_BATCH):
            chain.progress(f"Asking ReccoBeats for audio features: {done:,} of {len(wanted):,} tracks")
            # A batch is noted as a whole: a track that was asked by id alone is no miss yet.
            for track_id, item, matched_by in _found_by_reccobeats(service, batch):
                haul.take(track_id, item, matched_by, chain.clock())
            if len(haul.features) >= _TRACKS_A_LOAD:
                haul.write(warehouse, chain.progress)
    except ServiceError as error:
        haul.outcome.problem = str(error)
    _end(haul, warehouse, chain, report, len(wanted))


def _found_by_reccobeats(
    service: ReccoBeats, batch: Sequence[Wanted]
) -> list[tuple[str, Mapping[str, Any] | None, str]]:
    """Every track of the batch: what it is known by, by its id or else by its ISRC; None when by neither."""
    by_id: dict[str, Mapping[str, Any]] = {}
    for item in _asked(service, [track.track_id for track in batch]):
        if (track_id := spotify_id(item)) and measures.knows_any(item):
            by_id.setdefault(track_id, item)
    codes = sorted({track.isrc for track in batch if track.isrc and track.track_id not in by_id})
    by_code: dict[str, Mapping[str, Any]] = {}
    if codes:
        # One recording, several releases: the one whose features are complete, then the first by address.
        items = [item for item in _asked(service, codes) if measures.knows_any(item)]
        for item in sorted(items, key=lambda item: (not measures.knows_all(item), str(item.get("href")))):
            if code := isrc_of(item.get("isrc")):
                by_code.setdefault(code, item)
    found: list[tuple[str, Mapping[str, Any] | None, str]] = []
    for track in batch:
        if track.track_id in by_id:
            found.append((track.track_id, by_id[track.track_id], "track_id"))
        else:
            found.append((track.track_id, by_code.get(track.isrc or ""), "isrc"))
    return found


def _asked(service: ReccoBeats, ids: Sequence[str]) -> list[dict[str, Any]]:
    """What the service knows of the ids. One that it cannot read costs its own answer, not that of the whole batch."""
    try:
        return service.features(ids)
    except ServiceError as error:
        if not refuses_one_of(error):
            raise
        if len(ids) == 1:
            return []
    middle = len(ids) // 2
    return _asked(service, ids[:middle]) + _asked(service, ids[middle:])


def _batches(wanted: Sequence[Wanted], size: int) -> Iterator[tuple[Sequence[Wanted], int]]:
    for begin in range(0, len(wanted), size):
        yield wanted[begin : begin + size], begin
