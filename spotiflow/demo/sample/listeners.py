"""The listeners: five featured ones with a story each, and a cohort of lighter ones.

A listener's taste is a line of `Phase`s: between two of them genre weights, mood and rate change evenly.
A `Routine` is a part of the day in which the listener tends to play music, in local time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import numpy as np

from spotiflow.demo.sample.genres import GENRE_NAMES
from spotiflow.demo.sample.randomness import stream
from spotiflow.demo.sample.settings import COHORT_SIZE, DAYS, FIRST_DAY

WEEKDAYS = (0, 1, 2, 3, 4)
WEEKEND = (5, 6)
EVERY_DAY = WEEKDAYS + WEEKEND


@dataclass(frozen=True)
class Phase:
    """What a listener is like from a day on (or on the way to the next phase)."""

    start: date
    genres: dict[str, float]  # relative weights
    mood: float = 0.0  # tilts the choice within a genre: > 0 towards happier tracks
    rate: float = 1.0  # multiplies the rows per day


@dataclass(frozen=True)
class Routine:
    """A part of the day with music; `share` of the day's rows fall into it."""

    hour: float  # local; 23.5 runs over midnight
    spread: float  # hours
    share: float
    days: tuple[int, ...] = EVERY_DAY  # Monday is 0
    genres: dict[str, float] = field(default_factory=dict)  # multiplies the phase's weights
    shuffle: bool = False
    offline: float = 0.0  # share of sessions without a connection


@dataclass(frozen=True)
class Obsession:
    """A track (or everything by an artist) that takes over for a while."""

    artist: str
    start: date
    share: float  # of all rows, at its height
    days: float  # until it has faded to a third
    title: str | None = None  # None: everything by the artist


@dataclass(frozen=True)
class Export:
    """One ZIP that the listener asked Spotify for."""

    version: int  # 1, 2, 3: which generation of the extended format
    name: str = "my_spotify_data.zip"
    first: date = FIRST_DAY  # local days
    last: date | None = None
    first_file: int = 0  # the number in the first file's name


@dataclass(frozen=True)
class Listener:
    """One fictional person."""

    label: str
    timezone: str
    country: str
    rate: float  # rows on a typical day
    phases: tuple[Phase, ...]
    routines: tuple[Routine, ...]
    exports: tuple[Export, ...]
    display_name: str | None = None
    platform: str = "ios"
    library: int = 340  # tracks that the listener knows or will come to know
    patience: float = 0.0  # > 0 skips less
    active_share: float = 1.0  # share of days with any music
    weekend_factor: float = 1.0
    silent: tuple[tuple[date, date], ...] = ()  # first and last silent day
    obsessions: tuple[Obsession, ...] = ()
    all_nighters: tuple[date, ...] = ()  # local days that begin with hours of music after midnight
    polls: tuple[datetime, ...] = ()  # when recently played was recorded
    has_account_data: bool = False  # asked for that too: titles, minutes and no ids

    @property
    def is_featured(self) -> bool:
        """Featured listeners chose a display name; the cohort stays nameless."""
        return self.display_name is not None

    @property
    def silent_days(self) -> frozenset[int]:
        """Days of the sample (0 = the first) on which the listener plays nothing."""
        return frozenset(
            day
            for first, last in self.silent
            for day in range(max(0, (first - FIRST_DAY).days), min(DAYS - 1, (last - FIRST_DAY).days) + 1)
        )


def _utc(day: int, hour: int, minute: int, month: int = 10) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def taste(**weights: float) -> dict[str, float]:
    """Genre weights; underscores stand for spaces."""
    genres = {name.replace("_", " "): weight for name, weight in weights.items()}
    unknown = set(genres) - set(GENRE_NAMES)
    if unknown:
        raise ValueError(f"no such genres: {sorted(unknown)}")
    return genres


