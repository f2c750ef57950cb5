"""Two listeners: what they have in common, and one week side by side, as published; an address is all it takes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.reports.conftest import BuiltSite, Visitor
from tests.reports.words import UNKNOWN, count, duration, number, percent, week
from tests.sharing import mostly_long


def named(site: BuiltSite) -> list[dict[str, object]]:
    """Everybody with a name and listening, as the selectors list them."""
    return site.rows(
        "select * from dim_users where has_display_name and plays > 0 order by is_sample, display_name, user_id"
    )


def shows(page: Page, site: BuiltSite, one: dict[str, object], other: dict[str, object], monday: object) -> None:
    """The page compares these two, in this week."""
    ids = (one["user_id"], other["user_id"])
    pair = site.row("select * from listener_similarity where user_id = ? and other_user_id = ?", *ids)
    expect(page.get_by_test_id("match-value")).to_have_text(percent(pair["feature_similarity_pct"]))
    if pair["feature_similarity_pct"] is None:
        reason = site.row(
            "select sentence from missing_value_reasons where subject = 'taste' and reason = ?",
            pair["feature_similarity_null_reason"],
        )
        expect(page.get_by_test_id("match-reason")).to_have_text(str(reason["sentence"]))
    expect(page.get_by_test_id("shared-tracks")).to_have_text(number(pair["shared_tracks"]))
    expect(page.get_by_test_id("shared-artists")).to_have_text(number(pair["shared_artists"]))
    top = pair["top_shared_artist_name"]
    expect(page.get_by_test_id("top-shared-artist")).to_contain_text(str(top) if top else "no artist in common")
    expect(page.get_by_test_id("compare-week")).to_contain_text(week(monday))  # type: ignore[arg-type]
    shows_week(page, site, [one, other], monday)

    tracks = site.rows(
        "select * from listener_shared_tracks where user_id = ? and other_user_id = ? order by shared_track_number",
        *ids,
    )
    lines = page.get_by_test_id("shared-song")
    expect(lines).to_have_count(len(tracks))
    for line, track in zip(lines.all(), tracks, strict=True):
        cells = [" ".join(text.split()) for text in line.locator("td").all_inner_texts()]
        assert cells[0] == f"{track['track_name']} {track['artist_name']}"
        assert cells[1:3] == [number(track["listens"]), number(track["other_listens"])]
        assert (str(track["vibe"]) if track["vibe"] else UNKNOWN) in cells[3]


def shows_week(page: Page, site: BuiltSite, people: list[dict[str, object]], monday: object) -> None:
    weeks = [
        site.rows("select * from weekly_listening where user_id = ? and week_start = ?", person["user_id"], monday)
        for person in people
    ]
    for nth, (person, rows) in enumerate(zip(people, weeks, strict=True)):
        side = page.get_by_test_id(f"side-{nth}")
        expect(side.locator("h3")).to_have_text(str(person["display_name"]))
        if not rows:
            expect(side.get_by_test_id("side-vibe")).to_have_text("No data")
            expect(side.get_by_test_id("side-reason")).to_contain_text("does not cover this week")
            continue
        unknown = "A silent week" if rows[0]["plays"] == 0 else "Not known"
        expect(side.get_by_test_id("side-vibe")).to_have_text(str(rows[0]["vibe"] or unknown))
        expect(side.get_by_test_id("side-amount")).to_contain_text(
            f"{duration(rows[0]['minutes_listened'])}, {count(rows[0]['listens'], 'song')}"
        )
    if not any(rows and rows[0]["scored_listens"] for rows in weeks):
        expect(page.get_by_test_id("compare-empty")).to_be_visible()
        return
    for feature in site.rows("select * from audio_features"):
        name = feature["audio_feature"]
        values = [percent(rows[0][f"{name}_pct"]) if rows else UNKNOWN for rows in weeks]
        line = page.get_by_test_id(f"compare-features-{name}")
        expect(line.locator("th")).to_have_text(str(feature["label"]))
        expect(line.locator("td.num")).to_have_text(values)
    for score in site.rows(
        "select distinct s.score, s.label from scores as s join weekly_scores as v on v.score = s.score "
        "where v.week_start = ? and v.user_id in (?, ?)",
        monday,
        *(person["user_id"] for person in people),
    ):
        values = []
        for person in people:
            found = site.rows(
                "select score_value from weekly_scores where user_id = ? and week_start = ? and score = ?",
                person["user_id"],
                monday,
                score["score"],
            )
            values.append(percent(found[0]["score_value"]) if found else UNKNOWN)
        line = page.get_by_test_id(f"compare-scores-{score['score']}")
        expect(line.locator("th")).to_have_text(str(score["label"]))
        expect(line.locator("td.num")).to_have_text(values)


def address(one: dict[str, object], other: dict[str, object], monday: object) -> str:
    return f"/compare/?listener={one['user_id']}&other={other['user_id']}&week={monday}"


def latest(site: BuiltSite, *people: dict[str, object]) -> object:
    """The latest week that all of them have whole."""
    return site.row(
        "select min(latest) as week from (select max(week_start) as latest from weekly_listening "
        f"where is_complete_week and user_id in ({', '.join('?' for _ in people)}) group by user_id)",
        *(person["user_id"] for person in people),
    )["week"]


@pytest.mark.long
def test_without_a_choice_the_first_two_and_their_latest_week(visitor: Visitor, built_site: BuiltSite) -> None:
    one, other = named(built_site)[:2]
    page = visitor.open("/compare/")
    monday = latest(built_site, one, other)
    shows(page, built_site, one, other, monday)
    assert (visitor.asked("listener"), visitor.asked("other"), visitor.asked("week")) == (
        one["user_id"],
        other["user_id"],
        str(monday),
    )


def test_selectors_change_page_and_address_and_an_address_is_enough(visitor: Visitor, built_site: BuiltSite) -> None:
    one, other, third = named(built_site)[:3]
    page = visitor.open("/compare/")
    page.get_by_test_id("select-other").select_option(str(third["user_id"]))
    page.wait_for_url(f"**other={third['user_id']}**")
    visitor.settle()
    monday = latest(built_site, one, other, third)
    page.get_by_test_id("select-week").select_option(str(monday))
    shows(page, built_site, one, third, monday)
    page.get_by_test_id("previous-week").click()
    earlier = monday - timedelta(weeks=1)  # type: ignore[operator]
    shows(page, built_site, one, third, earlier)
    page.reload()
    visitor.settle()
    shows(page, built_site, one, third, earlier)
    page.go_back()
    shows(page, built_site, one, third, monday)
    visitor.check()


@pytest.mark.long
def test_whoever_is_chosen_twice_changes_places(visitor: Visitor, built_site: BuiltSite) -> None:
    one, other = named(built_site)[:2]
    monday = latest(built_site, one, other)
    page = visitor.open(address(one, other, monday))
    page.get_by_test_id("select-listener").select_option(str(other["user_id"]))
    page.wait_for_url(f"**listener={other['user_id']}**")
    visitor.settle()
    shows(page, built_site, other, one, monday)
    expect(page.get_by_test_id("select-other")).to_have_value(str(one["user_id"]))


def pair_of(site: BuiltSite, which: str) -> tuple[object, object, object]:
    """Two listeners and a week."""
    if which == "one of them silent":
        quiet = site.row("select * from weekly_listening where plays = 0 order by user_id, week_start desc")
        return named(site)[0]["user_id"], quiet["user_id"], quiet["week_start"]
    if which == "one not there yet":
        first = "select user_id, min(week_start) as first from weekly_listening group by user_id order by first"
        late, early = site.row(f"{first} desc, user_id"), site.row(f"{first}, user_id")
        assert late["first"] > early["first"]  # type: ignore[operator]
        return late["user_id"], early["user_id"], early["first"]
    order = "shared_tracks" if which == "least in common" else "shared_tracks desc"
    pair = site.row(f"select * from listener_similarity order by {order}, user_id, other_user_id")
    weeks = site.row(
        "select min(last) as week from (select max(week_start) as last from weekly_listening "
        "where user_id in (?, ?) group by user_id)",
        pair["user_id"],
        pair["other_user_id"],
    )
    return pair["user_id"], pair["other_user_id"], weeks["week"]


@pytest.mark.parametrize(
    "which",
    mostly_long(["least in common", "most in common", "one of them silent", "one not there yet"], "most in common"),
)
def test_pairs_of_every_kind(visitor: Visitor, built_site: BuiltSite, which: str) -> None:
    *ids, monday = pair_of(built_site, which)
    one, other = (built_site.row("select * from dim_users where user_id = ?", id) for id in ids)
    shows(visitor.open(address(one, other, monday)), built_site, one, other, monday)


@pytest.mark.long
@pytest.mark.parametrize("question", ["?listener=nobody", "?other=nobody&week=1999-01-04", "?week=yesterday"])
def test_address_that_fits_nothing_shows_something_and_says_so(visitor: Visitor, question: str) -> None:
    page = visitor.open(f"/compare/{question}")
    expect(page.get_by_test_id("notice")).to_be_visible()
    expect(page.get_by_test_id("match-value")).to_be_visible()


@pytest.mark.long
def test_one_listener_twice_is_two_listeners(visitor: Visitor, built_site: BuiltSite) -> None:
    one = named(built_site)[0]
    page = visitor.open(f"/compare/?listener={one['user_id']}&other={one['user_id']}")
    expect(page.get_by_test_id("notice")).to_be_visible()
    assert visitor.asked("other") != one["user_id"]
