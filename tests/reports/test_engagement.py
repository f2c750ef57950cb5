"""Engagement: who listens and comes back, what goes with it, what was said; every number as in the published file."""

from __future__ import annotations

import re
from itertools import accumulate
from urllib.parse import quote_plus

import pytest
from playwright.sync_api import Locator, Page, Response, expect

from tests.reports.conftest import PHONE, BuiltSite, Visitor
from tests.reports.words import UNKNOWN, count, day, duration, number, percent, points, week
from tests.sharing import mostly_long

SEGMENT = "segment_kind = ? and segment = ?"
EVERYBODY = ("everybody", "everybody")


def address(kind: str, segment: str, **more: str) -> str:
    asked = {"kind": kind, "segment": segment, **more}
    return "/engagement/?" + "&".join(f"{name}={quote_plus(value)}" for name, value in asked.items())


def words_of(place: Locator) -> str:
    return " ".join(place.inner_text().split())


def latest(site: BuiltSite, kind: str, segment: str) -> dict[str, object]:
    return site.row(
        f"select * from weekly_engagement where {SEGMENT} order by is_complete_week desc, week_start desc",
        kind,
        segment,
    )


def shows_the_latest_week(page: Page, site: BuiltSite, kind: str, segment: str) -> None:
    row = latest(site, kind, segment)
    expect(page.get_by_test_id("now-active")).to_have_text(number(row["active_listeners"]))
    expect(page.get_by_test_id("now-minutes")).to_have_text(number(row["minutes_per_active_listener"]))
    expect(page.get_by_test_id("now-came")).to_have_text(
        f"{number(row['new_listeners'])} + {number(row['resurrected_listeners'])}"
    )
    expect(page.get_by_test_id("now-lost")).to_have_text(number(row["lost_listeners"]))
    said = words_of(page.get_by_test_id("engagement-verdict"))
    assert said.startswith(
        f"In the week {week(row['week_start'])}, {number(row['active_listeners'])} of "  # type: ignore[arg-type]
        f"{count(row['listeners'], 'listener')} listened"
    )
    if row["active_listeners"]:
        assert f"{duration(row['minutes_per_active_listener'])} each" in said
    else:
        assert "each" not in said
    assert (f"{number(row['returning_listeners'])} had also listened the week before" in said) == bool(
        row["returning_listeners"]
    )
    assert ("came back after a pause" in said) == bool(row["resurrected_listeners"])
    assert ("Everybody from the week before returned" in said) == (not row["lost_listeners"])


def table_of(chart: Locator) -> list[list[str]]:
    """The rows of a chart's table, opened as a reader would."""
    chart.locator("summary").click()
    expect(chart.locator("tbody tr").first).to_be_visible()
    return [
        [" ".join(cell.split()) for cell in row.locator("th, td").all_inner_texts()]
        for row in chart.locator("tbody tr").all()
    ]


def parts_of(chart: Locator) -> tuple[float, float, list[list[float]]]:
    """The line at zero, pixels per listener, and upper edge and height of each part of a column in order."""
    return tuple(  # type: ignore[return-value]
        chart.evaluate(
            """(chart) => {
                const place = (one) => Number(one.getAttribute('y1'));
                const marks = [...chart.querySelectorAll('.plot line')].map((one) =>
                    [place(one), Number(one.nextElementSibling.textContent)]);
                const zero = place(chart.querySelector('.plot line.axis'));
                const [top, value] = marks[marks.length - 1];
                const parts = [...chart.querySelectorAll('.plot rect')].map((one) =>
                    [Number(one.getAttribute('y')), Number(one.getAttribute('height'))]);
                return [zero, (zero - top) / value, parts];
            }"""
        )
    )


def test_the_latest_complete_week_in_figures_and_words(visitor: Visitor, built_site: BuiltSite) -> None:
    page = visitor.open("/engagement/")
    shows_the_latest_week(page, built_site, *EVERYBODY)


