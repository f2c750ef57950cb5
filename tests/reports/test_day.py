"""A day: reached from its date, its numbers as published, one step to the days around it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.reports.conftest import BuiltSite, Visitor
from tests.reports.words import UNKNOWN, day, minutes, number, percent
from tests.sharing import mostly_long

DAYS = {
    "a busy one": "select * from daily_listening order by listens desc, user_id limit 1",
    "a silent one": "select * from daily_listening where plays = 0 order by user_id, listening_date limit 1",
    "one without features": "select * from daily_listening where listens > 0 and scored_listens = 0 "
    "order by listens desc, user_id, listening_date limit 1",
    "one of short plays": "select * from daily_listening where plays > 0 and listens = 0 "
    "order by user_id, listening_date limit 1",
    "the only one of somebody": "select d.* from daily_listening as d join dim_users as u on u.user_id = d.user_id "
    "where u.first_listening_date = u.last_listening_date order by d.user_id limit 1",
}


def shows(page: Page, site: BuiltSite, row: dict[str, object]) -> None:
    """The page shows this row of daily_listening and what was played."""
    name = site.row("select display_name from dim_users where user_id = ?", row["user_id"])["display_name"]
    expect(page.get_by_test_id("hero-title")).to_contain_text(str(name))
    expect(page.get_by_test_id("hero-title")).to_contain_text(day(row["listening_date"]))  # type: ignore[arg-type]
    expect(page.get_by_test_id("hero-minutes")).to_have_text(minutes(row["minutes_listened"]))
    expect(page.get_by_test_id("hero-songs")).to_have_text(number(row["listens"]))
    unknown = "A silent day" if row["plays"] == 0 else "Vibe not known"
    expect(page.get_by_test_id("hero-vibe")).to_have_text(str(row["vibe"] or unknown))
    if row["vibe"] is None and row["plays"]:
        why = site.row(
            "select sentence from missing_value_reasons where subject = 'score' and reason = ?",
            row["score_null_reason"],
        )
        expect(page.get_by_test_id("hero-vibe-reason")).to_have_text(str(why["sentence"]))
    if row["plays"] == 0:
        expect(page.get_by_test_id("empty-state")).to_contain_text("Nothing was played")
        return
    scores = site.rows(
        """
        select v.*, s.label, why.sentence
        from daily_scores as v
        join scores as s on s.score = v.score
        left join missing_value_reasons as why on why.subject = 'score' and why.reason = v.score_null_reason
        where v.user_id = ? and v.listening_date = ?
        order by s.score_order
        """,
        row["user_id"],
        row["listening_date"],
    )
    assert scores
    expect(page.locator("article[data-testid^=score-] h3")).to_have_text([str(one["label"]) for one in scores])
    for one in scores:
        card = page.get_by_test_id(f"score-{one['score']}")
        expect(card.get_by_test_id("score-value")).to_have_text(percent(one["score_value"]))
        reason = card.get_by_test_id("score-reason")
        expect(reason).to_have_text([str(one["sentence"])] if one["score_value"] is None else [])
    played = site.rows(
        """
        select track_name, artist_name, plays, listens, minutes_listened, positivity_score, vibe
        from daily_track_listening
        where user_id = ? and listening_date = ?
        order by listens desc, minutes_listened desc, track_name, artist_name
        """,
        row["user_id"],
        row["listening_date"],
    )
    lines = page.get_by_test_id("played-song")
    expect(lines).to_have_count(len(played))
    expect(lines.first).to_contain_text(str(played[0]["track_name"]))
    for line, song in zip(lines.all()[:5], played[:5], strict=False):
        cells = [" ".join(text.split()) for text in line.locator("td").all_inner_texts()]
        assert cells[0] == f"{song['track_name']} {song['artist_name']}"
        assert cells[1:5] == [
            number(song["plays"]),
            number(song["listens"]),
            minutes(song["minutes_listened"]),
            percent(song["positivity_score"]),
        ]
        assert (str(song["vibe"]) if song["vibe"] else UNKNOWN) in cells[5]


@pytest.mark.parametrize("which", mostly_long(DAYS, "a busy one"))
def test_day_shows_what_is_published(visitor: Visitor, built_site: BuiltSite, which: str) -> None:
    rows = built_site.rows(DAYS[which])
    for row in rows:
        page = visitor.open(f"/day/?listener={row['user_id']}&date={row['listening_date']}")
        shows(page, built_site, row)
    assert rows or which != "a busy one"


def test_a_date_opens_its_day_and_days_lead_on(visitor: Visitor, built_site: BuiltSite) -> None:
    week = built_site.row(
        "select * from weekly_listening where is_complete_week and active_days = 7 order by listens desc, user_id"
    )
    query = "select * from daily_listening where user_id = ? and listening_date = ?"
    wednesday = week["week_start"] + timedelta(days=2)  # type: ignore[operator]
    page = visitor.open(f"/weekly-wrapped/?listener={week['user_id']}&week={week['week_start']}")

    page.locator(f"[data-testid=day-link][data-date='{wednesday}']").click()
    page.wait_for_url("**/day/**")
    assert (visitor.asked("listener"), visitor.asked("date")) == (week["user_id"], str(wednesday))
    shows(page, built_site, built_site.row(query, week["user_id"], wednesday))

    page.get_by_test_id("next-day").click()
    shows(page, built_site, built_site.row(query, week["user_id"], wednesday + timedelta(days=1)))
    page.get_by_test_id("previous-day").click()
    page.get_by_test_id("previous-day").click()
    shows(page, built_site, built_site.row(query, week["user_id"], wednesday - timedelta(days=1)))
    assert visitor.asked("date") == str(wednesday - timedelta(days=1))

    page.reload()
    visitor.settle()
    shows(page, built_site, built_site.row(query, week["user_id"], wednesday - timedelta(days=1)))

    page.get_by_test_id("select-date").fill(str(wednesday))
    shows(page, built_site, built_site.row(query, week["user_id"], wednesday))

    page.get_by_test_id("back-to-week").click()
    page.wait_for_url("**/weekly-wrapped/**")
    assert visitor.asked("week") == str(week["week_start"])
    visitor.settle()


@pytest.mark.long
def test_there_is_nothing_before_the_first_and_after_the_last_day(visitor: Visitor, built_site: BuiltSite) -> None:
    one = built_site.row("select * from dim_users where plays > 0 order by plays desc, user_id")
    page = visitor.open(f"/day/?listener={one['user_id']}&date={one['first_listening_date']}")
    expect(page.get_by_test_id("previous-day")).to_be_disabled()
    page = visitor.open(f"/day/?listener={one['user_id']}&date={one['last_listening_date']}")
    expect(page.get_by_test_id("next-day")).to_be_disabled()


@pytest.mark.long
def test_without_a_choice_the_newest_day(visitor: Visitor, built_site: BuiltSite) -> None:
    one = built_site.row(
        "select * from dim_users where has_display_name and plays > 0 order by is_sample, display_name"
    )
    page = visitor.open("/day/")
    query = "select * from daily_listening where user_id = ? and listening_date = ?"
    shows(page, built_site, built_site.row(query, one["user_id"], one["last_listening_date"]))
