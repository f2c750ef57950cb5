"""What makes real exports hard to read, put into the sample on purpose, and counted.

Each function adds rows to (or changes rows of) one account's history and returns how many. A history is a
list of rows with the field names of the newest format; `exports.py` writes them in each format's own way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from spotiflow.demo.sample.listeners import Listener
from spotiflow.demo.sample.plays import local_midnight
from spotiflow.demo.sample.settings import DAYS, FIRST_DAY

Row = dict[str, Any]

PODCASTS = (
    ("The Kettle Is On", "Why Soup Remembers"),
    ("The Kettle Is On", "A Short History of Lids"),
    ("Unlikely Bridges", "Rope, Hope and a Goat"),
    ("Unlikely Bridges", "The Viaduct That Wasn't"),
    ("Moths, Mostly", "Episode 12: Porch Light"),
    ("Moths, Mostly", "Episode 13: The Other Porch Light"),
)
AUDIOBOOKS = (
    ("The Cartographer's Umbrella", ("Chapter 1: Drizzle", "Chapter 2: Contours", "Chapter 3: The Legend")),
    ("Nine Ferries Home", ("Part One: Departures", "Part Two: Fog", "Part Three: Land")),
)
LOCAL_TRACKS = (
    ("The Attic Tapes", "Demos 2019", "Boiler Room Ballad", 201),
    ("The Attic Tapes", "Demos 2019", "Spare Key under the Gnome", 187),
    ("The Attic Tapes", "Demos 2019", "Theo's Birthday (All of Us Singing)", 94),
)
TITLES_WITHOUT_ID = (
    ("Grandfather's Harmonium", "Withdrawn by the Artist"),
    ("Lullaby from the Old App", "Nobody in Particular"),
)

_NO_CONTENT: Row = {
    "master_metadata_track_name": None,
    "master_metadata_album_artist_name": None,
    "master_metadata_album_album_name": None,
    "spotify_track_uri": None,
    "episode_name": None,
    "episode_show_name": None,
    "spotify_episode_uri": None,
    "audiobook_title": None,
    "audiobook_uri": None,
    "audiobook_chapter_uri": None,
    "audiobook_chapter_title": None,
}


@dataclass(frozen=True)
class TrapContext:
    """What a trap may use."""

    listener: Listener
    rng: np.random.Generator
    identify: Callable[[str], str]  # a Spotify-like id for a name


def _played(context: TrapContext, hour: float, ms_played: int) -> Row:
    """The time fields of a play that ended on a random day at about this local hour."""
    days = [day for day in range(1, DAYS - 8) if day not in context.listener.silent_days]
    day = FIRST_DAY + timedelta(days=days[int(context.rng.integers(len(days)))])
    seconds = local_midnight(day, context.listener.timezone) + int((hour + context.rng.random()) * 3600)
    return {"ts": iso(seconds), "ms_played": ms_played, "started": seconds - ms_played // 1000}


def iso(seconds: int) -> str:
    """`ts` as exports write it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _template(rows: list[Row], context: TrapContext) -> Row:
    return dict(rows[int(context.rng.integers(len(rows)))])


def _pick(rows: list[Row], count: int, context: TrapContext, eligible: Callable[[Row], bool]) -> list[int]:
    """Positions of random eligible rows, last first, so that inserting keeps the others in place."""
    places = [place for place, row in enumerate(rows) if eligible(row)]
    chosen = context.rng.choice(len(places), size=count, replace=False)
    return sorted((places[index] for index in chosen.tolist()), reverse=True)


def _is_long(row: Row) -> bool:
    return row["ms_played"] > 60_000 and row["spotify_track_uri"] is not None and row["ts"] is not None


def _has_id(row: Row) -> bool:
    return str(row["spotify_track_uri"]).startswith("spotify:track:") and row["ts"] is not None


def exact_duplicates(rows: list[Row], count: int, context: TrapContext) -> int:
    """The same row again, right behind the first or some rows later."""
    for place in _pick(rows, count, context, _is_long):
        rows.insert(min(place + 1 + int(context.rng.integers(0, 4)), len(rows)), dict(rows[place]))
    return count


def same_end_other_length(rows: list[Row], count: int, context: TrapContext) -> int:
    """Same ts and track with another ms_played: two plays, not one."""
    for place in _pick(rows, count, context, _is_long):
        twin = dict(rows[place])
        twin["ms_played"] = int(twin["ms_played"] * context.rng.uniform(0.05, 0.6))
        rows.insert(place + 1, twin)
    return count


def podcasts(rows: list[Row], count: int, context: TrapContext) -> int:
    """Podcast episodes inside Audio files."""
    for number in range(count):
        show, episode = PODCASTS[int(context.rng.integers(len(PODCASTS)))]
        rows.append(
            _template(rows, context)
            | _NO_CONTENT
            | _played(context, 21.0, int(context.rng.integers(20_000, 2_400_000)))
            | {
                "episode_name": episode,
                "episode_show_name": show,
                "spotify_episode_uri": f"spotify:episode:{context.identify(show + episode)}",
                "reason_start": "clickrow",
                "reason_end": "endplay" if number % 3 else "trackdone",
            }
        )
    return count


