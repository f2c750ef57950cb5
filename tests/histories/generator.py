"""Random listeners, drawn from a seed: what real histories hold, with the hard moments made frequent.

A batch is a catalogue of tracks and some listeners; a listener is a time zone, plays, and how those plays reach
us: exports of all three generations that overlap, and polls of recently played that miss some. Everything is
written as the files that Spotify sends; nothing here knows what the models make of them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from tests.extract.exports import NO_MUSIC, record, version_1, version_3, write_json, write_zip

FEATURES = ("danceability", "energy", "liveness", "acousticness", "instrumentalness", "speechiness", "valence")

ZONES = (
    "Africa/Casablanca",  # clocks go back for Ramadan
    "America/Bogota",
    "America/Los_Angeles",
    "America/New_York",
    "America/Santiago",
    "America/St_Johns",  # −3:30; until 2011 the clock changed at one minute past midnight
    "Asia/Gaza",
    "Asia/Kathmandu",  # +5:45
    "Asia/Tehran",
    "Asia/Tokyo",
    "Atlantic/Azores",
    "Australia/Lord_Howe",  # the clock changes by half an hour
    "Europe/Dublin",
    "Europe/London",
    "Pacific/Apia",  # had no 30 December 2011
    "Pacific/Chatham",  # +12:45
    "Pacific/Kiritimati",  # +14
    "Pacific/Pago_Pago",  # −11
    "UTC",
)
FIRST_YEAR, LAST_YEAR = 2010, 2026
# Before the zone rules of 2026 that DuckDB does not know yet (Casablanca from September 2026 on).
LAST_MOMENT = datetime(2026, 8, 30)

_ID_LETTERS = list("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")


@dataclass(frozen=True)
class Track:
    """A track, and what a catalogue and Spotify's API say of it."""

    uri: str | None  # None: exports name title and artist only
    name: str
    artist: str
    length_ms: int
    later_artist: str | None = None  # the name that exports give from 2018 on
    is_listed: bool = False  # stands in the catalogue
    listed_length: bool = False
    features: dict[str, float] = field(default_factory=dict)  # 0-1; missing ones are empty
    api_length: bool = True
    relinked: tuple[str, ...] = ()  # other ids of the same recording

    @property
    def track_id(self) -> str | None:
        """Spotify's id, when it has one that its API knows."""
        if self.uri is None or not self.uri.startswith("spotify:track:"):
            return None
        return self.uri.split(":")[2]


@dataclass(frozen=True)
class Play:
    """What really happened, to the millisecond; `fields` are those of an export record."""

    ended_at: datetime  # naive UTC
    track: int | None  # place in the catalogue; None for podcasts and the like
    listened_ms: int
    fields: dict[str, Any]
    is_shown: bool  # to polls: no private session, no skip that Spotify forgets


@dataclass(frozen=True)
class Page:
    """One answer of recently played, as a file."""

    requested_at: datetime
    path: Path


@dataclass(frozen=True)
class History:
    """One random listener and their files."""

    label: str
    timezone: str
    scenes: tuple[str, ...]
    exports: tuple[Path, ...]
    pages: tuple[Page, ...]
    plays: tuple[Play, ...]


@dataclass(frozen=True)
class Batch:
    """Listeners that share a catalogue."""

    seed: int
    tracks: tuple[Track, ...]
    histories: tuple[History, ...]
    catalogue: Path
    recommendations: tuple[dict[str, Any], ...]  # of listeners by label

    @property
    def aliases(self) -> dict[str, str]:
        """Relinked id → the id that it is counted as."""
        return {
            other: track.track_id for track in self.tracks for other in track.relinked if track.track_id is not None
        }


def generate(seed: int, listeners: int, folder: Path, mondays: Sequence[date] = ()) -> Batch:
    """A batch of `listeners`, with its files in `folder`. `mondays`: when definitions change; plays gather there."""
    rng = np.random.default_rng(seed)
    tracks = _tracks(rng)
    histories = tuple(
        _history(np.random.default_rng([seed, number]), f"listener-{number}", tracks, folder, mondays)
        for number in range(listeners)
    )
    known = [history for history in histories if history.exports or history.pages]
    recommendations = [row for history in known for row in _recommendations(rng, history, tracks)]
    return Batch(seed, tracks, histories, write_catalogue(folder / "features.csv", tracks), tuple(recommendations))


