"""The catalogue reader: CSV and Parquet, other people's column names, and rows that cannot be believed."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from extract.raw.tables import AUDIO_FEATURES
from extract.sources.table_files import read_catalogue
from tests.extract.reading import Read, read_whole

ID = "0123456789abcdefghijkl"
OTHER = "lkjihgfedcba9876543210"
HEADER = "track_id,track_name,artist_name," + ",".join(AUDIO_FEATURES)


def line(track_id: str = ID, **changes: object) -> str:
    values = {name: changes.get(name, 0.5) for name in AUDIO_FEATURES}
    return f"{track_id},Paper Boats,The Lanterns," + ",".join(str(value) for value in values.values())


def write(path: Path, *lines: str, header: str = HEADER) -> Path:
    path.write_text("\n".join((header, *lines)) + "\n", encoding="utf-8")
    return path


def read(path: Path) -> Read:
    return read_whole(read_catalogue(path))


@pytest.mark.parametrize("written", [ID, f"spotify:track:{ID}", f"https://open.spotify.com/track/{ID}?si=1"])
def test_ids_are_recognised_in_every_form(written: str, tmp_path: Path) -> None:
    found = read(write(tmp_path / "catalogue.csv", line(written)))
    assert found.rows("audio_features", "track_id", "provider", "is_found") == [(ID, "catalogue", True)]
    assert found.rows("tracks", "track_name", "artist_name") == [("Paper Boats", "The Lanterns")]


def test_other_names_for_the_columns_and_other_separators(tmp_path: Path) -> None:
    header = "id;name;artists;" + ";".join(AUDIO_FEATURES).upper()
    found = read(write(tmp_path / "c.csv", line().replace(",", ";"), header=header))
    assert found.rows("audio_features", "track_id", "valence") == [(ID, 0.5)]


def test_titles_are_optional_and_features_may_be_missing(tmp_path: Path) -> None:
    header = "track_id," + ",".join(AUDIO_FEATURES)
    partial = f"{ID}," + ",".join(["0.1"] * 6) + ","
    without = f"{OTHER}" + "," * 7
    found = read(write(tmp_path / "c.csv", partial, without, header=header))
    assert found.file.rows_loaded == 2
    assert found.rows("audio_features", "track_id", "valence") == [(ID, None)]
    assert found.rows("tracks") == []


def test_rows_that_cannot_be_believed_are_rejected(tmp_path: Path) -> None:
    found = read(
        write(
            tmp_path / "c.csv",
            line(),
            line(),
            line(energy=0.7),
            line("short"),
            "",
            line(OTHER, energy=62),
            line(OTHER, valence="high"),
            line(OTHER, valence=-0.01),
            "too,short",
            line(OTHER, valence=0),
        )
    )
    assert (found.file.rows_loaded, found.file.repeated) == (2, 1)
    assert found.file.rejected == Counter(
        {
            "track_id occurred earlier with other values": 1,
            "track_id is not a Spotify track id": 1,
            "energy is outside 0 to 1": 1,
            "valence is not a number": 1,
            "valence is outside 0 to 1": 1,
            "not a CSV line: missing columns": 1,
        }
    )
    assert Counter(reason for (reason,) in found.rows("rejected_rows", "reason")) == found.file.rejected
    assert sorted(found.rows("audio_features", "track_id", "energy", "valence")) == [(ID, 0.5, 0.5), (OTHER, 0.5, 0.0)]
    ((*counts, problem),) = found.rows(
        "load_log", "rows_read", "rows_loaded", "rows_repeated", "rows_rejected", "problem"
    )
    assert (counts, problem) == ([9, 2, 1, 6], None)


@pytest.mark.parametrize("column", ["genre", "track_genre"])
def test_a_track_that_is_listed_once_per_genre_has_the_first_by_alphabet(column: str, tmp_path: Path) -> None:
    """Whatever the order of the rows; the repeats are repeats, and a different value is as wrong as ever."""
    lines = [
        f"{line(ID)},Surf",
        f"{line(ID)}, Bossa Nova ",
        f"{line(ID)},",
        f"{line(OTHER)},",
        f"{line(ID, energy=1)},Alt",
    ]
    for number, order in enumerate([lines, lines[::-1][1:] + lines[4:]]):
        found = read(write(tmp_path / f"c{number}.csv", *order, header=f"{HEADER},{column}"))
        assert (found.file.rows_loaded, found.file.repeated) == (2, 2)
        assert found.file.rejected == Counter({"track_id occurred earlier with other values": 1})
        assert sorted(found.rows("tracks", "track_id", "genre")) == [(ID, "bossa nova"), (OTHER, None)]


@pytest.mark.parametrize(("column", "value", "stored"), [("genre", "surf", "surf"), ("duration_ms", "201000", 201_000)])
def test_a_genre_or_a_length_needs_no_title(column: str, value: str, stored: object, tmp_path: Path) -> None:
    header = f"track_id,{column}," + ",".join(AUDIO_FEATURES)
    found = read(write(tmp_path / "c.csv", f"{ID},{value}" + ",0.5" * 7, header=header))
    assert found.rows("tracks", "track_name", column) == [(None, stored)]


def test_a_newer_catalogue_has_the_same_keys_and_other_values(tmp_path: Path) -> None:
    """So that it replaces what an older one said (how keys merge: test_loader.py), and reading again adds nothing."""
    older, again, newer = (
        read(write(tmp_path / f"{number}.csv", line(energy=energy))) for number, energy in enumerate((0.5, 0.5, 0.9))
    )
    keys = "track_id", "provider"
    assert older.rows("audio_features", *keys) == newer.rows("audio_features", *keys)
    assert older.rows("audio_features") == again.rows("audio_features") != newer.rows("audio_features")
