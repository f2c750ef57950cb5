"""Top songs of any range of dates, of one listener and of all."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.reports.conftest import BuiltSite, Visitor
from tests.reports.words import minutes, number, percent


def songs(site: BuiltSite, first: str, last: str, user_id: str | None) -> list[dict[str, object]]:
    """Counted from the plays themselves, not from the table that the page reads."""
    return site.rows(
        """
        select p.track_id, t.track_name, t.artist_name, t.positivity_score, t.vibe,
               count(*) filter (where p.is_listen) as listens, sum(p.listened_ms) / 60000.0 as minutes_listened
        from fct_plays as p join dim_tracks as t on t.track_id = p.track_id
        where p.listening_date between ? and ? and (? is null or p.user_id = ?)
        group by all having count(*) filter (where p.is_listen) > 0
        order by listens desc, sum(p.listened_ms) desc, p.track_id
        """,
        first,
        last,
        user_id,
        user_id,
    )


def shows(page: Page, rows: list[dict[str, object]]) -> None:
    lines = page.get_by_test_id("range-song")
    expect(lines).to_have_count(min(24, len(rows)))
    for place, (line, row) in enumerate(zip(lines.all(), rows, strict=False), start=1):
        cells = [" ".join(text.split()) for text in line.locator("td").all_inner_texts()]
        assert cells[:2] == [str(place), f"{row['track_name']} {row['artist_name']}"]
        expect(line.get_by_test_id("listens")).to_have_text(number(row["listens"]))
        expect(line.get_by_test_id("minutes")).to_have_text(minutes(row["minutes_listened"]))
        expect(line.get_by_test_id("score-positivity")).to_have_text(percent(row["positivity_score"]))


def test_change_the_dates_and_read_the_top_songs(visitor: Visitor, built_site: BuiltSite) -> None:
    who = str(built_site.row("select user_id from dim_users where has_display_name order by display_name")["user_id"])
    page = visitor.open("/top-songs/")
    page.get_by_test_id("select-listener").select_option(who)
    page.wait_for_url(f"**listener={who}**")
    page.get_by_test_id("select-from").fill("2026-07-06")
    page.wait_for_url("**from=2026-07-06**")
    page.get_by_test_id("select-to").fill("2026-08-09")
    page.wait_for_url("**to=2026-08-09**")
    visitor.settle()
    rows = songs(built_site, "2026-07-06", "2026-08-09", who)
    assert len(rows) > 24
    shows(page, rows)
    page.get_by_test_id("more-songs").click()
    expect(page.get_by_test_id("range-song")).to_have_count(min(120, len(rows)))
    page.reload()
    visitor.settle()
    shows(page, rows)


@pytest.mark.long
def test_of_all_listeners(visitor: Visitor, built_site: BuiltSite) -> None:
    page = visitor.open("/top-songs/?from=2026-06-01&to=2026-06-30")
    page.get_by_test_id("select-listener").select_option(label="All listeners")
    page.wait_for_url("**listener=all**")
    page.goto(f"{built_site.url}/top-songs/?listener=all&from=2026-06-01&to=2026-06-30")
    visitor.settle()
    shows(page, songs(built_site, "2026-06-01", "2026-06-30", None))


@pytest.mark.long
def test_an_iso_week_has_the_top_songs_of_weekly_wrapped(visitor: Visitor, built_site: BuiltSite) -> None:
    week = built_site.row(
        "select user_id, week_start from weekly_listening where is_complete_week order by listens desc, user_id"
    )
    rows = built_site.rows(
        "select * from weekly_top_songs where user_id = ? and week_start = ? order by top_song_number limit 24",
        week["user_id"],
        week["week_start"],
    )
    last = built_site.row("select ?::date + 6 as last", week["week_start"])["last"]
    page = visitor.open(f"/top-songs/?listener={week['user_id']}&from={week['week_start']}&to={last}")
    titles = [
        " ".join(text.split()) for text in page.locator("[data-testid=range-song] td:nth-child(2)").all_inner_texts()
    ]
    assert titles == [f"{row['track_name']} {row['artist_name']}" for row in rows]


@pytest.mark.long
def test_the_list_can_be_downloaded(visitor: Visitor, built_site: BuiltSite, tmp_path: Path) -> None:
    page = visitor.open("/top-songs/?listener=all&from=2026-09-01&to=2026-09-07")
    with page.expect_download() as started:
        page.get_by_test_id("download").click()
    assert started.value.suggested_filename == "top-songs-2026-09-01-2026-09-07.csv"
    file = tmp_path / "songs.csv"
    started.value.save_as(file)
    lines = list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8-sig"))))
    rows = songs(built_site, "2026-09-01", "2026-09-07", None)
    assert [line["track_id"] for line in lines] == [row["track_id"] for row in rows]
    assert [int(line["listens"]) for line in lines] == [row["listens"] for row in rows]


@pytest.mark.long
def test_dates_that_make_no_sense_are_said_so(visitor: Visitor) -> None:
    page = visitor.open("/top-songs/?from=2031-01-01&to=never")
    expect(page.get_by_test_id("notice")).to_contain_text("outside the loaded listening")
    assert visitor.asked("to") != "never"
