"""Feedback files: what is usable is loaded once, what is not is kept with its row and reason, and no label with it."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from pathlib import Path

from extract.sources.table_files import Listeners, read_feedback
from extract.stored import FirstLoad, LogKey, Stored
from tests.extract.reading import Read, read_whole

TRACK, OTHER = "a" * 22, "b" * 22
HEADER = "account,track,feedback,when,rating,rating_max"
NOW = datetime(2026, 11, 24, 12)
EARLIER = datetime(2026, 11, 1)


def pseudonym(label: str) -> str:
    return f"hash-{len(label)}-{label[::-1]}"


KNOWN = {pseudonym("ana-sorrel"), pseudonym("ben")}


def read(path: Path, account: str | None = None, stored: Stored | None = None) -> Read:
    return read_whole(read_feedback(path, Listeners(pseudonym, KNOWN, account), stored=stored, now=NOW))


def csv(path: Path, *lines: str, header: str = HEADER) -> Path:
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


def test_every_kind_is_loaded_and_ratings_become_shares(tmp_path: Path) -> None:
    path = csv(
        tmp_path / "thumbs.csv",
        f"ana-sorrel,{TRACK},liked,2026-03-01T12:00:00Z,,",
        f"ana-sorrel,spotify:track:{TRACK},Saved,2026-03-01 14:00:00+02:00,,",
        f"ben,https://open.spotify.com/track/{OTHER}?si=x,disliked,2026-03-02,,",
        f"ben,{OTHER},rating,2026-03-02T08:30:00,4,",
        f"ben,{OTHER},rating,2026-03-03T08:30:00,70,100",
    )
    found = read(path)
    assert (found.file.rows_read, found.file.rows_loaded, found.file.rejected) == (5, 5, Counter())
    assert sorted(found.rows("feedback"), key=lambda row: (row[3], row[2])) == [
        (pseudonym("ana-sorrel"), TRACK, "liked", datetime(2026, 3, 1, 12), None),
        (pseudonym("ana-sorrel"), TRACK, "saved", datetime(2026, 3, 1, 12), None),
        (pseudonym("ben"), OTHER, "disliked", datetime(2026, 3, 2), None),
        (pseudonym("ben"), OTHER, "rating", datetime(2026, 3, 2, 8, 30), 0.8),
        (pseudonym("ben"), OTHER, "rating", datetime(2026, 3, 3, 8, 30), 0.7),
    ]


def test_repeats_count_once_and_the_first_load_is_remembered(tmp_path: Path) -> None:
    path = csv(tmp_path / "t.csv", f"ben,{TRACK},liked,2026-03-01,,", f"ben,{TRACK},liked,2026-03-01,,")

    class Before(Stored):
        def first_loads(self) -> dict[LogKey, FirstLoad]:
            return {first.rows("load_log", "user_id", "source", "file", "content_hash")[0]: FirstLoad(EARLIER, None)}

    first = read(path)
    again = read(path, stored=Before())
    assert first.rows("feedback") == again.rows("feedback")
    for found, first_loaded_at in ((first, NOW), (again, EARLIER)):
        assert (found.file.rows_loaded, found.file.repeated) == (1, 1)
        assert found.rows("load_log", "rows_read", "rows_repeated", "loaded_at", "first_loaded_at") == [
            (2, 1, NOW, first_loaded_at)
        ]


BAD = {
    f",{TRACK},liked,2026-03-01,,": "account missing",
    f"stranger,{TRACK},liked,2026-03-01,,": "nothing is loaded for this account",
    "ben,,liked,2026-03-01,,": "track missing",
    "ben,Paper Boats,liked,2026-03-01,,": "track is not a Spotify track id",
    f"ben,{TRACK},,2026-03-01,,": "feedback missing",
    f"ben,{TRACK},loved,2026-03-01,,": "feedback is not one of saved, liked, disliked, rating",
    f"ben,{TRACK},liked,,,": "when missing",
    f"ben,{TRACK},liked,yesterday,,": "when is not a time",
    f"ben,{TRACK},liked,1999-12-31,,": "when is before Spotify was founded (2006)",
    f"ben,{TRACK},liked,2026-11-26,,": "when is more than 24 hours in the future",
    f"ben,{TRACK},liked,2026-03-01,5,": "rating given, but feedback is not rating",
    f"ben,{TRACK},rating,2026-03-01,,": "rating missing",
    f"ben,{TRACK},rating,2026-03-01,good,": "rating is not a number",
    f"ben,{TRACK},rating,2026-03-01,nan,": "rating is not a number",
    f"ben,{TRACK},rating,2026-03-01,6,": "rating is outside 0 to rating_max",
    f"ben,{TRACK},rating,2026-03-01,-1,": "rating is outside 0 to rating_max",
    f"ben,{TRACK},rating,2026-03-01,1,0": "rating_max is not a number above 0",
}


def test_every_bad_row_is_kept_with_its_number_and_reason(tmp_path: Path) -> None:
    good = f"ben,{TRACK},liked,2026-03-01,,"
    found = read(csv(tmp_path / "t.csv", good, *BAD, "too,short"))
    assert (found.file.rows_read, found.file.rows_loaded) == (len(BAD) + 2, 1)
    kept = sorted(found.rows("rejected_rows", "row", "reason"))
    assert kept[:-1] == [(number, reason) for number, reason in enumerate(BAD.values(), start=2)]
    assert kept[-1][0] == len(BAD) + 2
    everything = str(found.rows("rejected_rows"))
    assert "stranger" not in everything
    assert pseudonym("stranger") not in everything
    assert "Paper Boats" in everything


def test_another_rating_at_the_same_moment_is_no_repeat(tmp_path: Path) -> None:
    lines = [f"ben,{TRACK},rating,2026-03-01,{value}," for value in (4, 2, 4)]
    file = read(csv(tmp_path / "t.csv", *lines)).file
    assert (file.rows_loaded, file.repeated) == (1, 1)
    assert file.rejected == Counter({"the same rating occurred earlier with another value": 1})
