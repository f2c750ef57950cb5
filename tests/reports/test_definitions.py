"""The Definitions page is read from the published seeds, and every link into it finds its place."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from tests.reports.conftest import BuiltSite, Visitor
from tests.reports.words import day, number, percent


def test_weights_bands_and_rules_are_those_published(visitor: Visitor, built_site: BuiltSite) -> None:
    page = visitor.open("/definitions/")
    labels = {row["audio_feature"]: row["label"] for row in built_site.rows("select * from audio_features")}
    for row in built_site.rows("select * from score_weights"):
        text = " ".join(page.get_by_test_id(f"weights-{row['score']}").all_inner_texts())
        assert f"Version {row['version']}" in text
        label = labels[row["audio_feature"]]
        assert f"{f'(100 − {label})' if row['inverted'] else label} × {float(str(row['weight'])):g}" in text
    bands = page.get_by_test_id("band")
    expect(bands).to_have_count(built_site.row("select count(*) as n from vibe_thresholds")["n"])  # type: ignore[arg-type]
    for row in built_site.rows("select * from vibe_thresholds"):
        band = bands.filter(has_text=str(row["vibe"])).first
        expect(band).to_contain_text(f"{'from' if row['lower_inclusive'] else 'above'} {row['lower_pct']:g} %")
        expect(band).to_contain_text(f"{'and including' if row['upper_inclusive'] else 'below'} {row['upper_pct']:g} %")
    for row in built_site.rows("select * from listen_rules"):
        seconds = f"{float(str(row['minimum_listened_ms'])) / 1000:g} seconds"
        expect(page.get_by_test_id("listen-rule").filter(has_text=f"Version {row['version']}")).to_contain_text(seconds)
    k = built_site.row("select value from diagnostic_constants where constant = 'similarity_k'")["value"]
    expect(page.get_by_test_id("similarity-k")).to_have_text(f"{float(str(k)):g}")
    sounds = page.get_by_test_id("sound")
    expect(sounds).to_have_count(built_site.row("select count(*) as n from sound_clusters")["n"])  # type: ignore[arg-type]
    for row in built_site.rows("select * from sound_clusters"):
        sound = sounds.filter(has_text=str(row["meaning"]))
        expect(sound).to_contain_text(str(row["sound_cluster"]))
        features = built_site.rows("select audio_feature from audio_features order by feature_order")
        expect(sound.locator("td.num")).to_have_text([percent(row[f"{one['audio_feature']}_pct"]) for one in features])
    for table, key in (("diagnostic_constants", "constant"), ("anomaly_thresholds", "threshold")):
        for row in built_site.rows(f"select * from {table}"):
            constant = page.get_by_test_id(f"constant-{row[key]}")
            expect(constant).to_contain_text(f"{float(str(row['value'])):,g} {row['unit']}")
            expect(constant).to_contain_text(str(row["rationale"]))
    versions = page.get_by_test_id("versions")
    for row in built_site.rows("select * from definition_versions"):
        expect(versions).to_contain_text(str(row["rationale"]))


@pytest.mark.long
def test_versions_say_which_is_in_use_and_until_when(visitor: Visitor, built_site: BuiltSite) -> None:
    page = visitor.open("/definitions/")
    rows = built_site.rows(
        """
        select *,
            lead(valid_from) over of_family - interval 1 day as last_date,
            row_number() over of_family = 1 as is_first,
            valid_from = max(valid_from) filter (
                where valid_from <= (select max(week_start) from weekly_listening)
            ) over (partition by family) as is_in_use
        from definition_versions
        window of_family as (partition by family order by valid_from)
        """
    )
    lines = page.get_by_test_id("versions").locator("tbody tr")
    expect(lines).to_have_count(len(rows))
    for row in rows:
        line = lines.filter(has_text=str(row["rationale"]))
        expect(line.get_by_test_id("in-use")).to_have_count(1 if row["is_in_use"] else 0)
        since = "The beginning" if row["is_first"] else day(row["valid_from"])  # type: ignore[arg-type]
        expect(line).to_contain_text(since)
        if row["last_date"]:
            expect(line).to_contain_text(f"to {day(row['last_date'])}")  # type: ignore[arg-type]
    for row in built_site.rows("select * from scores"):
        span = page.locator(f"dt[id='{row['score']}']").get_by_test_id("score-span")
        first, last = row["first_version"], row["last_version"]
        expect(span).to_have_text(f"since version {first}" if last is None else f"versions {first} to {last}")
    for row in built_site.rows("select * from missing_value_reasons"):
        said = page.locator(f"[data-testid=reason][data-subject='{row['subject']}']")
        expect(said.filter(has_text=f"{row['reason']}: {row['sentence']}")).to_have_count(1)


def test_worked_examples_work_out(visitor: Visitor, built_site: BuiltSite) -> None:
    """What stands before the equals sign gives what stands behind it, and that is the published score."""
    page = visitor.open("/definitions/")
    address = page.get_by_test_id("example-week").get_attribute("href") or ""
    asked = parse_qs(urlsplit(address).query)
    key = (asked["listener"][0], asked["week"][0])
    scores = built_site.rows("select * from weekly_scores where user_id = ? and week_start = ?", *key)
    assert scores
    for row in scores:
        formula, result = page.get_by_test_id(f"worked-{row['score']}").inner_text().split("=")
        assert result.strip() == number(row["score_value"], 1)
        assert re.fullmatch(r"[\d.×−+/() \s]+", formula), formula
        value = eval(formula.replace("×", "*").replace("−", "-"))
        assert value == pytest.approx(row["score_value"], abs=0.11)
    week = built_site.row("select * from weekly_listening where user_id = ? and week_start = ?", *key)
    vibe = f"average valence {percent(week['valence_pct'], 1)}: {week['vibe']}."
    expect(page.get_by_test_id("worked-vibe")).to_have_text(vibe)
    shown = " ".join(page.get_by_test_id("worked-difference").inner_text().split())
    actual = float(_found(r"has [A-Z]\w+ ([\d.]+) %", shown))
    predicted = float(_found(r"predicted ([\d.]+) %", shown))
    difference = float(_found(r"difference is ([+−]?[\d.]+) pp", shown).replace("−", "-"))
    assert predicted - actual == pytest.approx(difference, abs=0.11)


def _found(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    assert found, text
    return found[1]


@pytest.mark.long
def test_every_link_to_a_definition_arrives(visitor: Visitor) -> None:
    found: dict[str, set[str]] = {"/definitions/": set(), "/glossary/": set()}
    for path in (*found, "/", "/weekly-wrapped/", "/day/", "/predicted-vs-actual/"):
        page = visitor.open(path)
        for href in page.locator("a[href*='#']").evaluate_all("all => all.map(one => one.getAttribute('href'))"):
            target, anchor = href.split("#", 1)
            target = target or path
            if target in found and anchor != "content":
                found[target].add(anchor)
    assert len(found["/definitions/"]) > 12
    for path, anchors in found.items():
        page = visitor.open(path)
        assert [anchor for anchor in sorted(anchors) if page.locator(f"[id='{anchor}']").count() != 1] == []


def test_a_term_leads_to_its_definition(visitor: Visitor) -> None:
    page = visitor.open("/weekly-wrapped/")
    page.get_by_test_id("score-energy").get_by_role("link").first.click()
    page.wait_for_url("**/definitions/#energy")
    expect(page.locator("#energy")).to_be_in_viewport()
    visitor.settle()
