"""Listeners of all kinds, loaded through the real command line: what a site has to stand, besides the sample.

`one_play`: one account with a single play, and one whose export holds nothing but a podcast.
`five_years`: somebody with five years of listening and a catalogue that knows most of it, and somebody of whose songs
the catalogue knows none, so that there are neither scores nor recommendations.
"""

from __future__ import annotations

import csv
import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.conftest import Place
from tests.extract.exports import record

FEATURES = ("danceability", "energy", "liveness", "acousticness", "instrumentalness", "speechiness", "valence")
_SONGS = 400
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def track_id(number: int, kind: str = "k") -> str:
    """22 characters, as Spotify's ids have."""
    return f"{kind}{number:021d}"


def song(number: int, kind: str = "k") -> dict[str, object]:
    """What an export says about a song; some names are longer, and stranger, than a page would like."""
    names = {
        7: "Ein außergewöhnlich langer Titel, den niemand je zu Ende gelesen hat, obwohl er es verdient hätte",
        8: "Ångström & Σigma <b>bold</b> “quoted” 'single' — /slash\\",
        9: "夜の散歩 (夜想曲)",
    }
    return {
        "spotify_track_uri": f"spotify:track:{track_id(number, kind)}",
        "master_metadata_track_name": names.get(number, f"Song {kind}{number}"),
        "master_metadata_album_artist_name": f"Artist {kind}{number % 60}",
    }


def write_plays(folder: Path, first: datetime, days: int, a_day: int, kind: str, seed: int) -> Path:
    """An extended export of `days` days with about `a_day` plays each, some days silent."""
    draw = random.Random(seed)
    rows = []
    for after in range(days):
        if draw.random() < 0.08:
            continue
        at = first + timedelta(days=after, hours=draw.randint(6, 20))
        for _ in range(draw.randint(1, 2 * a_day)):
            length = draw.randint(150, 260)
            heard = length if draw.random() < 0.75 else draw.randint(2, length)
            at += timedelta(seconds=heard + draw.randint(0, 40))
            which = int(_SONGS * draw.random() ** 2.5)
            skipped = heard < length
            rows.append(
                record(
                    at.strftime("%Y-%m-%dT%H:%M:%SZ"),
                    heard * 1000,
                    **song(which, kind),
                    reason_end="fwdbtn" if skipped else "trackdone",
                    skipped=skipped,
                )
            )
    path = folder / f"Streaming_History_Audio_{first.year}_{seed}.json"
    path.write_text(json.dumps(rows), encoding="utf-8")
    return path


def write_catalogue(path: Path) -> Path:
    """Features of nine in ten of the songs."""
    draw = random.Random(3)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["track_id", "track_name", "artist_name", "duration_ms", *FEATURES])
        for number in range(_SONGS):
            values = [round(draw.random(), 4) for _ in FEATURES]
            if number % 10:
                known = song(number)
                names = [known["master_metadata_track_name"], known["master_metadata_album_artist_name"]]
                writer.writerow([track_id(number), *names, 240_000, *values])
    return path


def _all_well(place: Place, *commands: tuple[object, ...]) -> str | None:
    for arguments in commands:
        done = place.run(*arguments)
        if done.code != 0:
            return f"spotiflow {' '.join(map(str, arguments))} ended with {done.code}:\n{done.text}"
    return None


def one_play(folder: Path) -> str | None:
    """See the module."""
    place, inputs = Place(folder), folder / "inputs"
    inputs.mkdir(exist_ok=True)
    only = inputs / "Streaming_History_Audio_2026_0.json"
    only.write_text(json.dumps([record("2026-10-28T18:03:00Z", 200_000, **song(1))]), encoding="utf-8")
    podcast = record("2026-10-28T19:00:00Z", 900_000) | {
        "spotify_track_uri": None,
        "master_metadata_track_name": None,
        "master_metadata_album_artist_name": None,
        "spotify_episode_uri": "spotify:episode:0000000000000000000001",
        "episode_name": "An Episode",
        "episode_show_name": "A Show",
    }
    spoken = inputs / "Streaming_History_Audio_2026_1.json"
    spoken.write_text(json.dumps([podcast]), encoding="utf-8")
    return _all_well(
        place,
        ("load", "export", only, "--account", "first", "--timezone", "Europe/London", "--display-name", "Robin"),
        ("load", "export", spoken, "--account", "second", "--timezone", "UTC", "--display-name", "Aaron"),
        ("refresh",),
    )


def five_years(folder: Path) -> str | None:
    """See the module."""
    place, inputs = Place(folder), folder / "inputs"
    inputs.mkdir(exist_ok=True)
    long = write_plays(inputs, datetime(2021, 10, 4, tzinfo=UTC), 5 * 365, 16, "k", 1)
    plain = write_plays(inputs, datetime(2026, 9, 7, tzinfo=UTC), 40, 6, "u", 2)
    return _all_well(
        place,
        ("load", "export", long, "--account", "long", "--timezone", "America/New_York", "--display-name", "Quinn"),
        ("load", "export", plain, "--account", "plain", "--timezone", "Asia/Tokyo", "--display-name", "Sasha"),
        ("load", "features", write_catalogue(inputs / "catalogue.csv")),
        ("refresh",),
    )
