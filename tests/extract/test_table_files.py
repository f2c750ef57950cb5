"""What all table files have in common: formats, unreadable rows, and files that are no table of their kind."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from extract.batch import Batch
from extract.raw.tables import AUDIO_FEATURES
from extract.report import LoadError
from extract.sources.table_files import Listeners, read_catalogue, read_feedback, read_recommendations
from tests.extract.reading import Read, read_whole

A, B = "A" * 22, "B" * 22
NOW = datetime(2026, 11, 24, 12)
ME = Listeners(lambda label: f"id of {label}", {"id of me"}, "me")


@dataclass(frozen=True)
class Kind:
    """A kind of file: how it is read, two sound rows, the table that they go into, and the columns it must have."""

    open: Callable[[Path], AbstractContextManager[Batch]]
    records: list[dict[str, Any]]
    table: str
    required: str

    def read(self, path: Path) -> Read:
        return read_whole(self.open(path))


FEATURES = dict.fromkeys(AUDIO_FEATURES, 0.5)
ANSWER = {"week_start": "2026-11-16", "seed_track_id": A}
KINDS = {
    "catalogue": Kind(
        lambda path: read_catalogue(path, now=NOW),
        [{"Track_ID": A, **FEATURES}, {"Track_ID": B, **FEATURES}],
        "audio_features",
        "track_id, danceability",
    ),
    "feedback": Kind(
        lambda path: read_feedback(path, ME, now=NOW),
        [{"Track": track, "kind": "liked", "when": "2026-03-01T10:00:00Z"} for track in (A, B)],
        "feedback",
        "track, feedback, when",
    ),
    "recommendations": Kind(
        lambda path: read_recommendations(path, "ours", "1", ME, 100, now=NOW),
        [{**ANSWER, "Rank": 1, "track_id": A}, {**ANSWER, "Rank": 2, "track_id": B}],
        "recommendations",
        "week_start, seed_track_id, rank, track_id",
    ),
}


@pytest.fixture(params=KINDS.values(), ids=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    return request.param


def csv_lines(kind: Kind) -> list[str]:
    return [",".join(kind.records[0]), *(",".join(map(str, record.values())) for record in kind.records)]


def test_every_format_gives_the_same_rows(kind: Kind, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("\n".join(csv_lines(kind)))
    (tmp_path / "rows.jsonl").write_text("\n".join(json.dumps(record) for record in kind.records))
    pq.write_table(pa.Table.from_pylist(kind.records), tmp_path / "rows.parquet")
    rows = [sorted(kind.read(path).rows(kind.table)) for path in sorted(tmp_path.iterdir())]
    assert rows[0] == rows[1] == rows[2]
    assert len(rows[0]) == 2


@pytest.mark.parametrize("is_csv", [True, False])
def test_unreadable_rows_are_kept_with_their_number_and_cost_no_other(kind: Kind, is_csv: bool, tmp_path: Path) -> None:
    path = tmp_path / ("rows.csv" if is_csv else "rows.jsonl")
    header, first, second = csv_lines(kind)
    if is_csv:
        lines = [header, first, f"{first},and,more", "short", second]
    else:  # an empty line is no row
        lines = [json.dumps(kind.records[0]), "{cut", "", '["no object"]', json.dumps(kind.records[1])]
    path.write_text("\n".join(lines))
    found = kind.read(path)
    assert (found.file.rows_read, found.file.rows_loaded) == (4, 2)
    rejected = sorted(found.rows("rejected_rows", "row", "reason"))
    assert [row for row, _ in rejected] == [2, 3]
    assert all(reason.startswith("not a CSV line: " if is_csv else "not a JSON object") for _, reason in rejected)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("t.csv", b"", "is empty"),
        ("t.csv", b"PK\x03\x04rest", "is a ZIP or a spreadsheet"),
        ("t.parquet", b"PAR1 and no more", "cannot be read as Parquet"),
        ("t.csv", b"a,b\n1,2\n", "lacks the columns {}"),
        ("t.jsonl", b'{"a": 1}\n', "lacks the columns {}"),
    ],
)
def test_a_file_of_another_kind_is_refused_whole(
    kind: Kind, tmp_path: Path, name: str, content: bytes, says: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(LoadError, match=says.format(kind.required)):
        kind.read(tmp_path / name)


def test_whose_rows_they_are_must_be_said(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("\n".join(csv_lines(KINDS["feedback"])))
    with pytest.raises(LoadError, match="lacks the column account"):
        read_whole(read_feedback(tmp_path / "t.csv", Listeners(str, set()), now=NOW))


def test_a_file_without_rows_says_so(kind: Kind, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(csv_lines(kind)[0] + "\n")
    file = kind.read(tmp_path / "t.csv").file
    assert (file.rows_read, file.note, file.problem) == (0, "t.csv has no rows", None)