MAREN = Listener(
    label="maren",
    display_name="Maren",
    timezone="Europe/Berlin",
    country="DE",
    rate=58,
    platform="windows",
    library=380,
    phases=(  # bright in May, dark by October: the mood that drifts
        Phase(date(2026, 5, 4), taste(synth_pop=4, disco=2, night_techno=2, bedroom_pop=1), mood=0.8),
        Phase(date(2026, 7, 6), taste(synth_pop=3, night_techno=4, bedroom_pop=2, garage_rock=1), mood=0.2),
        Phase(date(2026, 8, 24), taste(night_techno=5, bedroom_pop=2, slowcore=2, drone_and_dusk=1), mood=-0.5),
        Phase(date(2026, 10, 5), taste(night_techno=1, slowcore=4, drone_and_dusk=4, heavy_weather=2), mood=-1.5),
        Phase(date(2026, 11, 1), taste(slowcore=3, drone_and_dusk=4, heavy_weather=3, night_piano=1), mood=-1.5),
    ),
    routines=(
        Routine(10.5, 0.7, 0.24, days=WEEKDAYS, shuffle=True),
        Routine(14.5, 0.8, 0.26, days=WEEKDAYS),
        Routine(13.0, 1.5, 0.30, days=WEEKEND),
        Routine(18.6, 0.6, 0.14, genres=taste(bedroom_pop=2)),
        Routine(22.9, 0.7, 0.36, genres=taste(night_techno=1.6, drone_and_dusk=1.6)),
    ),
    exports=(
        Export(2, "my_spotify_data_august.zip", last=date(2026, 8, 30)),
        Export(3, "my_spotify_data.zip", first=date(2026, 7, 6), first_file=1),
    ),
    all_nighters=(date(2026, 6, 21), date(2026, 10, 25)),  # the second: clocks go back
    polls=(  # each page overlaps the one before
        _utc(29, 7, 30),
        _utc(30, 8, 0),
        _utc(30, 20, 30),
        _utc(31, 9, 15),
        _utc(31, 21, 45),
        _utc(1, 10, 0, month=11),
        _utc(1, 22, 40, month=11),
    ),
)

THEO = Listener(
    label="theo",
    display_name="Theo",
    timezone="Europe/London",
    country="GB",
    rate=52,
    phases=(
        Phase(date(2026, 5, 4), taste(rain_folk=4, garage_rock=3, bedroom_pop=3), mood=0.0),
        Phase(date(2026, 8, 9), taste(rain_folk=2, garage_rock=4, surf=3, bedroom_pop=2), mood=0.6),
        Phase(date(2026, 8, 24), taste(rain_folk=4, garage_rock=2, bedroom_pop=3, kitchen_jazz=1), mood=-0.2),
        Phase(date(2026, 11, 1), taste(rain_folk=5, slowcore=2, bedroom_pop=2, kitchen_jazz=2), mood=-0.5),
    ),
    routines=(
        Routine(7.9, 0.25, 0.34, days=WEEKDAYS, offline=0.35),
        Routine(17.8, 0.4, 0.34, days=WEEKDAYS, offline=0.35, genres=taste(garage_rock=1.6), shuffle=True),
        Routine(20.8, 0.9, 0.32, genres=taste(rain_folk=1.5)),
        Routine(11.0, 1.2, 0.68, days=WEEKEND, shuffle=True),
    ),
    exports=(Export(1),),
    has_account_data=True,  # and so has every play twice
    weekend_factor=0.8,
    silent=((date(2026, 8, 10), date(2026, 8, 23)),),  # two weeks in a hut without signal
    obsessions=(Obsession("The Slow Ferries", date(2026, 9, 15), 0.30, 17, title="Last Bus to Saltmarsh"),),
    all_nighters=(date(2026, 10, 25),),
)

PRIYA = Listener(
    label="priya",
    display_name="Priya",
    timezone="Asia/Kolkata",
    country="IN",
    rate=44,
    platform="android",
    patience=0.5,
    phases=(  # calm all year; a festival in October lifts everything
        Phase(date(2026, 5, 4), taste(kitchen_jazz=4, monsoon_pop=3, night_piano=3), mood=0.0),
        Phase(date(2026, 7, 20), taste(kitchen_jazz=2, monsoon_pop=4, night_piano=4, rain_folk=1), mood=-0.3),
        Phase(date(2026, 10, 4), taste(kitchen_jazz=3, monsoon_pop=4, night_piano=1), mood=0.3),
        Phase(date(2026, 10, 12), taste(monsoon_pop=3, sunshine_brass=6, disco=4), mood=2.0, rate=1.5),
        Phase(date(2026, 10, 25), taste(monsoon_pop=3, sunshine_brass=6, disco=4), mood=2.0, rate=1.3),
        Phase(date(2026, 10, 28), taste(kitchen_jazz=4, monsoon_pop=3, night_piano=2), mood=0.2, rate=0.9),
    ),
    routines=(
        Routine(5.9, 0.4, 0.34, genres=taste(night_piano=2.2, disco=0.3)),
        Routine(13.2, 0.5, 0.22, days=WEEKDAYS),
        Routine(19.6, 0.8, 0.44, genres=taste(kitchen_jazz=1.5)),
        Routine(16.0, 1.0, 0.22, days=WEEKEND, genres=taste(monsoon_pop=1.6)),
    ),
    exports=(Export(2),),
)

