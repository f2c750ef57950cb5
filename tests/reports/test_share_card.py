"""The card of a week that a listener shares: drawn in the browser, the right size, saying what is published."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.reports import pictures
from tests.reports.conftest import PHONE, BuiltSite, Visitor
from tests.reports.test_weekly_wrapped import find
from tests.reports.words import number, percent, week
from tests.sharing import mostly_long

SIZES = {"square": (1080, 1080), "tall": (1080, 1920)}
NEUTRAL = "#2d2550"  # the colour of a card without a vibe
INKS = ("#17112a", "#ffffff")
MARGIN = 60  # pixels at the edges that no letter may reach


def address(row: dict[str, object]) -> str:
    return f"/weekly-wrapped/?listener={row['user_id']}&week={row['week_start']}"


def is_drawn(page: Page) -> None:
    for name in SIZES:
        expect(page.get_by_test_id(f"card-{name}")).to_have_attribute("data-drawn", "true")


def download(page: Page, name: str) -> tuple[str, bytes]:
    """A card by its button: the name of its file, and the file."""
    with page.expect_download() as started:
        page.get_by_test_id(f"download-{name}").click()
    return started.value.suggested_filename, Path(started.value.path()).read_bytes()


def colour_of(site: BuiltSite, row: dict[str, object]) -> str:
    """The background that the seed gives a week's vibe."""
    if row["vibe"] is None:
        return NEUTRAL
    band = site.row(
        "select colour from vibe_thresholds where vibe = ? and version = ?", row["vibe"], row["vibe_thresholds_version"]
    )
    return str(band["colour"]).lower()


def words_of(site: BuiltSite, row: dict[str, object]) -> list[str]:
    """All that the card of a week has to say."""
    who = site.row("select * from dim_users where user_id = ?", row["user_id"])
    key = (row["user_id"], row["week_start"])
    songs = site.rows(
        "select * from weekly_top_songs where user_id = ? and week_start = ? order by top_song_number limit 5", *key
    )
    artists = site.rows(
        "select * from weekly_top_artists where user_id = ? and week_start = ? order by top_artist_number limit 1", *key
    )
    scores = site.rows(
        """
        select s.label, v.score_value from weekly_scores as v join scores as s on s.score = v.score
        where v.user_id = ? and v.week_start = ? and v.score_value is not null
        """,
        *key,
    )
    nothing = "A silent week" if row["plays"] == 0 else "A week without a vibe"
    return [
        f"{who['display_name']}’s week," if who["has_display_name"] else "My week,",
        week(row["week_start"]),  # type: ignore[arg-type]
        str(row["vibe"] or nothing),
        f"{number(row['minutes_listened'])} minute",
        f"{number(row['listens'])} song",
        *(f"{song['top_song_number']}. {song['track_name']} by {song['artist_name']}" for song in songs),
        *(f"Top artist: {artist['artist_name']}" for artist in artists),
        *(f"{score['label']} {percent(score['score_value'])}" for score in scores),
    ]


@pytest.mark.long
@pytest.mark.parametrize("name", SIZES)
def test_card_has_the_size_and_the_colour_of_the_vibe(visitor: Visitor, built_site: BuiltSite, name: str) -> None:
    row = built_site.row(find("the usual"))
    page = visitor.open(address(row))
    is_drawn(page)
    file, png = download(page, name)
    assert file == f"spotiflow-wrapped-{row['week_start']}-{name}.png"
    assert pictures.size(png) == SIZES[name]
    # Pixels and nothing about who made them or when
    assert set(pictures.chunks(png)) <= {"IHDR", "sRGB", "IDAT", "IEND"}
    colour = colour_of(built_site, row)
    width, height = SIZES[name]
    for corner in (
        (0, 0, 9, 9),
        (width - 9, 0, width, 9),
        (0, height - 9, 9, height),
        (width - 9, height - 9, width, height),
    ):
        assert pictures.share_of(page, png, colour, corner) == 1
    assert 0.4 < pictures.share_of(page, png, colour) < 0.95
    assert any(pictures.share_of(page, png, ink) > 0.02 for ink in INKS), "letters"


