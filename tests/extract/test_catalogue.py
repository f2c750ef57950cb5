"""The catalogue loader: CSV and Parquet, other people's column names, and rows that cannot be believed."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import duckdb
import pytest

from extract.raw.tables import AUDIO_FEATURES
from extract.report import LoadError
from extract.sources.table_files import load_catalogue
from tests.extract.conftest import Query

ID = "0123456789abcdefghijkl"
OTHER = "lkjihgfedcba9876543210"
HEADER = "track_id,track_name,artist_name," + ",".join(AUDIO_FEATURES)


def line(track_id: str = ID, **changes: object) -> str:
    values = {name: changes.get(name, 0.5) for name in AUDIO_FEATURES}
    return f"{track_id},Paper Boats,The Lanterns," + ",".join(str(value) for value in values.values())


def write(path: Path, *lines: str, header: str = HEADER) -> Path:
    path.write_text("\n".join((header, *lines)) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("written", [ID, f"spotify:track:{ID}", f"https://open.spotify.com/track/{ID}?si=1"])
def test_ids_are_recognised_in_every_form(written, tmp_path, warehouse, query):
    load_catalogue(warehouse, write(tmp_path / "catalogue.csv", line(written)))
    assert query("select track_id, provider, is_found from raw_spotify.audio_features") == [(ID, "catalogue", True)]
    assert query("select track_name, artist_name from raw_spotify.tracks") == [("Paper Boats", "The Lanterns")]


def test_parquet_and_csv_give_the_same_rows(tmp_path, warehouse, query):
    lines = [line(ID, energy=0.123456789012345), line(OTHER, valence=1)]
    csv = write(tmp_path / "catalogue.csv", *lines)
    parquet = tmp_path / "catalogue.parquet"
    duckdb.sql(f"copy (select * from read_csv('{csv}')) to '{parquet}' (format parquet)")
    rows = []
    for path in (csv, parquet):
        load_catalogue(warehouse, path)
        rows.append(query("select columns(c -> c != '_dlt_load_id') from raw_spotify.audio_features order by all"))
    assert rows[0] == rows[1]
    assert len(rows[0]) == 2


def test_other_names_for_the_columns_and_other_separators(tmp_path, warehouse, query):
    header = "id;name;artists;" + ";".join(AUDIO_FEATURES).upper()
    load_catalogue(warehouse, write(tmp_path / "c.csv", line().replace(",", ";"), header=header))
    assert query("select track_id, valence from raw_spotify.audio_features") == [(ID, 0.5)]


def test_titles_are_optional_and_features_may_be_missing(tmp_path, warehouse, query):
    header = "track_id," + ",".join(AUDIO_FEATURES)
    partial = f"{ID}," + ",".join(["0.1"] * 6) + ","
    without = f"{OTHER}" + "," * 7
    report = load_catalogue(warehouse, write(tmp_path / "c.csv", partial, without, header=header))
    assert report.files[0].rows_loaded == 2
    assert query("select track_id, valence from raw_spotify.audio_features") == [(ID, None)]
    assert query("select count(*) from raw_spotify.tracks") == [(0,)]


def test_rows_that_cannot_be_believed_are_kept_aside(tmp_path, warehouse, query):
    report = load_catalogue(
        warehouse,
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
        ),
    )
    outcome = report.files[0]
    assert (outcome.rows_loaded, outcome.repeated) == (2, 1)
    assert outcome.rejected == Counter(
        {
            "track_id occurs before with other values": 1,
            "track_id is not a Spotify track id": 1,
            "energy is outside 0 to 1": 1,
            "valence is not a number": 1,
            "valence is outside 0 to 1": 1,
            "not a CSV line: missing columns": 1,
        }
    )
    stored = Counter(dict(query("select reason, count(*) from raw_spotify.rejected_rows group by reason")))
    assert stored == outcome.rejected
    assert query("select track_id, energy, valence from raw_spotify.audio_features order by all") == [
        (ID, 0.5, 0.5),
        (OTHER, 0.5, 0.0),
    ]


@pytest.mark.parametrize("column", ["genre", "track_genre"])
def test_a_track_that_is_listed_once_per_genre_has_the_first_by_alphabet(column, tmp_path, warehouse, query: Query):
    """Whatever the order of the rows; the repeats are repeats, and a different value is as wrong as ever."""
    lines = [
        f"{line(ID)},Surf",
        f"{line(ID)}, Bossa Nova ",
        f"{line(ID)},",
        f"{line(OTHER)},",
        f"{line(ID, energy=1)},Alt",
    ]
    for number, order in enumerate([lines, lines[::-1][1:] + lines[4:]]):
        path = write(tmp_path / f"c{number}.csv", *order, header=f"{HEADER},{column}")
        outcome = load_catalogue(warehouse, path).files[0]
        assert (outcome.rows_loaded, outcome.repeated) == (2, 2)
        assert outcome.rejected == Counter({"track_id occurs before with other values": 1})
        assert query("select track_id, genre from raw_spotify.tracks order by 1") == [(ID, "bossa nova"), (OTHER, None)]


def test_a_genre_needs_no_title(tmp_path, warehouse, query: Query):
    header = "track_id,genre," + ",".join(AUDIO_FEATURES)
    load_catalogue(warehouse, write(tmp_path / "c.csv", f"{ID},surf" + ",0.5" * 7, header=header))
    assert query("select track_name, genre from raw_spotify.tracks") == [(None, "surf")]


def test_a_length_needs_no_title(tmp_path, warehouse, query: Query):
    header = "track_id,duration_ms," + ",".join(AUDIO_FEATURES)
    load_catalogue(warehouse, write(tmp_path / "c.csv", f"{ID},201000" + ",0.5" * 7, header=header))
    assert query("select track_name, duration_ms from raw_spotify.tracks") == [(None, 201_000)]


def test_row_numbers_count_unreadable_lines_too(tmp_path, warehouse, query):
    load_catalogue(warehouse, write(tmp_path / "c.csv", line(), "too,short", line("bad"), line(OTHER)))
    assert query('select "row", reason from raw_spotify.rejected_rows order by 1') == [
        (2, "not a CSV line: missing columns"),
        (3, "track_id is not a Spotify track id"),
    ]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"PK\x03\x04", "is a ZIP or a spreadsheet"),
        (b"title,tempo\nx,1\n", "lacks the columns track_id, danceability"),
        (b"PAR1 but not really", "can be read"),
    ],
)
def test_what_is_no_catalogue_is_refused_whole(content, sentence, tmp_path, warehouse):
    path = tmp_path / "catalogue.csv"
    path.write_bytes(content)
    with pytest.raises(LoadError, match=sentence):
        load_catalogue(warehouse, path)
    assert not warehouse.exists()


def test_loading_twice_changes_nothing_and_a_newer_catalogue_wins(tmp_path, warehouse, query: Query):
    path = write(tmp_path / "c.csv", line())
    load_catalogue(warehouse, path)
    load_catalogue(warehouse, path)
    load_catalogue(warehouse, write(tmp_path / "newer.csv", line(energy=0.9)))
    assert query("select energy from raw_spotify.audio_features") == [(0.9,)]