def test_each_week_stands_in_the_charts_tables(visitor: Visitor, built_site: BuiltSite) -> None:
    page = visitor.open("/engagement/")
    rows = built_site.rows(f"select * from weekly_engagement where {SEGMENT} order by week_start", *EVERYBODY)

    told = table_of(page.get_by_test_id("come-and-go"))
    columns = ("returning_listeners", "resurrected_listeners", "new_listeners", "lost_listeners")
    assert told == [[week(row["week_start"]), *(number(row[name]) for name in columns)] for row in rows]  # type: ignore[arg-type]

    # Each part of a column begins where the one before it ends
    zero, unit, parts = parts_of(page.get_by_test_id("come-and-go"))
    stacked = []
    for row in rows:
        returning, resurrected, new, lost = (int(str(row[name])) for name in columns)
        ends = accumulate((returning, resurrected, new))
        up = [[zero - unit * end, unit * n] for n, end in zip((returning, resurrected, new), ends, strict=True) if n]
        stacked += [*up, *([[zero, unit * lost]] if lost else [])]
    assert len(stacked) > len(rows)
    assert parts == [pytest.approx(part) for part in stacked]

    told = table_of(page.get_by_test_id("per-listener"))
    assert [line[0] for line in told] == [week(row["week_start"]) for row in rows]  # type: ignore[arg-type]
    for line, row in zip(told, rows, strict=True):
        # The second column, if there is one, holds the weeks that are not complete
        assert number(row["minutes_per_active_listener"]) in line[1:]
        assert (line[1] == UNKNOWN) == (not row["is_complete_week"])


@pytest.mark.long
def test_minutes_a_day_are_those_of_everybody(visitor: Visitor, built_site: BuiltSite) -> None:
    page = visitor.open("/engagement/")
    page.get_by_test_id("by-day").check(force=True)
    chart = page.get_by_test_id("all-minutes")
    expect(chart.get_by_role("heading")).to_have_text("Total minutes, by day")
    told = table_of(chart)
    rows = built_site.rows(
        "select listening_date, sum(minutes_listened) as minutes from daily_listening group by 1 order by 1"
    )
    assert told == [[day(row["listening_date"]), number(row["minutes"])] for row in rows]  # type: ignore[arg-type]
    visitor.check()


@pytest.mark.long
def test_lost_listeners_whose_data_may_simply_end(visitor: Visitor, built_site: BuiltSite) -> None:
    page = visitor.open("/engagement/")
    row = built_site.row(
        f"""
        select sum(lost_listeners) as lost, sum(unobserved_lost_listeners) as unobserved
        from weekly_engagement where {SEGMENT}
        """,
        *EVERYBODY,
    )
    assert row["unobserved"]
    assert f"In {number(row['unobserved'])} of {count(row['lost'], 'case')} the data may simply end there" in words_of(
        page.get_by_test_id("lost-note")
    )


@pytest.mark.parametrize("width", mostly_long([1440, PHONE]))
def test_retention_is_that_of_the_published_file(new_visitor, built_site: BuiltSite, width: int) -> None:  # type: ignore[no-untyped-def]
    """Cell by cell, through all columns; what is not observed says so, what has not come yet is empty."""
    kind, segment = built_site.rows(
        """
        select segment_kind, segment from weekly_retention
        group by all order by count(*) filter (where retention_pct is null) desc, 1, 2
        """
    )[0].values()
    rows = built_site.rows(f"select * from weekly_retention where {SEGMENT}", kind, segment)
    published = {(row["cohort_week"], row["weeks_since"]): row for row in rows}
    assert any(row["retention_pct"] is None for row in rows)
    page = new_visitor(width).open(address(str(kind), str(segment)))
    table = page.get_by_test_id("retention")
    after = table.get_by_role("button", name="Columns after")
    if table.get_by_test_id("heat-all").count():
        table.get_by_test_id("heat-all").click()
    cohorts = sorted({row["cohort_week"] for row in rows})  # type: ignore[type-var]
    seen: set[tuple[object, object]] = set()
    while True:
        heads = [int(text) for text in table.locator("thead th").all_inner_texts()[1:]]
        for cohort in cohorts:
            line = table.get_by_test_id(f"heat-{cohort}")
            cells = line.locator("td").all()
            assert len(cells) == len(heads)
            for since, cell in zip(heads, cells, strict=True):
                row = published.get((cohort, since))
                seen.add((cohort, since))
                said = words_of(cell)
                if row is None:
                    assert said == "Not yet: these weeks are still ahead."
                elif row["retention_pct"] is None:
                    assert said.startswith(UNKNOWN), said
                    assert "ends before this week" in said
                else:
                    kept, observed = number(row["kept_listeners"]), number(row["observed_listeners"])
                    assert said == f"{percent(row['retention_pct'])} {kept} of {observed}"
        if not after.count() or after.is_disabled():
            break
        after.click()
    assert set(published) <= seen


