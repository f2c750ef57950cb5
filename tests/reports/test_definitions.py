"""The Definitions page is read from the published seeds, and every link into it finds its place."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.reports.conftest import BuiltSite, Visitor


def test_weights_bands_and_rules_are_those_published(visitor: Visitor, built_site: BuiltSite) -> None:
    page = visitor.open("/definitions/")
    labels = {row["audio_feature"]: row["label"] for row in built_site.rows("select * from audio_features")}
    for row in built_site.rows("select * from score_weights"):
        text = " ".join(page.get_by_test_id(f"weights-{row['score']}").all_inner_texts())
        assert f"Version {row['version']}" in text
        assert f"{labels[row['audio_feature']]} × {float(str(row['weight'])):g}" in text
    bands = page.get_by_test_id("band")
    expect(bands).to_have_count(built_site.row("select count(*) as n from vibe_thresholds")["n"])  # type: ignore[arg-type]
    for row in built_site.rows("select * from vibe_thresholds"):
        band = bands.filter(has_text=str(row["vibe"])).first
        expect(band).to_contain_text(f"{'from' if row['lower_inclusive'] else 'above'} {row['lower_pct']:g} %")
        expect(band).to_contain_text(f"{'and with' if row['upper_inclusive'] else 'below'} {row['upper_pct']:g} %")
    for row in built_site.rows("select * from listen_rules"):
        seconds = f"{float(str(row['minimum_listened_ms'])) / 1000:g} seconds"
        expect(page.get_by_test_id("listen-rule").filter(has_text=f"Version {row['version']}")).to_contain_text(seconds)
    k = built_site.row("select value from diagnostic_constants where constant = 'similarity_k'")["value"]
    expect(page.get_by_test_id("similarity-k")).to_have_text(f"{float(str(k)):g}")
    versions = page.get_by_test_id("versions")
    for row in built_site.rows("select * from definition_versions"):
        expect(versions).to_contain_text(str(row["rationale"]))


def test_every_link_to_a_definition_arrives(visitor: Visitor) -> None:
    anchors = set()
    for path in ("/", "/weekly-wrapped/", "/day/", "/predicted-vs-actual/", "/definitions/"):
        page = visitor.open(path)
        hrefs = page.locator("a[href*='#']").evaluate_all("all => all.map(one => one.getAttribute('href'))")
        anchors |= {href.split("#", 1)[1] for href in hrefs if href != "#content"}
    page = visitor.open("/definitions/")
    assert len(anchors) > 12
    assert [anchor for anchor in sorted(anchors) if page.locator(f"[id='{anchor}']").count() != 1] == []


def test_a_term_leads_to_its_definition(visitor: Visitor) -> None:
    page = visitor.open("/weekly-wrapped/")
    page.get_by_test_id("score-energy").get_by_role("link").first.click()
    page.wait_for_url("**/definitions/#energy")
    expect(page.locator("#energy")).to_be_in_viewport()
    visitor.settle()
