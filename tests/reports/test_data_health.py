"""Data health: fresh, whole, tested; every number as in the published file, and what to do."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.reports.conftest import PROBLEM, BuiltSite, Visitor
from tests.reports.words import UNKNOWN, count, day, number, percent


def rows_of(page: Page, testid: str) -> list[list[str]]:
    return [
        [" ".join(cell.split()) for cell in row.locator("td").all_inner_texts()]
        for row in page.get_by_test_id(testid).all()
    ]


def moment(at: object) -> str:
    return f"{day(at.date())}, {at:%H:%M} UTC"  # type: ignore[attr-defined]


def show_all(page: Page, testid: str) -> None:
    if page.get_by_test_id(testid).count():
        page.get_by_test_id(testid).click()


def test_figures_at_the_top(visitor: Visitor, built_site: BuiltSite) -> None:
    page = visitor.open("/data-health/")
    published = built_site.row("select * from publication")
    expect(page.get_by_test_id("health-data-as-of")).to_have_text(moment(published["data_as_of"]))
    expect(page.get_by_test_id("health-published")).to_contain_text(moment(published["published_at"]))
    expect(page.get_by_test_id("health-tests")).to_have_text(
        f"{number(published['tests_passed'])} of {number(published['tests_total'])} passed"
    )
    expect(page.get_by_test_id("built")).to_contain_text(count(published["models_built"], "model"))
    counted = built_site.row(
        """
        select
            (select count(*) from listening_gaps where open_from_at is not null) as gaps,
            (select sum(listens) from feature_coverage) as listens,
            (select sum(listens) from feature_coverage where provider is not null) as covered,
            (select coalesce(sum(rows), 0) from rejected_row_counts) as rejected,
            (select count(*) from listening_anomalies) as anomalies
        """
    )
    expect(page.get_by_test_id("health-gaps")).to_have_text(f"{number(counted['gaps'])} open")
    expect(page.get_by_test_id("health-covered")).to_have_text(number(counted["covered"]))
    expect(page.get_by_test_id("health-listens")).to_contain_text(count(counted["listens"], "song"))
    expect(page.get_by_test_id("health-rejected")).to_have_text(number(counted["rejected"]))
    expect(page.get_by_test_id("health-anomalies")).to_have_text(number(counted["anomalies"]))
    verdict = page.get_by_test_id("health-verdict").inner_text()
    assert ("open" in verdict and "something to look at" in verdict) == bool(counted["gaps"])


@pytest.mark.long
def test_newest_listening_of_each_listener(visitor: Visitor, built_site: BuiltSite) -> None:
    page = visitor.open("/data-health/")
    show_all(page, "all-listeners")
    rows = built_site.rows(
        "select display_name, last_listening_date, first_listening_date, plays from dim_users order by 2"
    )
    told = rows_of(page, "fresh-row")
    assert sorted(told) == sorted(
        [
            str(row["display_name"]),
            day(row["last_listening_date"]),  # type: ignore[arg-type]
            day(row["first_listening_date"]),  # type: ignore[arg-type]
            number(row["plays"]),
        ]
        for row in rows
    )
    assert [line[1] for line in told] == [day(row["last_listening_date"]) for row in rows]  # type: ignore[arg-type]


def test_gaps_with_their_evidence(visitor: Visitor, built_site: BuiltSite) -> None:
    page = visitor.open("/data-health/")
    gaps = built_site.rows(
        """
        select g.*, u.display_name from listening_gaps as g join dim_users as u on u.user_id = g.user_id
        order by g.open_from_at is null, g.requested_at desc, g.user_id
        """
    )
    assert gaps
    told = rows_of(page, "gap")
    assert len(told) == len(gaps)
    for line, gap in zip(told, gaps, strict=True):
        open_ = gap["open_from_at"] is not None
        assert line[:5] == [
            gap["display_name"],
            day(gap["first_open_date"] if open_ else gap["first_gap_date"]),  # type: ignore[arg-type]
            day(gap["last_open_date"] if open_ else gap["last_gap_date"]),  # type: ignore[arg-type]
            number(gap["gap_hours"], 1),
            str(gap["gap_status"]).capitalize(),
        ]
        for at in ("requested_at", "gap_started_at", "gap_ended_at"):
            assert moment(gap[at]) in line[5]
        if gap["page_size"] is not None:
            assert count(gap["page_size"], "play") in line[5]


def test_coverage_of_all_and_of_one_listener(visitor: Visitor, built_site: BuiltSite) -> None:
    page = visitor.open("/data-health/")
    for row in built_site.rows(
        """
        select provider_or_reason, sum(listens) as listens, count(*) as listeners
        from feature_coverage group by 1
        """
    ):
        expect(page.get_by_test_id(f"bar-{row['provider_or_reason']}")).to_contain_text(
            f"{count(row['listens'], 'song')}, {count(row['listeners'], 'listener')}"
        )
    one = built_site.row(
        """
        select user_id, count(*) as kinds from feature_coverage
        group by 1 order by kinds desc, user_id
        """
    )
    page.get_by_test_id("select-listener").select_option(str(one["user_id"]))
    page.wait_for_url(f"**listener={one['user_id']}**")
    own = built_site.rows("select * from feature_coverage where user_id = ?", one["user_id"])
    expect(page.get_by_test_id("coverage-list").locator("li")).to_have_count(len(own))
    for row in own:
        expect(page.get_by_test_id(f"bar-{row['provider_or_reason']}")).to_contain_text(
            f"{count(row['listens'], 'song')} ({percent(row['listens_share_pct'], 1)})"
        )


def test_one_listener_is_shared_by_the_address(visitor: Visitor, built_site: BuiltSite) -> None:
    gap = built_site.row("select user_id from listening_gaps order by user_id")
    name = built_site.row("select display_name from dim_users where user_id = ?", gap["user_id"])["display_name"]
    page = visitor.open(f"/data-health/?listener={gap['user_id']}")
    expect(page.get_by_test_id("select-listener")).to_have_value(str(gap["user_id"]))
    expect(page.get_by_test_id("fresh-row")).to_have_count(1)
    expect(page.get_by_test_id("health-verdict")).to_contain_text(str(name))
    assert {line[0] for line in rows_of(page, "gap")} == {name}

    other = built_site.row(
        "select user_id from dim_users where user_id not in (select user_id from listening_gaps) order by user_id"
    )
    page.get_by_test_id("select-listener").select_option(str(other["user_id"]))
    page.wait_for_url(f"**listener={other['user_id']}**")
    expect(page.get_by_test_id("gap")).to_have_count(0)
    expect(page.get_by_test_id("health-verdict")).to_contain_text("Nothing needs attention")
    page.get_by_test_id("select-listener").select_option("")
    page.wait_for_url("**/data-health/")
    expect(page.get_by_test_id("gap")).not_to_have_count(0)
    visitor.open("/data-health/?listener=nobody-of-that-name")
    expect(page.get_by_test_id("notice")).to_contain_text("not on this site")


def test_rejected_rows_say_why_and_what_to_do(visitor: Visitor, built_site: BuiltSite) -> None:
    page = visitor.open("/data-health/")
    rows = built_site.rows("select * from rejected_row_counts order by rows desc, source, reason")
    assert rows
    assert rows_of(page, "rejected-row") == [
        [str(row["reason"]), str(row["source"]).replace("_", " ").capitalize(), number(row["rows"])] for row in rows
    ]
    expect(page.locator("section", has=page.get_by_test_id("rejected-table"))).to_contain_text(
        "raw_spotify.rejected_rows"
    )


def test_what_was_loaded(visitor: Visitor, built_site: BuiltSite) -> None:
    page = visitor.open("/data-health/")
    for row in built_site.rows(
        """
        select source, count(*) as files, max(loaded_at) as at, sum(rows_read) as read, sum(rows_loaded) as loaded,
               sum(rows_set_aside) as aside, sum(rows_repeated) as repeated, sum(rows_rejected) as rejected
        from load_history group by 1
        """
    ):
        cells = rows_of(page, f"load-source-{row['source']}")[0]
        assert cells == [
            f"{str(row['source']).replace('_', ' ').capitalize()} {count(row['files'], 'file')}",
            moment(row["at"]),
            *(number(row[name]) for name in ("read", "loaded", "aside", "repeated", "rejected")),
        ]
    show_all(page, "all-files")
    files = built_site.rows("select * from load_history")
    told = rows_of(page, "load-file")
    assert sorted(told) == sorted(
        [
            f"{row['file']} {str(row['source']).replace('_', ' ').capitalize()}",
            moment(row["loaded_at"]),
            number(row["rows_read"]),
            number(row["rows_rejected"]),
            number(row["rows_new"]) if row["rows_new"] is not None else f"{UNKNOWN} {row['rows_new_null_reason']}",
        ]
        for row in files
    )
    rejected = [line[3] != "0" for line in told]
    assert rejected == sorted(rejected, reverse=True), "files with rejected rows stand before the others"


@pytest.mark.long
def test_thresholds_of_unusual_listening_say_why(visitor: Visitor, built_site: BuiltSite) -> None:
    page = visitor.open("/data-health/")
    page.get_by_text("What counts as unusual, and why").click()
    for row in built_site.rows("select * from anomaly_thresholds"):
        expect(page.get_by_test_id(f"constant-{row['threshold']}")).to_contain_text(str(row["rationale"]))


@pytest.mark.long
def test_lineage_and_definitions_are_one_click_away(visitor: Visitor) -> None:
    page = visitor.open("/data-health/")
    page.get_by_role("link", name="How gaps are found").click()
    page.wait_for_url("**/definitions/#gap")
    page.go_back()
    page.get_by_test_id("lineage").click()
    page.wait_for_url("**/docs/index.html")


# ---- a site with much that can be wrong ----


@pytest.mark.long
def test_trouble_stands_first(troubled_visitor: Visitor, troubled: BuiltSite) -> None:
    page = troubled_visitor.open("/data-health/")
    verdict = page.get_by_test_id("health-verdict").inner_text()
    broken = troubled.rows("select * from load_history where problem is not null")
    assert "2 tests warn" in " ".join(verdict.split())
    assert f"{len(broken)} file" in " ".join(verdict.split())
    assert "1 day, week or play looks unusual" in " ".join(verdict.split())
    first = page.get_by_test_id("load-file").first
    expect(first.get_by_test_id("load-problem")).to_have_text(PROBLEM)
    expect(page.get_by_test_id("anomaly")).to_have_count(1)
    expect(page.get_by_test_id("anomaly")).to_contain_text("On this date 27.5 hours were listened to.")