@pytest.mark.long
def test_a_segment_is_chosen_shared_and_linked(visitor: Visitor, built_site: BuiltSite) -> None:
    kind, segment = built_site.rows(
        "select segment_kind, segment from weekly_engagement where segment_kind = 'genre' order by segment limit 1"
    )[0].values()
    page = visitor.open("/engagement/")
    page.get_by_test_id("select-segment").select_option(label=str(segment))
    page.wait_for_url("**segment=**")
    visitor.settle()
    assert (visitor.asked("kind"), visitor.asked("segment")) == (kind, segment)
    shows_the_latest_week(page, built_site, str(kind), str(segment))
    expect(page.get_by_test_id("by-day")).to_have_count(0)
    page.reload()
    visitor.settle()
    shows_the_latest_week(page, built_site, str(kind), str(segment))
    page.get_by_test_id("about-segment").get_by_role("link", name=str(segment)).click()
    page.wait_for_url("**/segments/**")
    visitor.settle()
    expect(page.get_by_test_id("segment-title")).to_contain_text(str(segment))


@pytest.mark.long
def test_an_unknown_segment_is_everybody_and_says_so(visitor: Visitor, built_site: BuiltSite) -> None:
    page = visitor.open(address("genre", "no such genre"))
    expect(page.get_by_test_id("notice")).to_contain_text("not on this site")
    shows_the_latest_week(page, built_site, *EVERYBODY)


def labels(site: BuiltSite) -> dict[str, str]:
    rows = site.rows(
        """
        select 'audio feature ' || audio_feature as key, label from audio_features
        union all select 'score ' || score, label || ' (score)' from scores
        """
    )
    return {str(row["key"]): str(row["label"]) for row in rows}


@pytest.mark.parametrize("outcome", mostly_long(["completion", "skip rate", "repeat rate"], "skip rate"))
def test_what_drives_an_outcome(visitor: Visitor, built_site: BuiltSite, outcome: str) -> None:
    """Slopes with their intervals; the sentence names exactly those with a clear effect."""
    rows = built_site.rows("select * from feature_engagement_slopes where outcome = ?", outcome)
    words = built_site.row("select * from engagement_outcomes where outcome = ?", outcome)
    called = labels(built_site)
    page = visitor.open("/engagement/")
    page.get_by_test_id("select-outcome").select_option(outcome)
    page.wait_for_url(f"**outcome={quote_plus(outcome)}**")
    visitor.settle()
    expect(page.get_by_test_id("outcome-meaning")).to_contain_text(str(words["meaning"]))
    plot = page.get_by_test_id("slopes")
    expect(plot.locator("tbody tr")).to_have_count(len(rows))
    for row in rows:
        key = f"{row['measure_kind']} {row['measure']}"
        line = plot.get_by_test_id(f"interval-{key}")
        expect(line.get_by_test_id("value")).to_have_text(points(row["slope_pp"]))
        expect(line.get_by_test_id("range")).to_have_text(
            f"{points(row['slope_low_pp'])} to {points(row['slope_high_pp'])}"
        )
        effect = "clear effect" if row["is_told_from_zero"] else "no clear effect"
        assert words_of(line.locator("th")) == f"{called[key]} {effect}"
    said = words_of(page.get_by_test_id("drivers-verdict"))
    for sign, end in ((1, words["when_higher"]), (-1, words["when_lower"])):
        named = {
            called[f"{row['measure_kind']} {row['measure']}"]
            for row in rows
            if row["is_told_from_zero"] and float(str(row["slope_pp"])) * sign > 0
        }
        found = re.search(rf"Songs with more ([^.]*) {end}\.", said)
        assert set(re.split(r", | and ", found[1]) if found else []) == named
    expect(page.get_by_role("complementary")).to_contain_text("Association, not cause")


