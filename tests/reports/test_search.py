"""Explore: a song and an artist are found as people type them, and their pages show what is published."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from tests.reports.conftest import BuiltSite, Visitor
from tests.reports.words import count, number, percent


@pytest.fixture
def song(built_site: BuiltSite) -> dict[str, object]:
    """A song with an accent, played by many."""
    return built_site.row(
        """
        select t.*, sum(d.listens) as listens, count(distinct d.user_id) as listeners
        from dim_tracks as t join daily_track_listening as d on d.track_id = t.track_id
        where t.track_name like 'Étude%' group by all order by listens desc
        """
    )


def test_search_for_a_track(visitor: Visitor, built_site: BuiltSite, song: dict[str, object]) -> None:
    page = visitor.open("/search/")
    page.get_by_test_id("search").type(str(song["track_name"]).replace("É", "e").lower()[:12])
    expect(page.get_by_test_id("found-song").first).to_be_visible()
    page.get_by_test_id("found-song").get_by_text(str(song["track_name"]), exact=True).first.click()
    page.wait_for_url("**/track/**")
    visitor.settle()
    expect(page.get_by_test_id("track-title")).to_have_text(str(song["track_name"]))
    expect(page.get_by_test_id("track-artist")).to_have_text(str(song["artist_name"]))
    expect(page.get_by_test_id("track-listens")).to_have_text(count(song["listens"], "listen"))
    for score in ("energy", "musicality", "positivity"):
        expect(page.get_by_test_id(f"track-{score}").locator(".figure")).to_have_text(percent(song[f"{score}_score"]))
    for feature in ("danceability", "valence"):
        expect(page.get_by_test_id(f"feature-{feature}")).to_contain_text(percent(song[f"{feature}_pct"]))


@pytest.mark.long
def test_plays_over_time_and_who_played_it(visitor: Visitor, built_site: BuiltSite, song: dict[str, object]) -> None:
    page = visitor.open(f"/track/?track={song['track_id']}")
    chart = page.get_by_test_id("track-weeks")
    chart.get_by_text("As a table").click()
    rows = built_site.rows(
        """
        with weeks as (
            select unnest(generate_series(min(week_start), max(week_start), interval 7 day))::date as week_start
            from fct_plays where track_id = ?
        )
        select w.week_start, count(*) filter (where p.is_listen) as listens
        from weeks as w left join fct_plays as p on p.week_start = w.week_start and p.track_id = ?
        group by 1 order by 1
        """,
        song["track_id"],
        song["track_id"],
    )
    assert chart.locator("tbody td").all_inner_texts() == [number(row["listens"]) for row in rows]
    best = built_site.row(
        """
        select u.user_id, u.display_name, count(*) filter (where p.is_listen) as listens
        from fct_plays as p join dim_users as u on u.user_id = p.user_id
        where p.track_id = ? group by all order by listens desc
        """,
        song["track_id"],
    )
    expect(page.get_by_test_id("track-listeners").get_by_role("listitem").first).to_contain_text(
        count(best["listens"], "listen")
    )


@pytest.mark.long
def test_where_it_was_recommended(visitor: Visitor, built_site: BuiltSite) -> None:
    track = built_site.row(
        """
        select track_id from fct_recommendations where is_prediction and recommender = 'knn'
        group by 1 order by count(*) desc
        """
    )["track_id"]
    page = visitor.open(f"/track/?track={track}")
    rows = built_site.rows(
        """
        select recommender, count(*) as times, count(*) filter (where is_listened_after) as listened
        from fct_recommendations
        where track_id = ? and is_prediction and top_song_number is not null group by 1
        """,
        track,
    )
    assert rows
    for row in rows:
        line = page.get_by_test_id(f"recommended-by-{row['recommender']}")
        expect(line.get_by_test_id("times")).to_have_text(number(row["times"]))
        expect(line.get_by_test_id("listened")).to_have_text(number(row["listened"]))


@pytest.mark.long
def test_search_for_an_artist(visitor: Visitor, built_site: BuiltSite) -> None:
    artist = built_site.row(
        "select artist_name, sum(listens) as listens from daily_track_listening group by 1 order by 2 desc"
    )
    page = visitor.open("/search/")
    page.get_by_test_id("search").fill(str(artist["artist_name"]).upper())
    page.get_by_test_id("found-artist").first.click()
    page.wait_for_url("**/artist/**")
    visitor.settle()
    expect(page.get_by_test_id("artist-title")).to_have_text(str(artist["artist_name"]))
    expect(page.get_by_test_id("artist-listens")).to_have_text(count(artist["listens"], "listen"))
    rows = built_site.rows(
        """
        select t.track_id, t.track_name, coalesce(sum(d.listens), 0) as listens,
            coalesce(sum(d.minutes_listened), 0) as m
        from dim_tracks as t left join daily_track_listening as d on d.track_id = t.track_id
        where t.artist_name = ? group by all order by listens desc, m desc, t.track_id
        """,
        artist["artist_name"],
    )
    lines = page.get_by_test_id("artist-song")
    expect(lines).to_have_count(min(15, len(rows)))
    for line, row in zip(lines.all(), rows, strict=False):
        expect(line.locator(".title")).to_have_text(str(row["track_name"]))
        expect(line.get_by_test_id("listens")).to_have_text(number(row["listens"]))
    page.get_by_test_id("artist-song").first.get_by_role("link").first.click()
    page.wait_for_url("**/track/**")
    expect(page.get_by_test_id("track-title")).to_have_text(str(rows[0]["track_name"]))


@pytest.mark.long
def test_the_address_keeps_the_search(visitor: Visitor) -> None:
    page = visitor.open("/search/?search=the%20polite")
    expect(page.get_by_test_id("search")).to_have_value("the polite")
    expect(page.get_by_test_id("found-artist").first).to_contain_text("The Polite")


@pytest.mark.long
def test_nothing_found_and_wrong_addresses(visitor: Visitor) -> None:
    page = visitor.open("/search/?search=zzzzzz")
    expect(page.get_by_test_id("empty-state")).to_contain_text("Nothing found for “zzzzzz”")
    page = visitor.open("/track/?track=' or 1=1 --")
    expect(page.get_by_test_id("empty-state")).to_contain_text("not on the site")
    page = visitor.open(f"/artist/?artist={quote(chr(39) + '; drop table x')}")
    expect(page.get_by_test_id("empty-state")).to_contain_text("not on this site")
    page = visitor.open("/track/")
    expect(page.get_by_test_id("empty-state")).to_contain_text("does not say which song")
