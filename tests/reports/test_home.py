"""The start page says what is published."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.reports.conftest import BuiltSite, Visitor
from tests.reports.words import day, duration, number


def test_state_of_the_data(visitor: Visitor, built_site: BuiltSite) -> None:
    page = visitor.open("/")
    published = built_site.row("select * from publication")
    covered = built_site.row(
        """
        select coalesce(sum(listens), 0) as listens,
               coalesce(sum(listens) filter (where provider is not null), 0) as with_features
        from feature_coverage
        """
    )
    rejected = built_site.row("select coalesce(sum(rows), 0) as rows from rejected_row_counts")
    expect(page.get_by_test_id("home-data-as-of")).to_have_text(day(published["data_as_of"]))  # type: ignore[arg-type]
    expect(page.get_by_test_id("home-plays")).to_have_text(f"{number(published['plays'])} plays")
    expect(page.get_by_test_id("home-listeners")).to_contain_text(f"{number(published['listeners'])} listeners")
    expect(page.get_by_test_id("home-covered")).to_have_text(number(covered["with_features"]))
    expect(page.get_by_test_id("home-coverage")).to_contain_text(f"of {number(covered['listens'])} songs")
    expect(page.get_by_test_id("home-tests")).to_have_text(
        f"{number(published['tests_passed'])} of {number(published['tests_total'])} passed"
    )
    expect(page.get_by_test_id("home-rejected")).to_have_text(number(rejected["rows"]))
    if rejected["rows"]:
        page.get_by_test_id("home-reasons").locator("summary").click()
        for row in built_site.rows("select reason, sum(rows) as rows from rejected_row_counts group by reason"):
            expect(page.get_by_test_id("home-reasons")).to_contain_text(f"{number(row['rows'])}: {row['reason']}")
    if not built_site.rows("select 1 from dim_users where not is_sample"):
        expect(page.get_by_test_id("all-fictional")).to_be_visible()


def test_listeners_open_their_latest_complete_week(visitor: Visitor, built_site: BuiltSite) -> None:
    named = built_site.rows(
        """
        select u.user_id, u.display_name, w.week_start, w.minutes_listened, w.listens, w.vibe
        from dim_users as u
        join weekly_listening as w on w.user_id = u.user_id
        where u.has_display_name and w.is_complete_week
        qualify row_number() over (partition by u.user_id order by w.week_start desc) = 1
        order by u.is_sample, u.display_name
        """
    )
    page = visitor.open("/")
    cards = page.get_by_test_id("listener-card")
    everybody = built_site.rows("select has_display_name from dim_users")
    few = len(everybody) <= 12  # a few people all get a card
    expect(cards).to_have_count(sum(1 for one in everybody if few or one["has_display_name"]))
    for one in named:
        card = cards.filter(has_text=str(one["display_name"])).first
        expect(card).to_contain_text(duration(one["minutes_listened"]))
        expect(card).to_contain_text(f"{number(one['listens'])} song")
        if one["vibe"]:
            expect(card).to_contain_text(str(one["vibe"]))

    cards.filter(has_text=str(named[0]["display_name"])).first.click()
    visitor.page.wait_for_url("**/weekly-wrapped/**")
    visitor.settle()
    assert visitor.asked("listener") == named[0]["user_id"]
    assert visitor.asked("week") == str(named[0]["week_start"])


@pytest.mark.long
def test_a_listener_without_a_name_can_be_found(visitor: Visitor, built_site: BuiltSite) -> None:
    nameless = built_site.rows(
        "select user_id, display_name from dim_users where not has_display_name order by user_id"
    )
    page = visitor.open("/")
    page.locator("summary", has_text="listener").click()
    wanted = nameless[len(nameless) // 2]
    if page.get_by_test_id("find-listener").count():
        page.get_by_test_id("find-listener").fill(str(wanted["display_name"]))
    page.get_by_role("link", name=str(wanted["display_name"])).click()
    page.wait_for_url("**/weekly-wrapped/**")
    visitor.settle()
    assert visitor.asked("listener") == wanted["user_id"]
    expect(page.get_by_test_id("hero-title")).to_contain_text(str(wanted["display_name"]))