def audiobooks(rows: list[Row], count: int, context: TrapContext) -> int:
    """Audiobook chapters inside Audio files (their fields exist since the third format)."""
    for _ in range(count):
        title, chapters = AUDIOBOOKS[int(context.rng.integers(len(AUDIOBOOKS)))]
        chapter = chapters[int(context.rng.integers(len(chapters)))]
        rows.append(
            _template(rows, context)
            | _NO_CONTENT
            | _played(context, 22.0, int(context.rng.integers(60_000, 1_800_000)))
            | {
                "audiobook_title": title,
                "audiobook_uri": f"spotify:show:{context.identify(title)}",
                "audiobook_chapter_uri": f"spotify:episode:{context.identify(title + chapter)}",
                "audiobook_chapter_title": chapter,
                "reason_start": "clickrow",
                "reason_end": "endplay",
            }
        )
    return count


def local_files(rows: list[Row], count: int, context: TrapContext) -> int:
    """Plays of files on the listener's own disk."""
    for _ in range(count):
        artist, album, title, seconds = LOCAL_TRACKS[int(context.rng.integers(len(LOCAL_TRACKS)))]
        parts = ":".join(part.replace(" ", "+").replace("'", "%27") for part in (artist, album, title))
        rows.append(
            _template(rows, context)
            | _NO_CONTENT
            | _played(context, 20.0, seconds * 1000)
            | {
                "master_metadata_track_name": title,
                "master_metadata_album_artist_name": artist,
                "master_metadata_album_album_name": album,
                "spotify_track_uri": f"spotify:local:{parts}:{seconds}",
                "reason_end": "trackdone",
            }
        )
    return count


def titles_without_id(rows: list[Row], count: int, context: TrapContext) -> int:
    """Music that has a title and an artist, and no URI any more."""
    for number in range(count):
        title, artist = TITLES_WITHOUT_ID[number % len(TITLES_WITHOUT_ID)]
        rows.append(
            _template(rows, context)
            | _NO_CONTENT
            | _played(context, 18.0, int(context.rng.integers(5_000, 220_000)))
            | {
                "master_metadata_track_name": title,
                "master_metadata_album_artist_name": artist,
            }
        )
    return count


def nameless(rows: list[Row], count: int, context: TrapContext) -> int:
    """Rows that say how long something played, and not what."""
    for _ in range(count):
        rows.append(
            _template(rows, context) | _NO_CONTENT | _played(context, 12.0, int(context.rng.integers(0, 90_000)))
        )
    return count


def rejected_negative(rows: list[Row], count: int, context: TrapContext) -> int:
    """ms_played below zero."""
    for place in _pick(rows, count, context, _has_id):
        rows.insert(place + 1, rows[place] | {"ms_played": -int(context.rng.integers(1, 5_000))})
    return count


def rejected_longer_than_a_day(rows: list[Row], count: int, context: TrapContext) -> int:
    """ms_played of more than 24 hours; the first by one millisecond."""
    for number, place in enumerate(_pick(rows, count, context, _has_id)):
        rows.insert(place + 1, rows[place] | {"ms_played": 86_400_001 + number * 1_234_567})
    return count


def rejected_without_end(rows: list[Row], count: int, context: TrapContext) -> int:
    """ts null."""
    for place in _pick(rows, count, context, _has_id):
        rows.insert(place + 1, rows[place] | {"ts": None})
    return count


def rejected_far_future(rows: list[Row], count: int, context: TrapContext) -> int:
    """A device whose clock was decades ahead."""
    for place in _pick(rows, count, context, _has_id):
        rows.insert(place + 1, rows[place] | {"ts": f"2093-{rows[place]['ts'][5:]}"})
    return count


Trap = Callable[[list[Row], int, TrapContext], int]

# Rows that stand at their place in time first, then those that are put beside an existing row.
TRAPS: dict[str, tuple[tuple[Trap, int], ...]] = {
    "maren": ((podcasts, 14),),
    "theo": (
        (local_files, 36),
        (titles_without_id, 22),
        (nameless, 6),
        (podcasts, 18),
        (exact_duplicates, 30),
        (same_end_other_length, 12),
        (rejected_negative, 4),
        (rejected_longer_than_a_day, 3),
        (rejected_without_end, 3),
        (rejected_far_future, 2),
    ),
    "priya": ((podcasts, 90), (nameless, 4), (exact_duplicates, 15), (same_end_other_length, 8)),
    "jonah": (
        (podcasts, 40),
        (exact_duplicates, 20),
        (same_end_other_length, 10),
        (rejected_negative, 2),
        (rejected_without_end, 1),
    ),
    "isla": ((audiobooks, 70), (podcasts, 12), (titles_without_id, 6)),
}

_IN_TIME = (podcasts, audiobooks, local_files, titles_without_id, nameless)


def set_traps(rows: list[Row], context: TrapContext) -> tuple[list[Row], Counter[str]]:
    """The history with its traps, in the order of its end times, and how many of each there are."""
    counts: Counter[str] = Counter()
    for trap, count in TRAPS.get(context.listener.label, ()):
        if trap in _IN_TIME:
            counts[trap.__name__] += trap(rows, count, context)
    rows.sort(key=lambda row: str(row["ts"]))
    for trap, count in TRAPS.get(context.listener.label, ()):
        if trap not in _IN_TIME:
            counts[trap.__name__] += trap(rows, count, context)
    return rows, counts
