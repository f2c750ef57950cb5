"""Scorecard: who is better, said by the published intervals and verdicts."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.reports.conftest import BuiltSite, Visitor
from tests.reports.words import UNKNOWN, number, percent, plain, points
from tests.sharing import mostly_long

METRICS = ("similarity", "skill", "hit_rate", "mrr", "ndcg")


def written(unit: object, value: object) -> str:
    return percent(value, 1) if unit == "percent" else number(value, 3)


def signed(unit: object, value: object) -> str:
    if unit == "percent" or value is None:
        return points(value)
    size = number(abs(float(str(value))), 3)
    return size if float(size) == 0 else f"{'−' if float(str(value)) < 0 else '+'}{size}"


def name(site: BuiltSite, recommender: object, version: object) -> str:
    versions = site.rows(
        "select distinct recommender_version from recommender_scorecard where recommender = ?", recommender
    )
    return f"{recommender} {version}" if len(versions) > 1 else str(recommender)


@pytest.mark.parametrize("metric", mostly_long(METRICS, "hit_rate"))
def test_every_recommender_with_its_interval(visitor: Visitor, built_site: BuiltSite, metric: str) -> None:
    page = visitor.open(f"/scorecard/?metric={metric}")
    horizon = visitor.asked("horizon")
    rows = built_site.rows(
        """
        select s.*, m.unit from recommender_scorecard as s join recommender_metrics as m on m.metric = s.metric
        where s.period = 'all weeks' and s.metric = ? and s.horizon in ('none', ?)
        """,
        metric,
        horizon,
    )
    assert len(rows) > 5
    for row in rows:
        line = page.get_by_test_id("ranking").get_by_test_id(
            f"interval-{row['recommender']}-{row['recommender_version']}"
        )
        expect(line).to_contain_text(name(built_site, row["recommender"], row["recommender_version"]))
        expect(line.get_by_test_id("value")).to_have_text(written(row["unit"], row["metric_value"]))
        if row["interval_low"] is None:
            why = built_site.row(
                "select sentence from missing_value_reasons where subject = 'interval' and reason = ?",
                row["interval_null_reason"],
            )
            expect(line.get_by_test_id("range")).to_have_text(str(why["sentence"]))
        else:
            low, high = (written(row["unit"], row[f"interval_{end}"]) for end in ("low", "high"))
            expect(line.get_by_test_id("range")).to_have_text(f"{low} to {high}")


@pytest.mark.long
def test_the_best_stands_first(visitor: Visitor, built_site: BuiltSite) -> None:
    page = visitor.open("/scorecard/?metric=hit_rate&horizon=short")
    best = built_site.row(
        """
        select recommender, recommender_version from recommender_scorecard
        where period = 'all weeks' and metric = 'hit_rate' and horizon = 'short' order by metric_value desc
        """
    )
    first = page.get_by_test_id("ranking").locator("tbody tr").first
    expect(first).to_contain_text(name(built_site, best["recommender"], best["recommender_version"]))


def test_verdicts_are_those_of_the_comparison(visitor: Visitor, built_site: BuiltSite) -> None:
    """Chosen as a person would: another metric by its name, then a recommender to compare."""
    page = visitor.open("/scorecard/")
    page.get_by_test_id("metric-skill").check(force=True)
    page.wait_for_url("**metric=skill**")
    pairs = built_site.rows(
        """
        select * from recommender_comparison
        where comparison_kind = 'recommenders' and metric = 'skill'
            and 'mirror' in (first_recommender, second_recommender)
        """
    )
    assert len(pairs) > 4
    page.get_by_test_id("select-model").select_option("mirror")
    lines = page.get_by_test_id("pairs").locator("tbody tr")
    expect(lines).to_have_count(len(pairs))
    told = " ".join(page.get_by_test_id("pairs").inner_text().split())
    for pair in pairs:
        first = name(built_site, pair["first_recommender"], pair["first_version"])
        second = name(built_site, pair["second_recommender"], pair["second_version"])
        better, worse = (first, second) if str(pair["verdict"]).startswith("first") else (second, first)
        if str(pair["verdict"]).endswith("is better"):
            assert f"{better} is better than {worse}" in told
        else:
            assert str(pair["verdict"]) in told
        turn = 1 if pair["first_recommender"] == "mirror" else -1
        if pair["difference"] is not None:
            assert signed("0 to 1", turn * float(str(pair["difference"]))) in told


@pytest.mark.long
def test_changes_say_whether_they_helped(visitor: Visitor, built_site: BuiltSite) -> None:
    page = visitor.open("/scorecard/?metric=hit_rate&horizon=short")
    changes = built_site.rows(
        """
        select * from recommender_comparison
        where comparison_kind <> 'recommenders' and metric = 'hit_rate' and horizon = 'short'
        """
    )
    assert changes
    expect(page.get_by_test_id("change")).to_have_count(len(changes))
    told = " ".join(page.get_by_test_id("changes").inner_text().split())
    for change in changes:
        assert f"{percent(change['first_value'], 1)} against {percent(change['second_value'], 1)}" in told


@pytest.mark.long
def test_trend_shows_the_published_weeks(visitor: Visitor, built_site: BuiltSite) -> None:
    page = visitor.open("/scorecard/?metric=similarity")
    page.get_by_test_id("select-trend").select_option(label="knn")
    chart = page.get_by_test_id("trend")
    chart.get_by_text("As a table").click()
    rows = built_site.rows(
        """
        select * from recommender_scorecard
        where period = 'week' and metric = 'similarity' and recommender = 'knn' order by week_start
        """
    )
    cells = chart.locator("tbody tr")
    expect(cells).to_have_count(len(rows))
    for line, row in zip(cells.all(), rows, strict=True):
        shown = [plain(text) for text in line.locator("td").all_inner_texts()]
        assert shown[0] == percent(row["metric_value"])
        assert shown[1] == (UNKNOWN if row["interval_low"] is None else percent(row["interval_low"]))


@pytest.mark.long
def test_described_metrics(visitor: Visitor, built_site: BuiltSite) -> None:
    page = visitor.open("/scorecard/?metric=hit_rate&horizon=long")
    rows = built_site.rows(
        """
        select s.*, m.unit from recommender_scorecard as s join recommender_metrics as m on m.metric = s.metric
        where s.period = 'all weeks' and not m.has_interval and s.horizon in ('none', 'long')
        """
    )
    assert len({row["metric"] for row in rows}) == 6
    for row in rows:
        line = page.get_by_test_id(f"described-{row['recommender']}-{row['recommender_version']}")
        cell = line.get_by_test_id(f"described-{row['metric']}")
        expect(cell).to_have_text(written(row["unit"], row["metric_value"]))


@pytest.mark.long
def test_shared_address_shows_the_same(visitor: Visitor, built_site: BuiltSite) -> None:
    page = visitor.open("/scorecard/?metric=mrr&horizon=long")
    expect(page.get_by_test_id("metric-mrr")).to_be_checked()
    expect(page.get_by_test_id("select-horizon")).to_have_value("long")
    days = built_site.row("select value from diagnostic_constants where constant = 'long_horizon_days'")["value"]
    expect(page.get_by_role("heading", level=2).first).to_contain_text(f"{number(days)}\u00a0days")
