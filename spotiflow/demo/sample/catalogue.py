"""The sample's music: tracks with names, ids and plausible audio features, and the catalogue file."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from extract.raw.tables import AUDIO_FEATURES
from spotiflow.demo.sample.genres import GENRES, LIVE_AT, REISSUES, Genre
from spotiflow.demo.sample.randomness import spotify_id, stream
from spotiflow.demo.sample.settings import (
    DAYS,
    REISSUED_TRACKS,
    TRACKS_OUTSIDE_CATALOGUE,
    TRACKS_PER_GENRE,
    TRACKS_WITH_GAPS,
    TRACKS_WITHOUT_FEATURES,
)

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

CSV_COLUMNS = (
    "track_id",
    "track_name",
    "artist_name",
    "album_name",
    "duration_ms",
    "isrc",
    *AUDIO_FEATURES,
    "tempo",
    "loudness",
    "genre",
)

# How features move together within a genre and artist. Signs and sizes follow what is found in large
# public feature collections: acousticness falls as energy rises, danceable music is happier.
_CORRELATED = ("danceability", "energy", "acousticness", "valence", "liveness")
_CORRELATION = np.array(
    [
        [1.00, 0.15, -0.20, 0.50, -0.10],
        [0.15, 1.00, -0.65, 0.30, 0.20],
        [-0.20, -0.65, 1.00, -0.15, -0.05],
        [0.50, 0.30, -0.15, 1.00, 0.00],
        [-0.10, 0.20, -0.05, 0.00, 1.00],
    ]
)
# How far tracks stray from their genre, relative to the spreads below: hardly in mood, widely in instruments.
_STRAYING = {"danceability": 1.2, "energy": 1.5, "acousticness": 3.2, "valence": 1.0, "liveness": 1.2}
_ARTIST_SPREAD = 0.30  # logit units
_TRACK_SPREAD = 0.42
_LIVE_SHARE = 0.04
_NEW_RELEASE_SHARE = 0.06  # released during the sample's weeks


@dataclass(frozen=True)
class Catalogue:
    """All tracks, one index for all columns. Reissues stand at the end."""

    track_ids: list[str]
    names: list[str]
    artists: list[str]
    artist_ids: list[str]
    albums: list[str]
    isrcs: list[str]
    genre: Integers  # index into GENRES
    duration_ms: Integers
    release_day: Integers  # day of the sample on which it came out; 0 = before
    popularity: Floats  # > 0, relative
    features: dict[str, Floats]  # the seven, tempo and loudness; complete, also where the file has gaps
    reissue_of: dict[int, int]  # index of the reissue -> index of the original
    not_in_file: frozenset[int]  # tracks that the catalogue file does not list
    missing: dict[int, tuple[str, ...]]  # features that the file leaves empty

    def __len__(self) -> int:
        return len(self.track_ids)

    def index_of(self, artist: str, title: str | None = None) -> list[int]:
        """Indices of an artist's tracks (of this title), reissues left out.

        Raises:
            LookupError: nothing matches, so that a renamed track cannot quietly end a story.
        """
        found = [
            index
            for index, name in enumerate(self.names)
            if self.artists[index] == artist and (title is None or name == title) and index not in self.reissue_of
        ]
        if not found:
            raise LookupError(f"the sample has no track {title!r} by {artist!r}")
        return found

    def to_csv(self) -> bytes:
        """The catalogue file: UTF-8, one row per track, features with three decimals or empty."""
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(CSV_COLUMNS)
        for index in range(len(self)):
            if index in self.not_in_file:
                continue
            blank = self.missing.get(index, ())
            numbers = [
                ""
                if feature in blank
                else f"{self.features[feature][index]:.{4 if feature == 'instrumentalness' else 3}f}"
                for feature in (*AUDIO_FEATURES, "tempo", "loudness")
            ]
            writer.writerow(
                [
                    self.track_ids[index],
                    self.names[index],
                    self.artists[index],
                    self.albums[index],
                    int(self.duration_ms[index]),
                    self.isrcs[index],
                    *numbers,
                    GENRES[int(self.genre[index])].name,
                ]
            )
        return text.getvalue().encode("utf-8")


def build_catalogue(seed: int) -> Catalogue:
    """The whole catalogue of this seed."""
    rng = stream(seed, "catalogue")
    names: list[str] = []
    artists: list[str] = []
    albums: list[str] = []
    genre_of: list[int] = []
    for number, genre in enumerate(GENRES):
        titles = _titles(genre, seed)
        # handwritten titles go to the first artist in turn, so that every artist has one or two
        performers = [genre.artists[index % len(genre.artists)] for index in range(len(titles))]
        names += titles
        artists += performers
        albums += _albums(genre, performers, titles, seed)
        genre_of += [number] * len(titles)

    genre_index = np.array(genre_of, dtype=np.int64)
    features = _features(genre_index, artists, seed)
    story_titles = {title for genre in GENRES for title in genre.titles}
    handwritten = np.array([name in story_titles for name in names])
    is_live = (rng.random(len(names)) < _LIVE_SHARE) & ~handwritten  # stories name these titles: they stay as written
    features["liveness"][is_live] = rng.uniform(0.62, 0.97, int(is_live.sum()))
    names = [
        f"{name} ({LIVE_AT[index % len(LIVE_AT)]})" if live else name
        for index, (name, live) in enumerate(zip(names, is_live.tolist(), strict=True))
    ]

    typical = np.array([GENRES[index].seconds for index in genre_of])
    duration_ms = np.round(typical * np.exp(rng.normal(0, 0.18, len(names))) * 1000).astype(np.int64)
    release_day = np.where(
        (rng.random(len(names)) < _NEW_RELEASE_SHARE) & ~handwritten, rng.integers(1, DAYS - 14, len(names)), 0
    ).astype(np.int64)
    popularity = np.exp(rng.normal(0, 0.9, len(names)))
    return _with_reissues_and_gaps(
        rng, seed, names, artists, albums, genre_index, duration_ms, release_day, popularity, features
    )


def _titles(genre: Genre, seed: int) -> list[str]:
    rng = stream(seed, "titles", genre.name)
    pairs = [f"{first} {second}" for first in genre.first for second in genre.second]
    picked = rng.permutation(len(pairs))[: TRACKS_PER_GENRE - len(genre.titles)]
    return [*genre.titles, *(pairs[index] for index in picked.tolist())]


def _albums(genre: Genre, performers: list[str], titles: list[str], seed: int) -> list[str]:
    """Each artist has two albums, named after one of their songs; every seventh track is a single."""
    rng = stream(seed, "albums", genre.name)
    own: dict[str, list[str]] = {}
    for performer, title in zip(performers, titles, strict=True):
        own.setdefault(performer, []).append(title)
    albums = []
    for index, (performer, title) in enumerate(zip(performers, titles, strict=True)):
        choice = own[performer][1 + int(rng.integers(2))]
        albums.append(title if index % 7 == 3 else choice)
    return albums


def _logit(share: Floats) -> Floats:
    return np.log(share / (1 - share))


def _sigmoid(value: Floats) -> Floats:
    result: Floats = 1 / (1 + np.exp(-value))
    return result


def _features(genre: Integers, artists: list[str], seed: int) -> dict[str, Floats]:
    """The seven features, tempo and loudness of every track."""
    rng = stream(seed, "features")
    count = len(genre)
    lower = np.linalg.cholesky(_CORRELATION)

    def correlated(rows: int) -> Floats:
        noise = rng.normal(size=(rows, len(_CORRELATED)))
        mixed: Floats = np.einsum("ij,kj->ik", noise, lower)
        return mixed

    unique_artists = sorted(set(artists))
    position = {artist: index for index, artist in enumerate(unique_artists)}
    artist_index = np.array([position[artist] for artist in artists])
    deviation = _ARTIST_SPREAD * correlated(len(unique_artists))[artist_index] + _TRACK_SPREAD * correlated(count)

    features: dict[str, Floats] = {}
    for column, feature in enumerate(_CORRELATED):
        if feature == "liveness":
            centre = np.full(count, 0.14)
        else:
            centre = np.array([getattr(GENRES[index], feature) for index in genre.tolist()])
        features[feature] = _sigmoid(_logit(centre) + _STRAYING[feature] * deviation[:, column])

    instrumental = rng.random(count) < np.array([GENRES[index].instrumental_share for index in genre.tolist()])
    features["instrumentalness"] = np.where(
        instrumental, rng.beta(14, 2.2, count), np.minimum(np.exp(rng.normal(-8.5, 2.2, count)), 0.35)
    )
    speech = np.array([GENRES[index].speechiness for index in genre.tolist()])
    features["speechiness"] = np.clip(speech * np.exp(rng.normal(0, 0.35, count)), 0.022, 0.62)
    features["tempo"] = np.clip(
        np.array([GENRES[index].tempo for index in genre.tolist()]) * np.exp(rng.normal(0, 0.10, count)), 55, 205
    )
    features["loudness"] = np.minimum(-26 + 22 * features["energy"] ** 0.8 + rng.normal(0, 2.6, count), -1.5)
    return {name: np.round(values, 4 if name == "instrumentalness" else 3) for name, values in features.items()}


def _with_reissues_and_gaps(
    rng: np.random.Generator,
    seed: int,
    names: list[str],
    artists: list[str],
    albums: list[str],
    genre: Integers,
    duration_ms: Integers,
    release_day: Integers,
    popularity: Floats,
    features: dict[str, Floats],
) -> Catalogue:
    count = len(names)
    stories = [names.index(title) for title in ("Last Bus to Saltmarsh", "Grandma Had the Aux")]
    others = [index for index in rng.permutation(count).tolist() if index not in stories]
    originals = [stories[0], *others[: REISSUED_TRACKS - 1]]
    special = [index for index in others[REISSUED_TRACKS:] if release_day[index] == 0]
    outside = special[:TRACKS_OUTSIDE_CATALOGUE]
    empty = special[TRACKS_OUTSIDE_CATALOGUE:][:TRACKS_WITHOUT_FEATURES]
    gappy = special[TRACKS_OUTSIDE_CATALOGUE + TRACKS_WITHOUT_FEATURES :][:TRACKS_WITH_GAPS]

    order = np.array([*range(count), *originals])
    nudge = rng.normal(0, 0.004, len(originals))
    all_features = {name: values[order].copy() for name, values in features.items()}
    for name in AUDIO_FEATURES:  # a remaster measures almost the same, not quite
        tail = all_features[name][count:]
        all_features[name][count:] = np.round(np.clip(tail + nudge, 0, 1), 4 if name == "instrumentalness" else 3)
    all_albums = albums + [
        f"{albums[index]} ({REISSUES[number % len(REISSUES)]})" for number, index in enumerate(originals)
    ]
    all_names = [names[index] for index in order.tolist()]
    all_artists = [artists[index] for index in order.tolist()]
    missing: dict[int, tuple[str, ...]] = dict.fromkeys(empty, (*AUDIO_FEATURES, "tempo", "loudness"))
    for number, index in enumerate(gappy):
        first = AUDIO_FEATURES[number % len(AUDIO_FEATURES)]
        missing[index] = (first,) if number % 2 else (first, "loudness")
    missing[gappy[0]] = ("valence",)  # the feature on which the vibe hangs is among them in any case
    return Catalogue(
        track_ids=[spotify_id(seed, "track", str(index)) for index in range(len(order))],
        names=all_names,
        artists=all_artists,
        artist_ids=[spotify_id(seed, "artist", artist) for artist in all_artists],
        albums=all_albums,
        isrcs=[f"ZZSFL26{index:05d}" for index in range(len(order))],  # ZZ is no country's
        genre=genre[order],
        duration_ms=duration_ms[order] + np.where(np.arange(len(order)) >= count, 1_000, 0),
        release_day=release_day[order],
        popularity=popularity[order],
        features=all_features,
        reissue_of={count + number: index for number, index in enumerate(originals)},
        not_in_file=frozenset(outside),
        missing=missing,
    )