@pytest.mark.long
def test_tenths_of_a_feature(visitor: Visitor, built_site: BuiltSite) -> None:
    """Another outcome and another feature are one address; the tenths have their intervals, or say why not."""
    chosen = built_site.row(
        """
        select measure_kind, measure from feature_engagement
        where repeat_rate_low_pct is null order by measure_kind, measure
        """
    )
    rows = built_site.rows(
        "select * from feature_engagement where measure_kind = ? and measure = ? order by decile", *chosen.values()
    )
    key = f"{chosen['measure_kind']} {chosen['measure']}"
    page = visitor.open("/engagement/?outcome=repeat+rate")
    page.get_by_test_id("select-measure").select_option(key)
    page.wait_for_url(f"**measure={quote_plus(key)}**")
    visitor.settle()
    assert visitor.asked("outcome") == "repeat rate"
    lines = page.get_by_test_id("deciles").locator("tbody tr")
    expect(lines).to_have_count(len(rows))
    for line, row in zip(lines.all(), rows, strict=True):
        band = f"{percent(row['decile_from_pct'])} to {percent(row['decile_to_pct'])}"
        assert words_of(line.locator("th")) == f"{band} tenth {number(row['decile'])} of 10"
        expect(line.get_by_test_id("value")).to_have_text(percent(row["repeat_rate_pct"], 1))
        expect(line.get_by_test_id("n")).to_have_text(number(row["repeat_known_listens"]))
        if row["repeat_rate_low_pct"] is None:
            assert "data" in words_of(line.get_by_test_id("range")) or "Too few" in words_of(
                line.get_by_test_id("range")
            )
        else:
            expect(line.get_by_test_id("range")).to_have_text(
                f"{percent(row['repeat_rate_low_pct'], 1)} to {percent(row['repeat_rate_high_pct'], 1)}"
            )
    slope = built_site.row(
        "select * from feature_engagement_slopes where measure_kind = ? and measure = ? and outcome = 'repeat rate'",
        *chosen.values(),
    )
    said = words_of(page.get_by_test_id("measure-verdict"))
    assert points(slope["slope_pp"]) in said
    assert ("There is no clear effect" in said) == (not slope["is_told_from_zero"])


@pytest.mark.parametrize("segment", mostly_long([EVERYBODY, None], EVERYBODY))
def test_what_listeners_said(visitor: Visitor, built_site: BuiltSite, segment: tuple[str, str] | None) -> None:
    if segment is None:
        found = built_site.row(
            "select segment_kind, segment from feedback_summary where segment_kind = 'sound cluster' order by segment"
        )
        segment = (str(found["segment_kind"]), str(found["segment"]))
    page = visitor.open("/engagement/" if segment == EVERYBODY else address(*segment))
    rows = built_site.rows(f"select * from feedback_summary where {SEGMENT}", *segment)
    groups = [row for row in rows if row["track_vibe"] == "every vibe"]
    assert len(groups) > 3
    lines = page.get_by_test_id("feedback-table").locator("tbody tr")
    expect(lines).to_have_count(len(groups))
    for row in groups:
        names = (row["feedback_source"], row["recommender"], row["recommender_version"])
        group = " ".join(str(name) for name in names if name)
        line = page.get_by_test_id(f"feedback-{group}")
        expect(line.get_by_test_id("positive")).to_have_text(percent(row["positive_share_pct"], 1))
        expect(line.get_by_test_id("verdicts")).to_have_text(number(row["verdicts"]))
        if row["mean_rating_pct"] is None:
            expect(line.get_by_test_id("mean-rating")).to_contain_text("Nobody gave a rating.")
        else:
            expect(line.get_by_test_id("mean-rating")).to_have_text(percent(row["mean_rating_pct"], 1))
        cells = {
            str(one["track_vibe"]): f"{percent(one['positive_share_pct'])} of {number(one['verdicts'])}"
            for one in rows
            if one["track_vibe"] != "every vibe"
            and (one["feedback_source"], one["recommender"], one["recommender_version"]) == names
        }
        heat = page.get_by_test_id("feedback-vibes")
        heads = [" ".join(text.split()) for text in heat.locator("thead th").all_inner_texts()[1:]]
        told = [words_of(cell) for cell in heat.get_by_test_id(f"heat-{group}").locator("td").all()]
        expected = {vibe[0].upper() + vibe[1:]: said for vibe, said in cells.items()}
        assert {head: said for head, said in zip(heads, told, strict=True) if head in expected} == expected
    whole = next(row for row in groups if row["feedback_source"] == "all")
    said = words_of(page.get_by_test_id("feedback-verdict"))
    assert f"{percent(whole['positive_share_pct'])} of {count(whole['verdicts'], 'verdict')} are positive" in said


