"""Simulated listening: which track a listener plays when, for how long, and how the play ends."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from spotiflow.demo.sample.catalogue import Catalogue, Floats, Integers
from spotiflow.demo.sample.genres import GENRE_NAMES
from spotiflow.demo.sample.listeners import Listener, Routine
from spotiflow.demo.sample.randomness import stream
from spotiflow.demo.sample.settings import DAYS, FIRST_DAY, LAST_DAY, LISTENED_MS, WEEKS

Booleans = npt.NDArray[np.bool_]

REASONS = (
    "trackdone",
    "fwdbtn",
    "backbtn",
    "endplay",
    "logout",
    "unexpected-exit-while-paused",
    "clickrow",
    "playbtn",
    "appload",
)
_TRACKDONE, _FWDBTN, _BACKBTN, _ENDPLAY, _LOGOUT, _EXIT, _CLICKROW, _PLAYBTN, _APPLOAD = range(len(REASONS))

_ALL_NIGHTER = Routine(0.65, 0.0, 0.0)  # from 0:39 on; long enough to cross a clock change at 1, 2 or 3 o'clock
_ALL_NIGHTER_ROWS = 75
_EXPLORED = 0.07  # share of rows with a track from outside the listener's library
_FAVOURITE = 0.05  # at most as much of a session goes to one track, unless it is an obsession
_SHORT_SKIPS = 0.80  # of all skips, those before 30 s


@dataclass(frozen=True)
class Plays:
    """A listener's plays of catalogue tracks in the order in which they ended."""

    ended_at: Integers  # seconds since 1970, UTC
    ms_played: Integers
    track: Integers  # index into the catalogue
    reason_start: Integers  # indices into REASONS
    reason_end: Integers
    shuffle: Booleans
    offline: Booleans

    def __len__(self) -> int:
        return len(self.ended_at)

    def take(self, chosen: Integers | Booleans) -> Plays:
        """The chosen plays."""
        return Plays(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))


def utc_seconds(moment: datetime) -> int:
    """Seconds since 1970 of an aware moment."""
    return int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds())


def local_midnight(day: date, zone: str) -> int:
    """Seconds since 1970 at which `day` begins in `zone`."""
    return utc_seconds(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)))


def simulate(listener: Listener, catalogue: Catalogue, seed: int) -> Plays:
    """All plays of one listener in the sample's period, DST changes of the zone respected."""
    rng = stream(seed, "plays", listener.label)
    sessions = _sessions(listener, rng)
    tastes = _Taste.of(listener, catalogue, rng)
    tracks = np.concatenate([tastes.choose(session.day, session.routine, session.rows, rng) for session in sessions])
    sizes = np.array([session.rows for session in sessions])
    session_of = np.repeat(np.arange(len(sessions)), sizes)
    is_last = np.append(session_of[1:] != session_of[:-1], True)
    is_first = np.append(True, session_of[1:] != session_of[:-1])

    tracks = _swap_reissues(tracks, catalogue, rng)
    is_night = np.array([session.routine is _ALL_NIGHTER for session in sessions])[session_of]
    ms_played, skipped = _durations(listener, catalogue, tracks, tastes, is_night, rng)

    # end times: a session's plays follow each other, now and then with a pause
    pause = np.where(rng.random(len(tracks)) < 0.05, rng.exponential(150, len(tracks)), rng.random(len(tracks)))
    steps = pause + ms_played / 1000
    total = np.cumsum(steps)
    before = np.concatenate([[0.0], total[np.flatnonzero(is_last)[:-1]]])
    starts = np.array([session.start for session in sessions], dtype=np.float64)
    ended_at = np.floor(starts[session_of] + total - before[session_of]).astype(np.int64)

    reason_end = np.where(
        skipped,
        rng.choice([_FWDBTN, _ENDPLAY, _BACKBTN], size=len(tracks), p=[0.75, 0.15, 0.10]),
        _TRACKDONE,
    )
    leaves = is_last & skipped
    reason_end[leaves] = rng.choice([_LOGOUT, _EXIT], size=int(leaves.sum()))
    reason_start = np.roll(reason_end, 1)
    reason_start[reason_start == _ENDPLAY] = _CLICKROW
    reason_start[is_first] = rng.choice([_CLICKROW, _PLAYBTN, _APPLOAD], size=int(is_first.sum()))

    plays = Plays(
        ended_at=ended_at,
        ms_played=ms_played,
        track=tracks,
        reason_start=reason_start.astype(np.int64),
        reason_end=reason_end.astype(np.int64),
        shuffle=np.array([session.routine.shuffle for session in sessions])[session_of],
        offline=np.array([session.offline for session in sessions])[session_of],
    )
    plays = plays.take(plays.ended_at < local_midnight(LAST_DAY + timedelta(days=1), listener.timezone))
    return plays.take(np.argsort(plays.ended_at, kind="stable"))


# ---- when ----