# ---- tracks ----


def _tracks(rng: np.random.Generator) -> tuple[Track, ...]:
    tracks = []
    artists = [f"Artist {number}" for number in range(14)]
    for number in range(70):
        length_ms = int(rng.choice([29_000, 30_000, 59_998, 60_000, 61_001, int(rng.integers(90_000, 420_000))]))
        track = Track(f"spotify:track:{_id(rng)}", f"Song {number}", str(rng.choice(artists)), length_ms)
        kind = rng.random()
        if kind < 0.58:  # a scored track, often with a valence on an edge
            track = _listed(rng, track, missing=0)
        elif kind < 0.70:  # some features; every second one lacks valence
            track = _listed(rng, track, missing=int(rng.integers(1, 4)))
            if rng.random() < 0.5:
                track.features.pop("valence", None)
        elif kind < 0.76:  # a name and no features at all
            track = _listed(rng, track, missing=len(FEATURES))
        elif kind < 0.84:
            track = replace(track, later_artist=f"{track.artist} & Friends")
        elif kind < 0.88:
            track = replace(track, uri=None)
        elif kind < 0.92:
            track = replace(track, uri=f"spotify:local:{track.artist}:An+Album:{track.name}:{length_ms // 1000}")
        if track.track_id is not None:
            if rng.random() < 0.15:
                track = replace(track, api_length=False)
            if rng.random() < 0.2:
                track = replace(track, relinked=tuple(_id(rng) for _ in range(int(rng.integers(1, 3)))))
        tracks.append(track)
    return tuple(tracks)


def _listed(rng: np.random.Generator, track: Track, missing: int) -> Track:
    features = {feature: round(float(rng.random()), int(rng.choice([1, 2, 3, 6]))) for feature in FEATURES}
    if rng.random() < 0.5:
        features["valence"] = float(rng.choice([0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 1]))
    for feature in rng.choice(FEATURES, size=missing, replace=False):
        del features[str(feature)]
    return replace(track, is_listed=True, listed_length=bool(rng.random() < 0.7), features=features)


def _id(rng: np.random.Generator) -> str:
    return "".join(rng.choice(_ID_LETTERS, size=22))


def write_catalogue(path: Path, tracks: Sequence[Track]) -> Path:
    """The catalogue of those tracks that stand in it."""
    lines = [",".join(["track_id", "track_name", "artist_name", "duration_ms", *FEATURES])]
    for track in tracks:
        if track.is_listed:
            values = [str(track.features.get(feature, "")) for feature in FEATURES]
            length = str(track.length_ms) if track.listed_length else ""
            lines.append(",".join([str(track.track_id), track.name, track.artist, length, *values]))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


# ---- one listener ----


def _history(
    rng: np.random.Generator, label: str, tracks: Sequence[Track], folder: Path, mondays: Sequence[date]
) -> History:
    zone = str(rng.choice(ZONES))
    known = rng.choice(len(tracks), size=int(rng.integers(4, 25)), replace=False)
    scenes, starts = _starts(rng, ZoneInfo(zone), mondays)
    plays: dict[tuple[Any, ...], Play] = {}
    for start in starts:
        for play in _session(rng, start, tracks, known):
            # The same track may not end twice in a second after the same time: Spotify's own key.
            plays.setdefault(_key(play), play)
    everything = tuple(sorted((play for play in plays.values() if play.ended_at < LAST_MOMENT), key=_key))
    kind = rng.random()
    exports = _exports(rng, everything, folder / label) if kind < 0.9 else ()
    # Drawn apart, so that a seed's other files stay what they are.
    titles = np.random.default_rng([int(rng.integers(2**31)), 24])
    if titles.random() < 0.4:
        # Some have account data and nothing else of an export: then titles are all that is known.
        exports = (*(exports if titles.random() < 0.7 else ()), *_account_data(titles, everything, folder / label))
    pages = _pages(rng, everything, tracks, folder / label / "pages") if kind > 0.45 else ()
    return History(label, zone, scenes, exports, pages, everything)


