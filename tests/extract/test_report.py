"""How reports of loads name rows."""

from __future__ import annotations

from collections import Counter

import pytest

from extract.report import FileReport, LoadReport, rows_named
from spotiflow.cli.loading import summarise
from spotiflow.console import Screen


@pytest.mark.parametrize(
    ("first", "total", "words"),
    [
        ([4], 1, "row 4"),
        ([4, 9], 2, "rows 4 and 9"),
        ([4, 9, 12], 3, "rows 4, 9 and 12"),
        ([4, 9, 12], 4, "rows 4, 9, 12 and 1 more"),
        ([4, 9, 1234], 1034, "rows 4, 9, 1,234 and 1,031 more"),
        ([4, 9, 12, 13, 14], 5, "rows 4, 9, 12 and 2 more"),
    ],
)
def test_the_first_rows_are_named_and_the_others_counted(first: list[int], total: int, words: str) -> None:
    assert rows_named(first, total) == words


def test_rows_of_several_files_are_named_with_their_file(capsys: pytest.CaptureFixture[str]) -> None:
    files = [
        FileReport(
            "a.csv", "feedback", 3, rejected=Counter({"track missing": 2}), first_rejected={"track missing": [1, 3]}
        ),
        FileReport(
            "b.csv", "feedback", 9, rejected=Counter({"track missing": 1}), first_rejected={"track missing": [7]}
        ),
        FileReport("c.zip", "spotify_export", 9, rejected=Counter({"ts missing": 5})),
    ]
    summarise(Screen(), LoadReport("Feedback", files))
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert "3  track missing: a.csv rows 1 and 3, b.csv row 7" in lines
    assert "5  ts missing" in lines, "who counts no rows names none"
