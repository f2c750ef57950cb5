"""The sixteen genres of the sample's world (genres.yml): how they sound, who plays them, what songs are called."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True)
class Genre:
    """One genre; features are the genre's centre on Spotify's 0-1 scale.

    A title is one of `titles`, or a word of `first` followed by one of `second`.
    """

    name: str
    danceability: float
    energy: float
    acousticness: float
    instrumental_share: float  # share of its tracks without singing
    speechiness: float
    valence: float
    tempo: float  # beats per minute
    seconds: float  # typical length of a track
    artists: tuple[str, ...]
    titles: tuple[str, ...]
    first: tuple[str, ...]
    second: tuple[str, ...]


def _genre(entry: dict[str, Any]) -> Genre:
    texts = {key: tuple(entry[key]) for key in ("artists", "titles", "first", "second")}
    return Genre(**{"name": entry["name"], **entry["sound"], **texts})


_FILE = Path(__file__).with_name("genres.yml")
GENRES: tuple[Genre, ...] = tuple(_genre(entry) for entry in yaml.safe_load(_FILE.read_text(encoding="utf-8")))
GENRE_NAMES: tuple[str, ...] = tuple(genre.name for genre in GENRES)

LIVE_AT = ("Live at the Tin Chapel", "Live from Pier 4", "Live at Gasworks Hall", "Live in the Botanical Garden")
REISSUES = ("Deluxe", "Anniversary Edition", "Collected")