@dataclass(frozen=True)
class _Session:
    day: int
    routine: Routine
    start: int  # seconds since 1970
    rows: int
    offline: bool


def _sessions(listener: Listener, rng: np.random.Generator) -> list[_Session]:
    """A listener's sessions; the first and the last day have some in any case, unless they are silent."""
    anchors = [(phase.start - FIRST_DAY).days for phase in listener.phases]
    rates = np.interp(np.arange(DAYS), anchors, [phase.rate for phase in listener.phases])
    silent = listener.silent_days
    nights = {(night - FIRST_DAY).days for night in listener.all_nighters}
    sessions = []
    for day in range(DAYS):
        local = FIRST_DAY + timedelta(days=day)
        weekday = local.weekday()
        routines = [routine for routine in listener.routines if weekday in routine.days]
        rate = listener.rate * rates[day] * np.exp(rng.normal(0, 0.25))
        rate *= listener.weekend_factor if weekday >= 5 else 1.0
        active = rng.random() < listener.active_share or day in (0, DAYS - 1)
        total_share = sum(routine.share for routine in routines)
        for routine in routines:
            rows = int(rng.poisson(rate * routine.share / total_share))
            hour = routine.hour + float(rng.normal(0, routine.spread))
            offline = bool(rng.random() < routine.offline)
            if not active or day in silent or rows == 0:
                continue
            start = _local_start(local, max(hour, 0.05), listener.timezone)
            sessions.append(_Session(day, routine, start, rows, offline))
        if day in nights:
            start = _local_start(local, _ALL_NIGHTER.hour, listener.timezone)
            sessions.append(_Session(day, _ALL_NIGHTER, start, _ALL_NIGHTER_ROWS, False))
    return sessions


def _local_start(day: date, hour: float, zone: str) -> int:
    wall = datetime(day.year, day.month, day.day) + timedelta(seconds=round(hour * 3600))
    return utc_seconds(wall.replace(tzinfo=ZoneInfo(zone)))


# ---- what ----


