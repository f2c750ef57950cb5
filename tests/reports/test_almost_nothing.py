"""A site of almost nothing: one play without audio features in all, and somebody who has not played anything."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.conftest import Place, once_a_session
from tests.reports import histories, pictures
from tests.reports.conftest import BuiltSite, Visitor
from tests.reports.server import serving
from tests.reports.test_share_card import NEUTRAL, download, is_drawn
from tests.reports.words import UNKNOWN, week

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def almost_nothing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BuiltSite]:
    place = Place(once_a_session(tmp_path_factory, histories.one_play.__name__, histories.one_play))
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
    expect(page.get_by_test_id("takes-two")).to_contain_text("only one listener")


@pytest.mark.parametrize("path", ["/weekly-wrapped/", "/day/"])
def test_a_listener_without_listening_is_told_what_to_do(reader: Visitor, almost_nothing: BuiltSite, path: str) -> None:
    user_id = almost_nothing.row("select user_id from dim_users where display_name = 'Aaron'")["user_id"]
    page = reader.open(f"{path}?listener={user_id}")
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
    expect(cell).to_contain_text("ends before")
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
    expect(page.get_by_test_id("load-file")).to_have_count(2)
    for empty in ("No gaps", "No row was rejected"):
        expect(page.get_by_test_id("empty-state").filter(has_text=empty)).to_have_count(1)


def test_start_page_and_definitions_stand(reader: Visitor) -> None:
    page = reader.open("/")
    expect(page.get_by_test_id("home-rejected")).to_have_text("0")
    expect(page.get_by_test_id("home-plays")).to_have_text("1 play")
    expect(page.get_by_test_id("listener-card").filter(has_text="Aaron")).to_contain_text("No listening yet")
    reader.open("/definitions/")


def test_there_is_almost_nothing(almost_nothing: BuiltSite) -> None:
    """Else the tests above would prove little."""
    for table in ("fct_recommendations", "next_songs", "listening_gaps", "feature_engagement", "segment_top_tracks"):
        assert almost_nothing.rows(f"select * from {table}") == []
    assert len(almost_nothing.rows("select * from fct_plays")) == 1
