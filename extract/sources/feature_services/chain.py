"""Audio features from services, for tracks that no provider knows: Spotify where it is open, then ReccoBeats."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from extract.http import utc_now
from extract.raw.tables import AUDIO_FEATURES_TABLE, POLL_LOG, REJECTED_ROWS
from extract.report import FileReport, LoadReport, Progress, silent
from extract.request_log import RequestLog, still_paused
from extract.service_errors import ServiceError
from extract.sources.feature_services import measures
from extract.sources.reccobeats.client import LARGEST_BATCH, NAME, ReccoBeats, isrc_of, refuses_one_of, spotify_id
from extract.sources.reccobeats.client import SERVICE as RECCOBEATS
from extract.sources.spotify_api.legacy_endpoints import FEATURES, Login, is_refusal, response_of, usable
from extract.sources.spotify_api.legacy_endpoints import SERVICE as SPOTIFY
from extract.stored import Stored

SOURCE = "audio_features"

_SPOTIFY_BATCH = 100  # ids in one request
_TRACKS_PER_LOAD = 1_000
"""Rows are written after this many tracks. Larger: a killed run loses more. Smaller: writing takes longer than
requesting (a load takes two seconds, a thousand tracks some 20)."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Pace:
    """How often and how much a provider is asked, from the seed `feature_providers`."""

    ask_again_after: timedelta  # after a miss
    most_tracks: int  # in one run


@dataclass(frozen=True)
class Wanted:
    """A track without features."""

    track_id: str
    isrc: str | None


@dataclass
class Chain:
    """What a run of the chain may use.

    `write` puts rows, by raw table, where `stored` finds them. `users`: whose tracks may be asked about; None:
    everybody's.
    """

    paces: Mapping[str, Pace]
    stored: Stored
    write: Callable[[Mapping[str, Sequence[Row]]], object]
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


def request_missing_features(chain: Chain) -> LoadReport:
    """Request the features of played and recommended tracks that no provider knows, most played first.

    What came is written whatever happens next; a service that asks for a pause gets no request until it is over, and
    the next run goes on where this one ended. Misses are remembered. The report has a part for each service that was
    asked, with a `problem` where it did not answer everything.
    """
    report = LoadReport("Audio features from services", rows_new=0)
    for provider, step in ((SPOTIFY, _from_spotify), (RECCOBEATS, _from_reccobeats)):
        if wanted := _wanted(provider, chain):
            step(chain, wanted, report)
    return report


def _wanted(provider: str, chain: Chain) -> list[Wanted]:
    """Tracks that no provider knows and that this one was not asked about lately."""
    pace = chain.paces[provider]
    asked_before = chain.clock() - pace.ask_again_after
    rows = chain.stored.tracks_without_features(provider, asked_before, chain.users, pace.most_tracks)
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

    def write(self, chain: Chain) -> None:
        """Write what there is, requests too, and begin anew."""
        if not self.features and not self.log.rows:
            return
        chain.write(
            {
                AUDIO_FEATURES_TABLE.name: self.features,
                REJECTED_ROWS.name: self.rejected,
                POLL_LOG.name: self.log.rows,
            }
        )
        self.features, self.rejected = [], []
        self.log.rows.clear()


def _begin(provider: str, user_id: str, chain: Chain, report: LoadReport) -> _Haul:
    outcome = FileReport(provider, SOURCE, rejected=Counter())
    report.files.append(outcome)
    return _Haul(provider, RequestLog(user_id, clock=chain.clock), outcome)


def _end(haul: _Haul, chain: Chain, report: LoadReport, wanted: int) -> None:
    haul.write(chain)
    outcome = haul.outcome
    outcome.rows_read = outcome.rows_loaded + outcome.rejected.total()
    report.rows_new = (report.rows_new or 0) + outcome.rows_loaded
    if haul.missed:
        days = chain.paces[haul.provider].ask_again_after.days
        outcome.note = f"it does not know {haul.missed:,} of {wanted:,} tracks, and is asked again after {days} days"


# ---- Spotify ----


def _from_spotify(chain: Chain, wanted: Sequence[Wanted], report: LoadReport) -> None:
    now = chain.clock()
    waiting = {} if chain.ignore_pauses else chain.stored.pauses(SPOTIFY, now)
    for login in usable(chain.stored, chain.logins, FEATURES, now):
        if login.user_id in waiting:
            continue
        haul = _begin(SPOTIFY, login.user_id, chain, report)
        try:
            client = login.client(haul.log)
            for batch, done in _batches(wanted, _SPOTIFY_BATCH):
                chain.progress(f"Asking Spotify for audio features: {done:,} of {len(wanted):,} tracks")
                ids = [track.track_id for track in batch]
                found = _by_id(response_of(client, FEATURES, ids=",".join(ids)).get("audio_features"))
                for track_id in ids:
                    haul.take(track_id, found.get(track_id), "track_id", chain.clock())
                if len(haul.features) >= _TRACKS_PER_LOAD:
                    haul.write(chain)
        except ServiceError as error:
            if not is_refusal(error):
                haul.outcome.problem = str(error)
            elif not haul.outcome.rows_loaded:
                report.files.remove(haul.outcome)  # closed, as for most: nothing to say about it
        _end(haul, chain, report, len(wanted))
        if haul.outcome.rows_loaded or haul.missed:
            return  # one app that may ask is enough


def _by_id(items: Any) -> dict[str, Mapping[str, Any]]:
    """Items by their `id`, never by position; unknown tracks are null."""
    return {str(item.get("id")): item for item in items or () if isinstance(item, dict)}


# ---- ReccoBeats ----


def _from_reccobeats(chain: Chain, wanted: Sequence[Wanted], report: LoadReport) -> None:
    haul = _begin(RECCOBEATS, "", chain, report)
    now = chain.clock()
    until = None if chain.ignore_pauses else chain.stored.pauses(RECCOBEATS, now).get("")
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
            if len(haul.features) >= _TRACKS_PER_LOAD:
                haul.write(chain)
    except ServiceError as error:
        haul.outcome.problem = str(error)
    _end(haul, chain, report, len(wanted))


def _found_by_reccobeats(
    service: ReccoBeats, batch: Sequence[Wanted]
) -> list[tuple[str, Mapping[str, Any] | None, str]]:
    """Every track of the batch: what it is known by, by its id or else by its ISRC; None when by neither."""
    by_id: dict[str, Mapping[str, Any]] = {}
    for item in _known_to(service, [track.track_id for track in batch]):
        if (track_id := spotify_id(item)) and measures.knows_any(item):
            by_id.setdefault(track_id, item)
    codes = sorted({track.isrc for track in batch if track.isrc and track.track_id not in by_id})
    by_code: dict[str, Mapping[str, Any]] = {}
    if codes:
        # One recording, several releases: the one whose features are complete, then the first by address.
        items = [item for item in _known_to(service, codes) if measures.knows_any(item)]
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


def _known_to(service: ReccoBeats, ids: Sequence[str]) -> list[dict[str, Any]]:
    """What the service knows of the ids. One that it cannot read costs its own answer, not that of the whole batch."""
    try:
        return service.features(ids)
    except ServiceError as error:
        if not refuses_one_of(error):
            raise
        if len(ids) == 1:
            return []
    middle = len(ids) // 2
    return _known_to(service, ids[:middle]) + _known_to(service, ids[middle:])


def _batches(wanted: Sequence[Wanted], size: int) -> Iterator[tuple[Sequence[Wanted], int]]:
    for begin in range(0, len(wanted), size):
        yield wanted[begin : begin + size], begin