@dataclass(frozen=True)
class _Taste:
    """Weights with which a listener picks tracks on a day."""

    listener: Listener
    catalogue: Catalogue
    library: Integers  # catalogue indices
    liking: Floats  # a library track, relative within its genre
    rotation: Floats  # weeks x library: what is on the turntable this week
    discovered: Integers  # day on which a library track is first played
    genre_weights: Floats  # days x genres
    mood: Floats  # a day
    everything: Floats  # cumulative weights over the catalogue, for exploring

    @classmethod
    def of(cls, listener: Listener, catalogue: Catalogue, rng: np.random.Generator) -> _Taste:
        anchors = [(phase.start - FIRST_DAY).days for phase in listener.phases]
        days = np.arange(DAYS)
        genre_weights = np.stack(
            [
                np.interp(days, anchors, [phase.genres.get(name, 0.0) for phase in listener.phases])
                for name in GENRE_NAMES
            ],
            axis=1,
        )
        genre_weights /= genre_weights.sum(axis=1, keepdims=True)
        mood = np.interp(days, anchors, [phase.mood for phase in listener.phases]) + rng.normal(0, 0.5, DAYS)

        count = len(catalogue)
        loyalty = dict(
            zip(sorted(set(catalogue.artists)), np.exp(rng.normal(0, 0.6, len(set(catalogue.artists)))), strict=True)
        )
        affinity = catalogue.popularity**0.6 * np.exp(rng.normal(0, 0.7, count))
        affinity *= np.array([loyalty[artist] for artist in catalogue.artists])
        affinity[list(catalogue.reissue_of)] = 0.0
        for obsession in listener.obsessions:  # unheard of before they begin
            affinity[catalogue.index_of(obsession.artist, obsession.title)] = 0.0
        library = _pick_library(listener, catalogue, affinity, genre_weights)

        liking = affinity[library]
        for genre in range(len(GENRE_NAMES)):
            own = catalogue.genre[library] == genre
            if own.any():
                liking[own] /= liking[own].sum()
        rotation = np.empty((WEEKS, len(library)))
        rotation[0] = rng.normal(0, 1.0, len(library))
        for week in range(1, WEEKS):  # this week resembles the last one
            rotation[week] = 0.65 * rotation[week - 1] + rng.normal(0, 0.76, len(library))
        known = rng.random(len(library)) < 0.6
        discovered = np.where(known, -60, rng.integers(3, DAYS - 6, len(library)))
        discovered = np.maximum(discovered, catalogue.release_day[library]).astype(np.int64)
        explored = catalogue.popularity * (catalogue.release_day == 0)
        explored[list(catalogue.reissue_of)] = 0.0
        for obsession in listener.obsessions:
            explored[catalogue.index_of(obsession.artist, obsession.title)] = 0.0
        return cls(
            listener,
            catalogue,
            library,
            liking,
            np.exp(0.9 * rotation),
            discovered,
            genre_weights,
            mood,
            np.cumsum(explored),
        )

    def choose(self, day: int, routine: Routine, rows: int, rng: np.random.Generator) -> Integers:
        """Tracks for one session."""
        genre_weights = self.genre_weights[day] * np.array([routine.genres.get(name, 1.0) for name in GENRE_NAMES])
        happiness = self.catalogue.features["valence"][self.library] - 0.5
        age = day - self.discovered
        weights = (
            self.liking
            * genre_weights[self.catalogue.genre[self.library]]
            * self.rotation[day // 7]
            * np.exp(1.2 * self.mood[day] * happiness)
            * np.where(age < 0, 0.0, 1 + 5 * np.exp(-np.maximum(age, 0) / 10))
        )
        weights = np.minimum(weights, _FAVOURITE * weights.sum())
        chosen = self.library[_draw(np.cumsum(weights), rng.random(rows))]
        explores = rng.random(rows) < _EXPLORED
        chosen = np.where(explores, _draw(self.everything, rng.random(rows)), chosen)
        for obsession in self.listener.obsessions:
            since = day - (obsession.start - FIRST_DAY).days
            hit = rng.random(rows) < (obsession.share * np.exp(-since / obsession.days) if since >= 0 else 0.0)
            tracks = np.array(self.catalogue.index_of(obsession.artist, obsession.title))
            chosen = np.where(hit, tracks[(rng.random(rows) ** 1.7 * len(tracks)).astype(np.int64)], chosen)
        return chosen.astype(np.int64)

    def familiarity(self, tracks: Integers) -> Floats:
        """-1 for tracks outside the library, else around 0, higher for favourites."""
        known = np.full(len(self.catalogue), -1.0)
        rank = np.argsort(np.argsort(self.liking, kind="stable"), kind="stable") / max(1, len(self.liking) - 1)
        known[self.library] = rank - 0.5
        for obsession in self.listener.obsessions:
            known[self.catalogue.index_of(obsession.artist, obsession.title)] = 1.5
        return known[tracks]


def _pick_library(listener: Listener, catalogue: Catalogue, affinity: Floats, genre_weights: Floats) -> Integers:
    """The best-liked tracks of each genre, more of the genres that the listener plays more."""
    shares = genre_weights.max(axis=0) / genre_weights.max(axis=0).sum()
    chosen: list[int] = []
    for genre, share in enumerate(shares.tolist()):
        own = np.flatnonzero((catalogue.genre == genre) & (affinity > 0))
        best = own[np.argsort(-affinity[own], kind="stable")]
        chosen += best[: round(share * listener.library)].tolist()
    return np.array(sorted(chosen), dtype=np.int64)


def _draw(cumulative: Floats, uniform: Floats) -> Integers:
    index: Integers = np.searchsorted(cumulative, uniform * cumulative[-1], side="right").astype(np.int64)
    return np.minimum(index, len(cumulative) - 1)


def _swap_reissues(tracks: Integers, catalogue: Catalogue, rng: np.random.Generator) -> Integers:
    """Now and then a title is played from its reissue, under another id."""
    reissues = np.arange(len(catalogue))
    for reissue, original in catalogue.reissue_of.items():
        reissues[original] = reissue
    return np.where(rng.random(len(tracks)) < 0.22, reissues[tracks], tracks)


# ---- how long ----


def _durations(
    listener: Listener,
    catalogue: Catalogue,
    tracks: Integers,
    tastes: _Taste,
    is_night: Booleans,
    rng: np.random.Generator,
) -> tuple[Integers, Booleans]:
    """ms_played and whether the play was broken off; favourites are skipped less, long tracks more."""
    full = catalogue.duration_ms[tracks]
    leaning = (
        0.35
        - listener.patience
        - 1.4 * tastes.familiarity(tracks)
        + 0.5 * (full / 240_000 - 1)
        + 0.8 * (catalogue.features["speechiness"][tracks] > 0.2)
        - 3.0 * is_night
    )
    skipped = rng.random(len(tracks)) < 1 / (1 + np.exp(-leaning))
    short = rng.random(len(tracks)) < _SHORT_SKIPS
    brief = np.minimum(rng.exponential(9_000, len(tracks)), LISTENED_MS - 1)
    brief = np.where(rng.random(len(tracks)) < 0.015, 0, brief)
    partial = LISTENED_MS + rng.random(len(tracks)) * (0.9 * full - LISTENED_MS)
    ms_played = np.where(skipped, np.where(short, brief, partial), full)
    return np.floor(ms_played).astype(np.int64), skipped


def extra_overlaps(plays: Plays, count: int, rng: np.random.Generator) -> Plays:
    """Plays on a second device that ended in the middle of another play."""
    long = np.flatnonzero(plays.ms_played > 150_000)
    chosen = np.sort(rng.choice(long, size=count, replace=False))
    others = np.sort(rng.choice(long, size=count, replace=False))
    second = plays.take(others)
    return replace(second, ended_at=plays.ended_at[chosen] - rng.integers(20, 100, count))