JONAH = Listener(
    label="jonah",
    display_name="Jonah",
    timezone="America/New_York",
    country="US",
    rate=62,
    library=400,
    patience=-0.3,
    phases=(  # a very happy fortnight around the fourth of July, a heartbreak in September
        Phase(date(2026, 5, 4), taste(story_rap=5, disco=2, garage_rock=2, synth_pop=1), mood=0.2),
        Phase(date(2026, 6, 21), taste(story_rap=4, disco=3, surf=2, synth_pop=1), mood=0.6),
        Phase(date(2026, 6, 29), taste(disco=6, surf=3, sunshine_brass=4, story_rap=1), mood=2.0, rate=1.25),
        Phase(date(2026, 7, 12), taste(disco=6, surf=3, sunshine_brass=4, story_rap=1), mood=2.0, rate=1.2),
        Phase(date(2026, 7, 16), taste(story_rap=5, disco=3, garage_rock=2), mood=0.4),
        Phase(date(2026, 9, 6), taste(story_rap=5, disco=2, garage_rock=2), mood=0.2),
        Phase(date(2026, 9, 8), taste(slowcore=5, rain_folk=3, story_rap=1), mood=-1.6, rate=1.2),
        Phase(date(2026, 9, 20), taste(slowcore=4, rain_folk=3, story_rap=2), mood=-1.0),
        Phase(date(2026, 10, 5), taste(story_rap=5, garage_rock=3, synth_pop=2), mood=0.1),
    ),
    routines=(
        Routine(6.6, 0.3, 0.34, days=(0, 1, 3, 4), genres=taste(garage_rock=2, disco=1.5, slowcore=0.6), shuffle=True),
        Routine(12.4, 0.6, 0.20, days=WEEKDAYS),
        Routine(19.0, 1.0, 0.30, genres=taste(story_rap=1.4)),
        Routine(22.6, 0.9, 0.40, days=(4, 5), genres=taste(disco=2.2), shuffle=True),
        Routine(14.0, 1.5, 0.35, days=WEEKEND),
    ),
    exports=(Export(3),),
    weekend_factor=1.35,
    obsessions=(Obsession("Sunny Fontaine", date(2026, 5, 22), 0.14, 10, title="Grandma Had the Aux"),),
    all_nighters=(date(2026, 7, 5), date(2026, 11, 1)),  # the second: clocks go back
)

ISLA = Listener(
    label="isla",
    display_name="Isla",
    timezone="Australia/Sydney",
    country="AU",
    rate=48,
    platform="android",
    patience=0.2,
    phases=(  # her winter is our summer
        Phase(date(2026, 5, 4), taste(bossa=4, surf=3, kitchen_jazz=2, bedroom_pop=1), mood=0.3),
        Phase(date(2026, 6, 15), taste(bossa=1, night_piano=4, rain_folk=4, kitchen_jazz=2), mood=-0.8),
        Phase(date(2026, 8, 2), taste(night_piano=5, rain_folk=3, slowcore=2, kitchen_jazz=1), mood=-1.1),
        Phase(date(2026, 9, 7), taste(bossa=4, kitchen_jazz=3, surf=2, bedroom_pop=2), mood=0.3),
        Phase(date(2026, 11, 1), taste(surf=6, bossa=3, sunshine_brass=2), mood=1.0),
    ),
    routines=(
        Routine(8.8, 0.5, 0.30, days=WEEKDAYS, genres=taste(bossa=1.5)),
        Routine(13.5, 0.9, 0.34, days=WEEKDAYS, shuffle=True),
        Routine(9.5, 0.8, 0.55, days=WEEKEND, genres=taste(surf=2)),
        Routine(19.3, 0.4, 0.28, genres=taste(night_piano=2, surf=0.5)),
        Routine(23.5, 0.3, 0.24, days=(4, 5), genres=taste(bossa=2)),
    ),
    exports=(Export(3, last=date(2026, 10, 28)),),  # what came after is known from polls only
    obsessions=(Obsession("Pelican Crossing", date(2026, 9, 28), 0.22, 16),),
    all_nighters=(date(2026, 10, 4),),  # clocks go forward
    polls=(  # between the third and the fourth the computer was off: plays are lost, and the page shows it
        _utc(27, 22, 0),
        _utc(28, 10, 30),
        _utc(29, 11, 0),
        _utc(1, 3, 0, month=11),
        _utc(1, 12, 50, month=11),
    ),
)