def _key(play: Play) -> tuple[Any, ...]:
    return (play.ended_at.replace(microsecond=0), _uri(play.fields), play.listened_ms)


def _uri(fields: dict[str, Any]) -> str:
    names = ("spotify_track_uri", "spotify_episode_uri", "audiobook_uri", "master_metadata_track_name")
    return "|".join(str(fields.get(name)) for name in names)


def _starts(
    rng: np.random.Generator, zone: ZoneInfo, mondays: Sequence[date]
) -> tuple[tuple[str, ...], list[datetime]]:
    """When sessions begin (naive UTC): around the moments at which dates, weeks and years end in the zone."""
    scenes, starts = [], []
    year = int(rng.integers(FIRST_YEAR, LAST_YEAR + 1))
    for _ in range(int(rng.integers(1, 5))):
        scene = str(rng.choice(["midnight", "clock", "new_year", "week_53", "leap_day", "definition", "days"]))
        if rng.random() < 0.1:  # years of silence in between
            year = int(rng.integers(FIRST_YEAR, LAST_YEAR + 1))
        moments = _scene(rng, scene, zone, year, mondays)
        scenes.append(scene)
        starts += [moment - timedelta(seconds=int(rng.choice([0, 1, 30, 240, 1800]))) for moment in moments]
    return tuple(scenes), starts


def _scene(rng: np.random.Generator, scene: str, zone: ZoneInfo, year: int, mondays: Sequence[date]) -> list[datetime]:
    if scene == "clock" and (changes := _clock_changes(zone, year)):
        change = changes[int(rng.integers(len(changes)))]
        return [change + timedelta(minutes=minutes) for minutes in (-61, -1, 29, 61)] + [
            _midnight((change + timedelta(days=days)).date(), zone) for days in (0, 1)
        ]
    if scene == "new_year":
        return [_midnight(date(year, 1, day), zone) for day in (1, 2)] + [_midnight(date(year - 1, 12, 31), zone)]
    if scene == "week_53":
        monday = [date(2015, 12, 28), date(2016, 1, 4), date(2020, 12, 28), date(2021, 1, 4)][int(rng.integers(4))]
        return [_midnight(monday, zone), _midnight(monday + timedelta(days=7), zone)]
    if scene == "leap_day":
        leap_year = int(rng.choice([2012, 2016, 2020, 2024]))
        return [_midnight(date(leap_year, 2, 29), zone), _midnight(date(leap_year, 3, 1), zone)]
    if scene == "definition" and mondays:
        monday = mondays[int(rng.integers(len(mondays)))]
        return [_midnight(monday + timedelta(days=days), zone) for days in (0, int(rng.choice([-7, -1, 1, 7])))]
    first = date(year, 1, 1) + timedelta(days=int(rng.integers(0, 240)))
    if scene == "days":  # most days of some weeks
        days = [first + timedelta(days=day) for day in range(int(rng.integers(6, 30))) if rng.random() < 0.6]
        return [_midnight(day, zone) + timedelta(minutes=int(rng.integers(0, 24 * 60))) for day in days]
    return [_midnight(first + timedelta(days=days), zone) for days in (0, 1)]


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    local = datetime.combine(day, time(), tzinfo=zone)
    return local.astimezone(UTC).replace(tzinfo=None)


