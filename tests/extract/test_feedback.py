"""Feedback files: what is usable is loaded once, what is not is kept with its row and reason, and no label with it."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from extract.report import FileReport, LoadError
from extract.sources.table_files import load_feedback

TRACK, OTHER = "a" * 22, "b" * 22
HEADER = "account,track,feedback,when,rating,rating_max"
NOW = datetime(2026, 11, 24, 12)


def pseudonym(label: str) -> str:
    return f"hash-{len(label)}-{label[::-1]}"


KNOWN = {pseudonym("ana-sorrel"), pseudonym("ben")}


def load(warehouse: Path, path: Path, account: str | None = None) -> FileReport:
    (outcome,) = load_feedback(warehouse, path, pseudonym, KNOWN, account=account, now=NOW).files
    return outcome


def rows(warehouse: Path, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def csv(path: Path, *lines: str, header: str = HEADER) -> Path:
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    return tmp_path / "warehouse.duckdb"


def test_every_kind_is_loaded_and_ratings_become_shares(tmp_path: Path, warehouse: Path) -> None:
    path = csv(
        tmp_path / "thumbs.csv",
        f"ana-sorrel,{TRACK},liked,2026-03-01T12:00:00Z,,",
        f"ana-sorrel,spotify:track:{TRACK},Saved,2026-03-01 14:00:00+02:00,,",
        f"ben,https://open.spotify.com/track/{OTHER}?si=x,disliked,2026-03-02,,",
        f"ben,{OTHER},rating,2026-03-02T08:30:00,4,",
        f"ben,{OTHER},rating,2026-03-03T08:30:00,70,100",
    )
    outcome = load(warehouse, path)
    assert (outcome.rows_read, outcome.rows_loaded, outcome.rejected) == (5, 5, Counter())
    assert rows(warehouse, "select * exclude (_dlt_load_id) from raw_spotify.feedback order by given_at, kind") == [
        (pseudonym("ana-sorrel"), TRACK, "liked", datetime(2026, 3, 1, 12), None),
        (pseudonym("ana-sorrel"), TRACK, "saved", datetime(2026, 3, 1, 12), None),
        (pseudonym("ben"), OTHER, "disliked", datetime(2026, 3, 2), None),
        (pseudonym("ben"), OTHER, "rating", datetime(2026, 3, 2, 8, 30), 0.8),
        (pseudonym("ben"), OTHER, "rating", datetime(2026, 3, 3, 8, 30), 0.7),
    ]


def test_loading_twice_changes_nothing(tmp_path: Path, warehouse: Path) -> None:
    path = csv(tmp_path / "t.csv", f"ben,{TRACK},liked,2026-03-01,,", f"ben,{TRACK},liked,2026-03-01,,")
    for _ in range(2):
        outcome = load(warehouse, path)
        assert (outcome.rows_loaded, outcome.repeated) == (1, 1)
    assert rows(warehouse, "select count(*) from raw_spotify.feedback") == [(1,)]
    assert rows(warehouse, "select rows_read, rows_repeated from raw_spotify.load_log") == [(2, 1)]


BAD = {
    f",{TRACK},liked,2026-03-01,,": "account missing",
    f"stranger,{TRACK},liked,2026-03-01,,": "nothing of this account is loaded here",
    "ben,,liked,2026-03-01,,": "track missing",
    "ben,Paper Boats,liked,2026-03-01,,": "track is not a Spotify track id",
    f"ben,{TRACK},,2026-03-01,,": "feedback missing",
    f"ben,{TRACK},loved,2026-03-01,,": "feedback is none of saved, liked, disliked, rating",
    f"ben,{TRACK},liked,,,": "when missing",
    f"ben,{TRACK},liked,yesterday,,": "when is not a time",
    f"ben,{TRACK},liked,1999-12-31,,": "when is before Spotify was founded (2006)",
    f"ben,{TRACK},liked,2026-11-26,,": "when is more than 24 hours in the future",
    f"ben,{TRACK},liked,2026-03-01,5,": "a rating beside another feedback",
    f"ben,{TRACK},rating,2026-03-01,,": "rating missing",
    f"ben,{TRACK},rating,2026-03-01,good,": "rating is not a number",
    f"ben,{TRACK},rating,2026-03-01,nan,": "rating is not a number",
    f"ben,{TRACK},rating,2026-03-01,6,": "rating is outside 0 to rating_max",
    f"ben,{TRACK},rating,2026-03-01,-1,": "rating is outside 0 to rating_max",
    f"ben,{TRACK},rating,2026-03-01,1,0": "rating_max is not a number above 0",
}


def test_every_bad_row_is_kept_with_its_number_and_reason(tmp_path: Path, warehouse: Path) -> None:
    good = f"ben,{TRACK},liked,2026-03-01,,"
    outcome = load(warehouse, csv(tmp_path / "t.csv", good, *BAD, "too,short"))
    assert (outcome.rows_read, outcome.rows_loaded) == (len(BAD) + 2, 1)
    kept = rows(warehouse, 'select "row", reason from raw_spotify.rejected_rows order by 1')
    assert kept[:-1] == [(number, reason) for number, reason in enumerate(BAD.values(), start=2)]
    assert kept[-1][0] == len(BAD) + 2
    everything = str(rows(warehouse, "select * from raw_spotify.rejected_rows"))
    assert "stranger" not in everything
    assert "Paper Boats" in everything


def test_another_rating_at_the_same_moment_is_no_repeat(tmp_path: Path, warehouse: Path) -> None:
    lines = [f"ben,{TRACK},rating,2026-03-01,{value}," for value in (4, 2, 4)]
    outcome = load(warehouse, csv(tmp_path / "t.csv", *lines))
    assert (outcome.rows_loaded, outcome.repeated) == (1, 1)
    assert outcome.rejected == Counter({"the same rating stands before with another value": 1})


def test_json_lines_and_parquet_say_the_same(tmp_path: Path, warehouse: Path) -> None:
    records = [
        {"Track_ID": TRACK, "kind": "liked", "when": "2026-03-01T10:00:00Z"},
        {"Track_ID": OTHER, "kind": "rating", "when": "2026-03-01T10:00:00Z", "rating": 2.5},
    ]
    lines = [json.dumps(records[0]), "{cut", '["no object"]', "", json.dumps(records[1])]
    (tmp_path / "t.jsonl").write_text("\n".join(lines), encoding="utf-8")
    outcome = load(warehouse, tmp_path / "t.jsonl", account="ben")
    assert outcome.rows_loaded == 2
    assert rows(warehouse, 'select "row", reason from raw_spotify.rejected_rows order by 1') == [
        (2, "not a JSON object"),
        (3, "not a JSON object"),
    ]
    pq.write_table(pa.Table.from_pylist([records[1] | {"kind": "rating"}]), tmp_path / "t.parquet")
    assert load(warehouse, tmp_path / "t.parquet", account="ben").rows_loaded == 1
    assert rows(warehouse, "select count(*), max(rating) from raw_spotify.feedback") == [(2, 0.5)]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("t.csv", b"", "is empty"),
        ("t.csv", b"PK\x03\x04rest", "ZIP or a spreadsheet"),
        ("t.csv", b"a,b\n1,2\n", "lacks the columns account, track, feedback, when"),
        ("t.parquet", b"PAR1 and no more", "that can be read"),
        ("t.jsonl", b'{"a": 1}\n', "lacks the columns account, track, feedback, when"),
    ],
)
def test_what_is_no_feedback_says_so_and_writes_nothing(
    tmp_path: Path, warehouse: Path, name: str, content: bytes, says: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(LoadError, match=says):
        load(warehouse, tmp_path / name)
    assert not warehouse.exists()