FEATURED: tuple[Listener, ...] = (MAREN, THEO, PRIYA, JONAH, ISLA)

_TRIBES: tuple[dict[str, float], ...] = (
    taste(rain_folk=4, slowcore=2, bedroom_pop=2),
    taste(synth_pop=4, disco=3, bedroom_pop=2),
    taste(night_techno=5, drone_and_dusk=2, heavy_weather=1),
    taste(garage_rock=4, surf=3, heavy_weather=2),
    taste(story_rap=5, disco=2, sunshine_brass=2),
    taste(kitchen_jazz=4, bossa=3, night_piano=2),
    taste(monsoon_pop=4, bossa=2, sunshine_brass=2),
)
_ZONES: tuple[tuple[str, str], ...] = (
    ("Europe/London", "GB"),
    ("Europe/Berlin", "DE"),
    ("America/New_York", "US"),
    ("America/Sao_Paulo", "BR"),
    ("Asia/Kolkata", "IN"),
    ("Australia/Sydney", "AU"),
    ("America/Los_Angeles", "US"),
    ("Africa/Lagos", "NG"),
    ("Asia/Tokyo", "JP"),
    ("Asia/Kathmandu", "NP"),
)


_WITH_ACCOUNT_DATA = 14


def cohort(seed: int) -> tuple[Listener, ...]:
    """The lighter listeners: some start late, some stop, some pause and come back."""
    return tuple(_cohort_listener(number, seed) for number in range(1, COHORT_SIZE + 1))


def _cohort_listener(number: int, seed: int) -> Listener:
    label = f"cohort-{number:02d}"
    rng = stream(seed, "listener", label)
    zone, country = _ZONES[number % len(_ZONES)]
    own, other = _TRIBES[number % len(_TRIBES)], _TRIBES[int(rng.integers(len(_TRIBES)))]
    genres = {name: own.get(name, 0.0) + 0.25 * other.get(name, 0.0) for name in GENRE_NAMES}
    shift = float(rng.normal(0, 0.5))
    silent: list[tuple[date, date]] = []
    if number % 3 == 0:  # joined later
        silent.append((FIRST_DAY, FIRST_DAY + timedelta(days=7 * int(rng.integers(1, 16)) - 1)))
    if number % 5 == 1:  # left before the end
        silent.append((FIRST_DAY + timedelta(days=int(rng.integers(90, 160))), FIRST_DAY + timedelta(days=DAYS)))
    if number % 7 == 2:  # away for some weeks, then back
        begin = FIRST_DAY + timedelta(days=int(rng.integers(40, 110)))
        silent.append((begin, begin + timedelta(days=int(rng.integers(14, 50)))))
    return Listener(
        label=label,
        timezone=zone,
        country=country,
        rate=float(np.round(rng.uniform(3.0, 8.0), 2)),
        phases=(
            Phase(FIRST_DAY, genres, mood=shift),
            Phase(FIRST_DAY + timedelta(days=DAYS), genres, mood=shift + float(rng.normal(0, 0.8))),
        ),
        routines=(
            Routine(float(rng.uniform(7, 12)), 1.0, 0.4),
            Routine(float(rng.uniform(16, 23)), 1.2, 0.6, shuffle=bool(rng.random() < 0.5)),
        ),
        # One knows the last two months from the account data only.
        exports=(Export(number % 3 + 1, last=date(2026, 8, 30) if number == _WITH_ACCOUNT_DATA else None),),
        has_account_data=number == _WITH_ACCOUNT_DATA,
        platform=("ios", "android", "windows", "osx")[number % 4],
        library=int(rng.integers(50, 130)),
        patience=float(rng.normal(0, 0.3)),
        active_share=float(rng.uniform(0.5, 0.9)),
        weekend_factor=float(rng.uniform(0.7, 1.5)),
        silent=tuple(silent),
    )