def _clock_changes(zone: ZoneInfo, year: int) -> list[datetime]:
    """The moments (naive UTC) of a year at which the zone's clocks were changed."""
    moment, changes = datetime(year, 1, 1, tzinfo=UTC), []
    while moment.year == year:
        later = moment + timedelta(days=1)
        if _offset(moment, zone) != _offset(later, zone):
            low, high = moment, later
            while high - low > timedelta(seconds=1):
                middle = low + timedelta(seconds=int((high - low).total_seconds()) // 2)
                low, high = (middle, high) if _offset(middle, zone) == _offset(low, zone) else (low, middle)
            changes.append(high.replace(tzinfo=None))
        moment = later
    return changes


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta | None:
    return moment.astimezone(zone).utcoffset()


def _session(rng: np.random.Generator, start: datetime, tracks: Sequence[Track], known: Sequence[int]) -> list[Play]:
    """Some plays in a row from `start` on; the first may end at that very second."""
    plays, end = [], start
    for number in range(int(rng.integers(1, 12))):
        if rng.random() < 0.06:
            end += timedelta(seconds=int(rng.integers(0, 1200)))
            plays.append(_not_music(rng, end))
            continue
        track = tracks[place := int(rng.choice(known))]
        if plays and plays[-1].track is not None and rng.random() < 0.08:
            track = tracks[place := plays[-1].track]
        listened_ms = _listened(rng, track)
        if number > 0:
            step = rng.random()
            if step < 0.08:
                pass  # ends in the same second as the play before it
            elif step < 0.16:  # overlaps: another device
                end += timedelta(milliseconds=int(listened_ms * rng.random()))
            else:
                pause = int(rng.choice([0, 0, 400, 5_000, 3_600_000]))
                end += timedelta(milliseconds=listened_ms + pause)
        plays.append(_music(rng, end, place, track, listened_ms))
    return plays


def _listened(rng: np.random.Generator, track: Track) -> int:
    length = track.length_ms
    choices = [0, 1, 1_500, 29_999, 30_000, 30_001, length // 2, length // 2 + 1, length - 1, length, length, length]
    choices += [length + 7_000, int(rng.integers(0, length))]
    return int(rng.choice(choices))


def _music(rng: np.random.Generator, ended_at: datetime, place: int, track: Track, listened_ms: int) -> Play:
    uri = track.uri
    if track.relinked and rng.random() < 0.5:
        uri = f"spotify:track:{rng.choice(track.relinked)}"
    artist = track.later_artist if track.later_artist and ended_at.year >= 2018 else track.artist
    fields = {
        "master_metadata_track_name": track.name,
        "master_metadata_album_artist_name": artist,
        "spotify_track_uri": uri,
        "reason_end": [None, "trackdone", "fwdbtn", "backbtn", "endplay", "logout"][int(rng.integers(6))],
        "skipped": [None, None, False, True][int(rng.integers(4))],
        "shuffle": bool(rng.random() < 0.5),
        "offline": bool(rng.random() < 0.1),
    }
    is_shown = uri is not None and uri.startswith("spotify:track:") and rng.random() < 0.9
    return Play(ended_at, place, listened_ms, fields, is_shown and (listened_ms >= 30_000 or rng.random() < 0.3))


def _not_music(rng: np.random.Generator, ended_at: datetime) -> Play:
    number = int(rng.integers(5))
    kinds: list[dict[str, Any]] = [
        {"episode_name": f"Episode {number}", "spotify_episode_uri": f"spotify:episode:{number:022d}"},
        {"episode_name": f"Episode without id {number}"},
        {"audiobook_title": "A Book", "audiobook_uri": f"spotify:show:{number:022d}"},
        {},  # a row that names nothing
    ]
    fields = NO_MUSIC | kinds[int(rng.integers(len(kinds)))]
    return Play(ended_at, None, int(rng.integers(0, 3_000_000)), fields, is_shown=False)


# ---- exports ----


def _exports(rng: np.random.Generator, plays: Sequence[Play], folder: Path) -> tuple[Path, ...]:
    """One to three exports, each up to its own day: the later ones know more, and overlap the earlier ones."""
    if not plays:
        return ()
    count = int(rng.integers(1, 4))
    ends = sorted(int(end) for end in rng.integers(1, len(plays) + 1, size=count))
    # Most listeners have one that knows all; what the others lack only a poll may have seen.
    if rng.random() < 0.7:
        ends[-1] = len(plays)
    generations = sorted(int(generation) for generation in rng.choice([1, 2, 3], size=count))
    paths = []
    for number, (end, generation) in enumerate(zip(ends, generations, strict=True)):
        start = 0 if rng.random() < 0.6 else int(rng.integers(0, end))
        rows = [_record(play, generation) for play in plays[start:end]]
        rows += [rows[int(place)] for place in rng.integers(0, len(rows), size=max(1, len(rows) // 15))]
        if rng.random() < 0.3:
            rows += [_unbelievable(rng, rows[0], generation)]
        order = rng.permutation(len(rows))
        paths.append(_write_export(rng, [rows[int(place)] for place in order], generation, folder / f"export-{number}"))
    return tuple(paths)


def _account_data(rng: np.random.Generator, plays: Sequence[Play], folder: Path) -> tuple[Path, ...]:
    """The account data of the later plays: titles, minutes and milliseconds; podcasts in a file of their own."""
    plays = plays[int(rng.integers(0, len(plays))) :] if plays else plays
    music = [play for play in plays if play.track is not None]
    if not music:
        return ()
    rows = [_titled(rng, play) for play in music]
    rows += [rows[int(place)] for place in rng.integers(0, len(rows), size=1 + len(rows) // 15)]
    path = folder / "account-data"
    for number, piece in enumerate(np.array_split(np.array(rows, dtype=object), int(rng.integers(1, 3)))):
        if len(piece):
            write_json(path / f"StreamingHistory_music_{number}.json", list(piece))
    podcast = {"endTime": "2020-01-01 10:00", "podcastName": "Talk", "episodeName": "One", "msPlayed": 60_000}
    write_json(path / "StreamingHistory_podcast_0.json", [podcast])
    return (path,)


def _titled(rng: np.random.Generator, play: Play) -> dict[str, Any]:
    """A play as the account data has it, with titles written as people write them."""
    title = str(play.fields["master_metadata_track_name"])
    style = rng.random()
    if style < 0.1:
        title = title.upper()
    elif style < 0.15:
        title = f" {title.replace(' ', chr(0xA0) + ' ')} "
    return {
        "endTime": play.ended_at.strftime("%Y-%m-%d %H:%M"),
        "artistName": play.fields["master_metadata_album_artist_name"],
        "trackName": title,
        "msPlayed": play.listened_ms,
    }


def _record(play: Play, generation: int) -> dict[str, Any]:
    fields = {name: value for name, value in play.fields.items() if generation == 3 or "audiobook" not in name}
    row = record(play.ended_at.strftime("%Y-%m-%dT%H:%M:%SZ"), play.listened_ms, **fields)
    return {1: version_1, 2: dict, 3: version_3}[generation](row)  # type: ignore[operator, no-any-return]


def _unbelievable(rng: np.random.Generator, row: dict[str, Any], generation: int) -> dict[str, Any]:
    faults: list[dict[str, Any]] = [
        {"ms_played": -1},
        {"ms_played": 86_400_001},
        {"ms_played": None},
        {"ts": None},
        {"ts": "1970-01-01T00:00:00Z"},
        {"ts": "2099-01-01T00:00:00Z"},
        {"ts": "yesterday"},
    ]
    return row | faults[int(rng.integers(len(faults)))]


def _write_export(rng: np.random.Generator, rows: list[dict[str, Any]], generation: int, path: Path) -> Path:
    """A folder or a ZIP of one to three files; the first row of every file tells its generation."""
    pieces = [list(piece) for piece in np.array_split(np.array(rows, dtype=object), int(rng.integers(1, 4)))]
    stem = {1: "endsong_{}.json", 2: "Streaming_History_Audio_{}.json", 3: "Streaming_History_Video_{}.json"}[
        generation
    ]
    files = {stem.format(number): piece for number, piece in enumerate(pieces) if piece}
    if rng.random() < 0.5:
        for name, piece in files.items():
            write_json(path / name, piece)
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    members = {f"MyData/{name}": json.dumps(piece).encode() for name, piece in files.items()}
    return write_zip(path.with_suffix(".zip"), members)


# ---- polls ----


def _pages(rng: np.random.Generator, plays: Sequence[Play], tracks: Sequence[Track], folder: Path) -> tuple[Page, ...]:
    """What recently played answered now and then: some plays are never on a page, and short pages leave gaps."""
    items: dict[int, dict[str, Any]] = {}
    for play in plays:
        if not play.is_shown or play.track is None:
            continue
        ended_ms = round(play.ended_at.replace(tzinfo=UTC).timestamp() * 1000) + _late_ms(rng)
        while ended_ms in items:
            ended_ms += 1
        items[ended_ms] = _item(rng, play, tracks[play.track], ended_ms)
    pages = []
    ends = sorted(items)
    # Whole seconds, as the names of recorded pages tell them.
    moments = sorted(
        {(end + int(rng.integers(1_000, 3_600_000))) // 1000 * 1000 for end in ends if rng.random() < 0.15}
    )
    for moment in moments:
        size = int(rng.choice([50, 50, 20, 3]))
        shown = [items[end] for end in ends if end <= moment][::-1][:size]
        if rng.random() < 0.05:
            shown = []
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"recently-played_{_utc(moment):%Y-%m-%dT%H-%M-%SZ}.json"
        path.write_text(json.dumps({"items": shown, "next": None, "limit": 50}), encoding="utf-8")
        pages.append(Page(_utc(moment), path))
    return tuple(pages)


def _late_ms(rng: np.random.Generator) -> int:
    """How far a poll's end time lies from the export's: some seconds, seldom up to the tolerance and beyond."""
    if rng.random() < 0.06:
        return int(rng.integers(-75_000, 75_000))
    return int(np.clip(round(rng.normal(400, 1100)), -3_500, 4_500))


def _utc(milliseconds: int) -> datetime:
    return datetime(1970, 1, 1) + timedelta(milliseconds=milliseconds)


def _item(rng: np.random.Generator, play: Play, track: Track, ended_ms: int) -> dict[str, Any]:
    ids = [str(track.track_id), *track.relinked]
    track_id = ids[int(rng.integers(len(ids)))]
    artist = track.later_artist or track.artist
    return {
        "played_at": _utc(ended_ms).isoformat(timespec="milliseconds") + "Z",
        "context": None,
        "track": {
            "id": track_id,
            "uri": f"spotify:track:{track_id}",
            "type": "track",
            "name": track.name,
            "is_local": False,
            "duration_ms": track.length_ms if track.api_length else None,
            "album": {"name": "An Album"},
            "artists": [{"id": f"{artist:_<22}"[:22].replace(" ", "0"), "name": artist, "type": "artist"}],
        },
    }


# ---- recommendations ----


def _recommendations(rng: np.random.Generator, history: History, tracks: Sequence[Track]) -> list[dict[str, Any]]:
    """Answers of a recommender for some tracks of some weeks: short lists, repeats, the seed itself, unknown ids."""
    zone = ZoneInfo(history.timezone)
    played = []
    for play in history.plays:
        if play.track is not None and (track_id := tracks[play.track].track_id) is not None:
            day = play.ended_at.replace(tzinfo=UTC).astimezone(zone).date()
            played.append((day - timedelta(days=day.weekday()), track_id))
    ids = [str(track.track_id) for track in tracks if track.track_id] + [
        other for track in tracks for other in track.relinked
    ]
    rows = []
    asked = dict.fromkeys(played[int(place)] for place in rng.integers(0, len(played), size=6)) if played else {}
    for week_start, seed in asked:
        given = [str(rng.choice([*ids, seed])) for _ in range(int(rng.integers(1, 13)))]
        sunday = datetime.combine(week_start + timedelta(days=7), time())
        rows += [
            {
                "recommender": str(recommender),
                "user_id": history.label,
                "week_start": week_start,
                "seed_track_id": seed,
                "rank": rank,
                "track_id": track_id,
                "recommender_version": "1",
                "requested_at": sunday,
                "as_of": sunday,
            }
            for recommender in rng.choice(["knn", "popular"], size=int(rng.integers(1, 3)), replace=False)
            for rank, track_id in enumerate(given, start=1)
        ]
    return rows
