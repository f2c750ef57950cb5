"""Audio features by day: the published days as lines and squares, and a day one step away."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import groupby

import pytest
from playwright.sync_api import expect

from tests.reports.conftest import PHONE, BuiltSite, Visitor
from tests.reports.words import UNKNOWN, day, minutes, number, percent, plain


@pytest.fixture
def listener(built_site: BuiltSite) -> dict[str, object]:
    return built_site.row("select * from dim_users where has_display_name order by listens desc, user_id")


def test_a_measure_day_by_day(visitor: Visitor, built_site: BuiltSite) -> None:
    """In the table every day; in the line no point for a day without a value, and a gap instead."""
    listener = built_site.row(
        """
        select user_id from daily_listening join dim_users using (user_id) where has_display_name
        group by user_id order by count(*) filter (where valence_pct is null) desc, user_id
        """
    )
    page = visitor.open(f"/audio-features/?listener={listener['user_id']}")
    page.get_by_test_id("select-measure").select_option(label="Valence")
    page.wait_for_url("**measure=valence_pct**")
    chart = page.get_by_test_id("measure-chart")
    chart.get_by_text("As a table").click()
    rows = built_site.rows(
        "select * from daily_listening where user_id = ? order by listening_date", listener["user_id"]
    )
    lines = chart.locator("tbody tr")
    expect(lines).to_have_count(len(rows))
    for line, row in zip(lines.all(), rows, strict=True):
        assert plain(line.locator("th").inner_text()) == day(row["listening_date"])  # type: ignore[arg-type]
        assert plain(line.locator("td").inner_text()) == percent(row["valence_pct"])

    runs = [len(list(run)) for is_known, run in groupby(row["valence_pct"] is not None for row in rows) if is_known]
    assert len(runs) > 1
    drawn = str(chart.locator("path.line").get_attribute("d")).split("M")[1:]
    assert [1 + run.count("L") for run in drawn] == runs


@pytest.mark.long
def test_scores_stand_side_by_side(visitor: Visitor, built_site: BuiltSite, listener: dict[str, object]) -> None:
    page = visitor.open(f"/audio-features/?listener={listener['user_id']}")
    chart = page.get_by_test_id("scores-chart")
    chart.get_by_text("As a table").click()
    newest = chart.locator("tbody tr").last
    rows = built_site.rows(
        """
        select v.score_value from daily_scores as v join scores as s on s.score = v.score
        where v.user_id = ? and v.listening_date = ? order by s.score_order
        """,
        listener["user_id"],
        listener["last_listening_date"],
    )
    assert len(rows) == 3
    assert [plain(text) for text in newest.locator("td").all_inner_texts()] == [
        percent(row["score_value"]) for row in rows
    ]


def test_date_range_limits_everything(visitor: Visitor, built_site: BuiltSite, listener: dict[str, object]) -> None:
    page = visitor.open(f"/audio-features/?listener={listener['user_id']}")
    first, last = date(2026, 6, 1), date(2026, 6, 20)
    page.get_by_test_id("select-from").fill(str(first))
    page.wait_for_url(f"**from={first}**")
    page.get_by_test_id("select-to").fill(str(last))
    page.wait_for_url(f"**to={last}**")
    rows = built_site.rows(
        """
        select * from daily_listening where user_id = ? and listening_date between ? and ?
        order by listening_date desc
        """,
        listener["user_id"],
        first,
        last,
    )
    expect(page.get_by_test_id("range")).to_contain_text(f"{len(rows)}\u00a0days")
    page.get_by_test_id("more-days").click()
    lines = page.get_by_test_id("day-row")
    expect(lines).to_have_count(len(rows))
    for line, row in zip(lines.all(), rows, strict=True):
        assert line.get_attribute("data-date") == str(row["listening_date"])
        cells = [plain(text) for text in line.locator("td").all_inner_texts()]
        assert cells[1].endswith(minutes(row["minutes_listened"]))
        assert cells[2] == number(row["listens"])
        assert (cells[-1].startswith(UNKNOWN)) == (row["vibe"] is None)
    page.reload()
    visitor.settle()
    expect(page.get_by_test_id("select-from")).to_have_value(str(first))


@pytest.mark.long
def test_a_square_opens_its_day(visitor: Visitor, built_site: BuiltSite, listener: dict[str, object]) -> None:
    on = built_site.row(
        "select listening_date from daily_listening where user_id = ? order by plays desc", listener["user_id"]
    )["listening_date"]
    page = visitor.open(f"/audio-features/?listener={listener['user_id']}")
    squares = page.get_by_test_id("calendar-day")
    days = built_site.rows("select 1 from daily_listening where user_id = ?", listener["user_id"])
    expect(squares).to_have_count(len(days))
    page.locator(f"[data-testid=calendar-day][data-date='{on}']").click()
    page.wait_for_url(f"**/day/**date={on}**")
    visitor.settle()
    expect(page.get_by_test_id("hero-title")).to_contain_text(day(on))  # type: ignore[arg-type]
    page.get_by_test_id("next-day").click()
    following = on + timedelta(days=1)  # type: ignore[operator]
    page.wait_for_url(f"**date={following}**")
    expect(page.get_by_test_id("hero-title")).to_contain_text(day(following))
    page.get_by_test_id("previous-day").click()
    expect(page.get_by_test_id("hero-title")).to_contain_text(day(on))  # type: ignore[arg-type]


@pytest.mark.long
def test_keyboard_goes_from_day_to_day(visitor: Visitor, listener: dict[str, object]) -> None:
    page = visitor.open(f"/audio-features/?listener={listener['user_id']}")
    page.get_by_test_id("measure-chart").get_by_role("slider").focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    before = listener["last_listening_date"] - timedelta(days=1)  # type: ignore[operator]
    slider = page.get_by_test_id("measure-chart").get_by_role("slider")
    assert day(before) in plain(slider.get_attribute("aria-valuetext"))
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/day/**date={before}**")

    page = visitor.open(f"/audio-features/?listener={listener['user_id']}")
    page.locator("[data-testid=calendar-day][tabindex='0']").focus()
    page.keyboard.press("ArrowUp")
    focused = page.evaluate("document.activeElement.dataset.date")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/day/**date={focused}**")


@pytest.mark.long
def test_plays_of_a_day_in_order(visitor: Visitor, built_site: BuiltSite, listener: dict[str, object]) -> None:
    on = built_site.row(
        """
        select listening_date, count(*) as plays from fct_plays where user_id = ? group by 1
        having count(*) between 10 and 30 order by 2 desc, 1
        """,
        listener["user_id"],
    )["listening_date"]
    page = visitor.open(f"/day/?listener={listener['user_id']}&date={on}")
    rows = built_site.rows(
        """
        select strftime(p.played_at_local, '%H:%M') as at, t.track_name, t.artist_name, p.listened_ms, p.is_skipped
        from fct_plays as p join dim_tracks as t on t.track_id = p.track_id
        where p.user_id = ? and p.listening_date = ? order by p.played_at, p.play_id
        """,
        listener["user_id"],
        on,
    )
    lines = page.get_by_test_id("play")
    expect(lines).to_have_count(len(rows))
    for line, row in zip(lines.all(), rows, strict=True):
        text = " ".join(line.inner_text().split())
        assert text.startswith(f"{row['at']} {row['track_name']} {row['artist_name']} ")
        seconds = int(row["listened_ms"] / 1000 + 0.5)  # type: ignore[operator]
        assert f"{seconds // 60}:{seconds % 60:02d}" in text
        assert ("skipped" in text) == bool(row["is_skipped"])


@pytest.mark.long
def test_calendar_on_a_phone_scrolls_inside_its_card(new_visitor, listener: dict[str, object]) -> None:  # type: ignore[no-untyped-def]
    page = new_visitor(PHONE).open(f"/audio-features/?listener={listener['user_id']}")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE
