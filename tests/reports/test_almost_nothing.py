"""A site of almost nothing: one play without audio features in all, and somebody who has not played anything."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import duckdb
import pytest
from playwright.sync_api import Browser, expect

from tests.conftest import Place
from tests.reports import pictures
from tests.reports.conftest import BuiltSite, Visitor
from tests.reports.server import serving
from tests.reports.test_share_card import NEUTRAL, download, is_drawn
from tests.reports.words import UNKNOWN, week

_EMPTIED = (
    "fct_recommendations",
    "fct_feature_similarity",
    "rejected_row_counts",
    "load_history",
    "next_songs",
    "listening_gaps",
    "feature_engagement",
    "feature_engagement_slopes",
    "feedback_summary",
    "segment_top_tracks",
    "segment_top_artists",
)
_FEATURES = ("danceability", "energy", "liveness", "acousticness", "instrumentalness", "speechiness", "valence")
_SCORES = ("energy_score", "musicality_score", "positivity_score", "score_value", "score_change_pp")


def reduce_to_one_play(connection: duckdb.DuckDBPyConnection) -> None:
    """Leave one day, of one listener, with one play without features; and a listener without listening."""
    tables = [name for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall()]
    for table in _EMPTIED:
        connection.execute(f"delete from {table}")
    user_id, week_start, day = connection.execute(
        """
        select user_id, week_start, listening_date from daily_listening
        where listens > 0 order by listens, user_id, listening_date limit 1
        """
    ).fetchone()  # type: ignore[misc]
    for table in tables:
        columns = {name for name, *_ in connection.execute(f"describe {table}").fetchall()}
        if "user_id" in columns:
            connection.execute(f"delete from {table} where user_id <> ?", [user_id])
        if "listening_date" in columns:
            connection.execute(f"delete from {table} where listening_date <> ?", [day])
        elif "user_id" in columns and "week_start" in columns:
            connection.execute(f"delete from {table} where week_start <> ?", [week_start])
        gone = [name for name in (*(f"{one}_pct" for one in _FEATURES), *_SCORES, "vibe") if name in columns]
        if gone and "user_id" in columns:
            connection.execute(f"update {table} set {', '.join(f'{name} = null' for name in gone)}")
    connection.execute("delete from weekly_top_songs where top_song_number > 1")
    connection.execute("update weekly_top_songs set listens = 1, plays = 1")
    connection.execute("update daily_track_listening set listens = 1, plays = 1")
    obsession = ("track_id", "track_name", "artist_name", "date", "listens")
    connection.execute(f"update weekly_highlights set {', '.join(f'obsession_{name} = null' for name in obsession)}")
    connection.execute("update weekly_highlights set obsession_null_reason = 'nothing repeated enough'")
    connection.execute("update feature_coverage set provider = null")
    counts = "plays = 1, listens = 1, unique_tracks = 1, scored_listens = 0, feature_coverage_pct = 0"
    connection.execute(f"update daily_listening set {counts}")
    for table in ("daily_listening", "weekly_listening", "weekly_top_songs"):
        connection.execute(f"update {table} set score_null_reason = 'no audio features'")
    connection.execute("update daily_scores set score_null_reason = 'no audio features'")
    connection.execute(
        "update weekly_scores set score_null_reason = 'no audio features', change_null_reason = 'no week before'"
    )
    connection.execute(
        f"""
        update weekly_listening
        set {counts}, days_observed = 1, active_days = 1, listens_per_day = 1, is_complete_week = false,
            new_tracks = 1, new_artists = 1, previous_minutes_listened = null, minutes_listened_change = null,
            minutes_listened_change_pct = null, listens_change = null,
            minutes_change_pct_null_reason = 'no week before'
        """
    )
    connection.execute(
        "update dim_users set first_listening_date = ?, last_listening_date = ?, plays = 1, listens = 1", [day, day]
    )
    connection.execute(
        """
        insert into dim_users by name
        select 'nobody' as user_id, 'Aaron' as display_name, true as has_display_name, timezone, false as is_sample,
               0 as plays, 0 as listens, 0 as minutes_listened
        from dim_users
        """
    )
    connection.execute("update publication set listeners = 2, plays = 1")
    _reduce_segments(connection, week_start)


def _reduce_segments(connection: duckdb.DuckDBPyConnection, week_start: object) -> None:
    """One listener in one week, of whom nothing is known but that."""
    connection.execute(
        "delete from weekly_engagement where segment_kind <> 'everybody' or week_start <> ?", [week_start]
    )
    connection.execute(
        """
        update weekly_engagement
        set is_complete_week = false, listeners = 1, observed_listeners = 1, active_listeners = 1, new_listeners = 1,
            returning_listeners = 0, resurrected_listeners = 0, lost_listeners = 0, unobserved_lost_listeners = 0,
            listens = 1
        """
    )
    connection.execute("delete from weekly_retention")
    connection.execute(
        """
        insert into weekly_retention by name
        select 'everybody' as segment_kind, 'everybody' as segment, week_start as cohort_week, 0 as weeks_since,
               1 as cohort_listeners, 0 as observed_listeners, 0 as kept_listeners,
               'not observed so long' as retention_null_reason
        from weekly_engagement
        """
    )
    connection.execute(
        """
        update listener_segments
        set dominant_vibe = null, dominant_sound_cluster = null, dominant_genre = null,
            features_null_reason = 'no audio features', genre_null_reason = 'no genre known'
        """
    )


@pytest.fixture(scope="module")
def almost_nothing(built_site: BuiltSite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BuiltSite]:
    place = Place(tmp_path_factory.mktemp("almost_nothing"))
    place.published.parent.mkdir(parents=True)
    shutil.copy(built_site.published, place.published)
    with duckdb.connect(str(place.published)) as connection:
        reduce_to_one_play(connection)
    done = place.run("site")
    assert done.code == 0, done.text
    with serving(place.site) as url:
        yield BuiltSite(url, place.site, place.published, place.build_log)


@pytest.fixture
def reader(almost_nothing: BuiltSite, browser: Browser) -> Iterator[Visitor]:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    visitor = Visitor(context.new_page(), almost_nothing.url)
    visitor.watch()
    yield visitor
    context.close()
    assert visitor.problems == []


def test_one_play_without_features(reader: Visitor, almost_nothing: BuiltSite) -> None:
    row = almost_nothing.row("select * from weekly_listening")
    page = reader.open("/weekly-wrapped/")
    assert reader.asked("listener") == row["user_id"], "somebody with listening comes first"
    expect(page.get_by_test_id("hero-title")).to_contain_text(week(row["week_start"]))  # type: ignore[arg-type]
    expect(page.get_by_test_id("hero-vibe")).to_have_text("Not known")
    expect(page.get_by_test_id("hero-songs")).to_contain_text("1 song, 1 different")
    expect(page.get_by_test_id("hero-change")).to_have_text(UNKNOWN)
    expect(page.get_by_test_id("incomplete")).to_have_text("1 of 7 days")
    expect(page.get_by_test_id("coverage")).to_contain_text("spotiflow load features")
    expect(page.get_by_test_id("score-reason").first).to_have_text("None of the songs played has audio features.")
    expect(page.get_by_test_id("score-radar")).to_have_count(0)
    expect(page.get_by_test_id("mood-empty")).to_contain_text("No song with audio features was played")
    expect(page.get_by_test_id("obsession-empty")).to_have_text("No song was repeated often enough on one day.")
    expect(page.get_by_test_id("clock").locator("[data-hour]").first).to_be_attached()
    expect(page.get_by_test_id("top-artist").first).to_be_visible()
    expect(page.get_by_test_id("empty-state")).to_contain_text("No suggestions yet")
    is_drawn(page)
    _, png = download(page, "square")
    assert pictures.share_of(page, png, NEUTRAL, (0, 0, 50, 50)) == 1
    assert "1 song." in str(page.get_by_test_id("card-square").get_attribute("aria-label")).replace("\xa0", " ")
    expect(page.get_by_test_id("day-link")).to_have_count(1)
    page.get_by_test_id("day-link").click()
    page.wait_for_url("**/day/**")
    reader.settle()
    expect(page.get_by_test_id("played-song")).to_have_count(
        almost_nothing.row("select count(*) as n from daily_track_listening")["n"]  # type: ignore[arg-type]
    )
    expect(page.get_by_test_id("previous-day")).to_be_disabled()
    expect(page.get_by_test_id("next-day")).to_be_disabled()


def test_nobody_else_has_listening_to_compare_with(reader: Visitor) -> None:
    page = reader.open("/compare/")
    expect(page.get_by_test_id("takes-two")).to_contain_text("one listener only")


@pytest.mark.parametrize("path", ["/weekly-wrapped/", "/day/"])
def test_a_listener_without_listening_is_told_what_to_do(reader: Visitor, path: str) -> None:
    page = reader.open(f"{path}?listener=nobody")
    expect(page.get_by_test_id("empty-state")).to_contain_text("Aaron has no listening yet")
    expect(page.get_by_test_id("empty-state")).to_contain_text("spotiflow load export")


def test_without_recommendations_the_page_says_how_to_get_some(reader: Visitor) -> None:
    page = reader.open("/predicted-vs-actual/")
    expect(page.get_by_test_id("empty-state")).to_contain_text("spotiflow load features")


def test_engagement_of_one_play(reader: Visitor, almost_nothing: BuiltSite) -> None:
    row = almost_nothing.row("select * from weekly_engagement")
    page = reader.open("/engagement/")
    said = " ".join(page.get_by_test_id("engagement-verdict").inner_text().split())
    assert f"In the week {week(row['week_start'])}, 1 of 1 listener listened" in said  # type: ignore[arg-type]
    assert "1 was new" in said
    cell = page.get_by_test_id("retention").get_by_test_id("heat-cell")
    expect(cell).to_have_count(1)
    expect(cell).to_contain_text("data end before")
    for section, advice in (("drivers", "spotiflow load features"), ("feedback", "spotiflow load feedback")):
        expect(page.get_by_test_id(section).get_by_test_id("empty-state")).to_contain_text(advice)


def test_nobody_is_in_a_segment(reader: Visitor) -> None:
    page = reader.open("/segments/")
    expect(page.get_by_test_id("empty-state")).to_contain_text("Nobody is in a segment yet")
    expect(page.get_by_test_id("empty-state")).to_contain_text("spotiflow load features")


def test_data_health_of_almost_nothing(reader: Visitor) -> None:
    page = reader.open("/data-health/")
    expect(page.get_by_test_id("health-verdict")).to_contain_text("Nothing needs attention")
    expect(page.get_by_test_id("fresh-row").filter(has_text="Aaron")).to_contain_text("No listening yet")
    for empty in ("No gap is known", "No row was rejected", "No file was loaded yet"):
        expect(page.get_by_test_id("empty-state").filter(has_text=empty)).to_have_count(1)


def test_start_page_and_definitions_stand(reader: Visitor) -> None:
    page = reader.open("/")
    expect(page.get_by_test_id("home-rejected")).to_have_text("0")
    expect(page.get_by_test_id("home-plays")).to_have_text("1 play")
    expect(page.get_by_test_id("listener-card").filter(has_text="Aaron")).to_contain_text("No listening yet")
    reader.open("/definitions/")


def test_the_copy_was_reduced_as_told(almost_nothing: BuiltSite) -> None:
    for table in _EMPTIED:
        assert almost_nothing.rows(f"select * from {table}") == []
    assert len(almost_nothing.rows("select * from daily_listening")) == 1