@pytest.mark.long
def test_charts_can_be_read_with_the_keyboard(visitor: Visitor, built_site: BuiltSite) -> None:
    page = visitor.open("/engagement/")
    rows = built_site.rows(f"select * from weekly_engagement where {SEGMENT} order by week_start", *EVERYBODY)
    chart = page.get_by_test_id("come-and-go").get_by_role("slider")
    chart.focus()
    page.keyboard.press("Home")
    for row in rows[:2]:
        told = week(row["week_start"]).replace(" ", r"\s")  # type: ignore[arg-type]
        gone = number(row["lost_listeners"])
        expect(chart).to_have_attribute("aria-valuetext", re.compile(rf"^{told}: .*Lost {gone}$"))
        page.keyboard.press("ArrowRight")


@pytest.mark.long
def test_the_page_loads_little(visitor: Visitor) -> None:
    """One segment's rows, not those of all."""
    files: list[Response] = []
    visitor.page.on("response", lambda one: files.append(one) if one.url.endswith((".parquet", ".arrow")) else None)
    visitor.open("/engagement/")
    # What is asked for again comes from the browser's cache
    assert 0 < sum({one.url: int(one.headers["content-length"]) for one in files}.values()) < 200_000


# ---- a site with much that can be missing ----


@pytest.mark.long
def test_without_intervals_no_effect_is_clear(troubled_visitor: Visitor, troubled: BuiltSite) -> None:
    why = str(
        troubled.row(
            "select sentence from missing_value_reasons where subject = 'interval' and reason = 'not enough data'"
        )["sentence"]
    )
    page = troubled_visitor.open("/engagement/")
    said = words_of(page.get_by_test_id("drivers-verdict"))
    assert said == f"{why} No effect is clear yet."
    for plot in ("slopes", "deciles"):
        for line in page.get_by_test_id(plot).locator("tbody tr").all():
            expect(line.get_by_test_id("range")).to_have_text(why)
            assert "clear effect" not in words_of(line.locator("th"))
    assert why.removesuffix(".") in words_of(page.get_by_test_id("measure-verdict"))


@pytest.mark.long
def test_a_week_in_part_and_a_week_of_nobody(troubled_visitor: Visitor, troubled: BuiltSite) -> None:
    page = troubled_visitor.open("/engagement/")
    newest = troubled.row("select max(week_start) as week_start from weekly_engagement")["week_start"]
    expect(page.get_by_test_id("partly")).to_contain_text(week(newest))  # type: ignore[arg-type]
    expect(page.get_by_test_id("now-active")).to_have_text("0")
    expect(page.get_by_test_id("now-minutes")).to_have_text(UNKNOWN)
    expect(page.locator("dl", has=page.get_by_test_id("now-minutes"))).to_contain_text("Nobody listened in this week.")
    told = table_of(page.get_by_test_id("per-listener"))
    assert told[-1][1] == UNKNOWN, "a week in part is no point of the line"
    assert told[-1][2] != UNKNOWN


@pytest.mark.long
def test_a_name_that_needs_quoting(troubled_visitor: Visitor, troubled: BuiltSite) -> None:
    """In SQL, in the address, in a link from one page to the other."""
    name = "children's & rock'n'roll"
    page = troubled_visitor.open(address("genre", name))
    expect(page.get_by_test_id("about-segment")).to_contain_text(name)
    shows_the_latest_week(page, troubled, "genre", name)
    page.get_by_test_id("about-segment").get_by_role("link", name=name).click()
    page.wait_for_url("**/segments/**")
    troubled_visitor.settle()
    expect(page.get_by_test_id("segment-title")).to_have_text(name)
    top = troubled.row("select * from segment_top_tracks where segment = ? order by top_track_number", name)
    expect(page.get_by_test_id("top-tracks-row").first).to_contain_text(str(top["track_name"]))