@pytest.mark.long
def test_each_vibe_has_a_card_of_its_colour_and_each_week_its_own(visitor: Visitor, built_site: BuiltSite) -> None:
    rows = built_site.rows(
        """
        select * from weekly_listening where vibe is not null
        qualify row_number() over (partition by vibe order by listens desc, user_id, week_start) = 1
        """
    )
    assert len(rows) > 2
    cards = set()
    for row in rows:
        page = visitor.open(address(row))
        is_drawn(page)
        _, png = download(page, "square")
        assert pictures.share_of(page, png, colour_of(built_site, row), (0, 0, 50, 50)) == 1
        cards.add(png)
    assert len(cards) == len(rows)
    # One step to the week before, without loading the page again
    before = page.get_by_test_id("card-square").get_attribute("aria-label")
    page.get_by_test_id("previous-week").click()
    expect(page.get_by_test_id("card-square")).not_to_have_attribute("aria-label", str(before))
    is_drawn(page)
    assert download(page, "square")[1] not in cards


@pytest.mark.parametrize(
    "which",
    mostly_long(
        [
            "the usual",
            "one that is not over",
            "a silent one",
            "one of short plays",
            "one without features",
            "the busiest",
        ],
        "the usual",
    ),
)
def test_card_says_what_is_published(visitor: Visitor, built_site: BuiltSite, which: str) -> None:
    for row in built_site.rows(find(which)):
        page = visitor.open(address(row))
        is_drawn(page)
        for name in SIZES:
            said = str(page.get_by_test_id(f"card-{name}").get_attribute("aria-label")).replace("\xa0", " ")
            rest = said
            for words in words_of(built_site, row):
                assert words in rest, (words, said)
            assert str(row["user_id"]) not in said
            assert str(row["user_id"])[:6] not in said
            assert "NaN" not in said
            assert "null" not in said
            _, png = download(page, name)
            assert pictures.size(png) == SIZES[name]
            assert pictures.share_of(page, png, colour_of(built_site, row), (0, 0, 50, 50)) == 1
            keeps_its_margins(page, png)


def keeps_its_margins(page: Page, png: bytes) -> None:
    width, height = pictures.size(png)
    for box in ((0, 0, MARGIN, height), (width - MARGIN, 0, width, height), (0, height - MARGIN, width, height)):
        assert [ink for ink in INKS if pictures.share_of(page, png, ink, box) > 0] == []


@pytest.mark.long
def test_who_chose_no_name_has_none_on_the_card(visitor: Visitor, built_site: BuiltSite) -> None:
    row = built_site.row(
        "select w.*, u.display_name from weekly_listening as w join dim_users as u on u.user_id = w.user_id "
        "where not u.has_display_name and w.listens > 0 order by w.user_id, w.week_start"
    )
    page = visitor.open(address(row))
    said = str(page.get_by_test_id("card-square").get_attribute("aria-label"))
    assert said.startswith("My week, ")
    assert str(row["display_name"]) not in said


@pytest.mark.long
def test_titles_that_are_too_long_are_shortened(visitor: Visitor, built_site: BuiltSite) -> None:
    row = built_site.row(
        "select * from weekly_top_songs where top_song_number <= 5 "
        "order by length(track_name) desc, user_id, week_start"
    )
    page = visitor.open(address(row))
    is_drawn(page)
    for name in SIZES:
        keeps_its_margins(page, download(page, name)[1])


@pytest.mark.long
def test_card_by_keyboard_on_a_phone(new_visitor: Callable[..., Visitor], built_site: BuiltSite) -> None:
    page = new_visitor(PHONE).open(address(built_site.row(find("the usual"))))
    is_drawn(page)
    page.get_by_test_id("download-square").focus()
    with page.expect_download() as started:
        page.keyboard.press("Enter")
    assert pictures.size(Path(started.value.path()).read_bytes()) == SIZES["square"]
    page.keyboard.press("Tab")
    expect(page.get_by_test_id("download-tall")).to_be_focused()


@pytest.mark.long
def test_copied_link_opens_the_same_week_elsewhere(
    new_visitor: Callable[..., Visitor], built_site: BuiltSite, browser: Browser
) -> None:
    row = built_site.row(find("one with a gap"))
    who = new_visitor(permissions=["clipboard-read", "clipboard-write"])
    page = who.open(address(row))
    page.get_by_test_id("copy-link").click()
    expect(page.get_by_test_id("share-said")).to_have_text("Copied.")
    link = page.evaluate("navigator.clipboard.readText()")
    assert link == page.get_by_test_id("share-link").input_value()

    other = new_visitor()
    parts = urlsplit(link)
    there = other.open(f"{parts.path}?{parts.query}")
    expect(there.get_by_test_id("hero-title")).to_contain_text(week(row["week_start"]))  # type: ignore[arg-type]
    assert (other.asked("listener"), other.asked("week")) == (row["user_id"], str(row["week_start"]))
    assert there.get_by_test_id("card-square").get_attribute("aria-label") == page.get_by_test_id(
        "card-square"
    ).get_attribute("aria-label")


@pytest.mark.long
def test_where_pages_may_not_copy_the_link_is_selected(visitor: Visitor, built_site: BuiltSite) -> None:
    visitor.page.add_init_script(
        "Object.defineProperty(navigator, 'clipboard', { value: { writeText: () => Promise.reject(new Error('no')) } })"
    )
    page = visitor.open(address(built_site.row(find("the usual"))))
    page.get_by_test_id("copy-link").click()
    expect(page.get_by_test_id("share-said")).to_contain_text("copy it with Ctrl+C")
    field = page.get_by_test_id("share-link")
    expect(field).to_be_focused()
    assert field.evaluate(
        "one => one.value.slice(one.selectionStart, one.selectionEnd) === one.value && one.value !== ''"
    )


@pytest.mark.long
def test_no_button_for_a_share_sheet_that_is_not_there(visitor: Visitor, built_site: BuiltSite) -> None:
    visitor.page.add_init_script("Object.defineProperty(navigator, 'canShare', { value: undefined })")
    page = visitor.open(address(built_site.row(find("the usual"))))
    is_drawn(page)
    expect(page.get_by_test_id("share-square")).to_have_count(0)


@pytest.mark.long
def test_share_sheet_gets_the_picture(visitor: Visitor, built_site: BuiltSite) -> None:
    row = built_site.row(find("the usual"))
    visitor.page.add_init_script(
        """
        window.shared = [];
        window.asked = 0;
        window.refuse = undefined;
        Object.defineProperty(navigator, 'canShare', { value: (what) => Boolean(what.files?.length) });
        Object.defineProperty(navigator, 'share', { value: async (what) => {
            window.asked += 1;
            if (window.refuse) throw new DOMException('no', window.refuse);
            window.shared.push(...what.files.map((file) => [file.name, file.type, file.size > 10000, what.title]));
        } });
        """
    )
    page = visitor.open(address(row))
    is_drawn(page)
    page.get_by_test_id("share-tall").click()
    page.wait_for_function("window.shared.length > 0")
    name = built_site.row("select display_name from dim_users where user_id = ?", row["user_id"])["display_name"]
    assert page.evaluate("window.shared") == [
        [f"spotiflow-wrapped-{row['week_start']}-tall.png", "image/png", True, f"{name}’s week"]
    ]
    page.evaluate("window.refuse = 'NotAllowedError'")
    page.get_by_test_id("share-square").click()
    expect(page.get_by_test_id("share-said")).to_contain_text("Download it instead")
    # Who closes the sheet again has not failed: nothing is said, not even what was said before
    page.evaluate("window.refuse = 'AbortError'")
    page.get_by_test_id("share-square").click()
    page.wait_for_function("window.asked === 3")
    page.evaluate("() => new Promise(requestAnimationFrame)")
    assert page.get_by_test_id("share-said").inner_text() == ""
