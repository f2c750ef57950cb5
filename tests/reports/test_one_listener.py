"""A site of one listener, with long names and suggestions that are on Spotify: nobody to compare with, links out."""

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
from tests.reports.test_share_card import SIZES, download, is_drawn, keeps_its_margins

pytestmark = pytest.mark.long

NAME = "Maximiliane-Theodora of the House of Very Long Playlists"
TITLE = "The Song That Explains in Its Own Name Everything That Happens in It, Verse by Verse (Live, Part 2) 👩‍👩‍👧‍👦"
ARTIST = "Orchestra-of-the-Unbreakably-Hyphenated-Names-Without-A-Single-Space-In-Between"


def leave_one(connection: duckdb.DuckDBPyConnection) -> None:
    """Leave one listener, who chose a long name, and played long titles; what they should try is on Spotify."""
    (user_id,) = connection.execute(
        "select user_id from dim_users where has_display_name order by listens desc, user_id limit 1"
    ).fetchone()  # type: ignore[misc]
    for (table,) in connection.execute("select table_name from duckdb_tables()").fetchall():
        if "user_id" in {name for name, *_ in connection.execute(f"describe {table}").fetchall()}:
            connection.execute(f"delete from {table} where user_id <> ?", [user_id])
    connection.execute("delete from listener_similarity")
    connection.execute("delete from listener_shared_tracks")
    connection.execute("update dim_users set display_name = ?, is_sample = false", [NAME])
    connection.execute("update weekly_top_songs set track_name = ?, artist_name = ?", [TITLE, ARTIST])
    connection.execute("update weekly_top_artists set artist_name = ?", [ARTIST])
    connection.execute("update next_songs set has_spotify_page = suggestion_number > 1")
    connection.execute("delete from load_history")
    connection.execute("update publication set listeners = 1")


@pytest.fixture(scope="module")
def one_listener(built_site: BuiltSite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BuiltSite]:
    place = Place(tmp_path_factory.mktemp("one_listener"))
    place.published.parent.mkdir(parents=True)
    shutil.copy(built_site.published, place.published)
    with duckdb.connect(str(place.published)) as connection:
        leave_one(connection)
    done = place.run("site")
    assert done.code == 0, done.text
    with serving(place.site) as url:
        yield BuiltSite(url, place.site, place.published, place.build_log)


@pytest.fixture
def reader(one_listener: BuiltSite, browser: Browser) -> Iterator[Visitor]:
    context = browser.new_context(viewport={"width": 390, "height": 844}, reduced_motion="reduce")
    visitor = Visitor(context.new_page(), one_listener.url)
    visitor.watch()
    yield visitor
    context.close()
    assert visitor.problems == []


def test_comparing_takes_two(reader: Visitor) -> None:
    page = reader.open("/compare/")
    expect(page.get_by_test_id("empty-state")).to_contain_text("It takes two")
    expect(page.get_by_test_id("takes-two")).to_contain_text("spotiflow load export")
    expect(page.get_by_test_id("select-listener")).to_have_count(0)
    page.get_by_role("link", name=f"Open {NAME}’s week").click()
    page.wait_for_url("**/weekly-wrapped/**")
    reader.settle()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_suggestions_lead_to_spotify_and_the_page_asks_it_for_nothing(reader: Visitor, one_listener: BuiltSite) -> None:
    songs = one_listener.rows("select * from next_songs order by suggestion_number")
    assert len(songs) > 1
    page = reader.open("/weekly-wrapped/")
    page.get_by_test_id("all-suggestions").click()
    links = page.get_by_test_id("spotify-link")
    expect(links).to_have_count(len(songs) - 1)
    for link, song in zip(links.all(), songs[1:], strict=True):
        expect(link).to_have_attribute("href", f"https://open.spotify.com/track/{song['track_id']}")
        expect(link).to_have_attribute("rel", "external noreferrer")
        expect(link).to_have_accessible_name(f"Open in Spotify ({song['track_name']})")
        link.hover()  # pages of this site are fetched ahead where a pointer rests
    reader.settle()


def test_long_names_stay_on_the_card(reader: Visitor) -> None:
    page = reader.open("/weekly-wrapped/")
    is_drawn(page)
    said = str(page.get_by_test_id("card-square").get_attribute("aria-label"))
    assert f"{NAME}’s week" in said
    assert f"1. {TITLE} by {ARTIST}" in said
    for name in SIZES:
        _, png = download(page, name)
        assert pictures.size(png) == SIZES[name]
        keeps_its_margins(page, png)


def test_the_copy_was_reduced_as_told(one_listener: BuiltSite) -> None:
    assert one_listener.row("select count(*) as n from dim_users")["n"] == 1
    assert one_listener.row("select count(*) as n from next_songs")["n"]


def test_nothing_came_in_a_file(reader: Visitor) -> None:
    """As of an account that was only polled."""
    page = reader.open("/data-health/")
    expect(page.get_by_test_id("empty-state").filter(has_text="No file has been loaded yet")).to_have_count(1)
