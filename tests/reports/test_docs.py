"""The models' documentation stands beside the pages: one file, which opens anywhere and asks nobody for anything."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.reports.conftest import BuiltSite, Visitor
from tests.reports.server import serving


def test_opens_from_the_pages_and_shows_the_project(visitor: Visitor) -> None:
    page = visitor.open("/definitions/")
    page.get_by_test_id("docs-tab").click()
    page.wait_for_url("**/docs/index.html#!/overview")
    expect(page).to_have_title("SpotiFlow: models, columns and metrics")
    expect(page.get_by_role("heading", name="SpotiFlow", exact=True)).to_be_visible()
    expect(page.locator(".filename-normal:visible", has_text="spotiflow").first).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert visitor.problems == []

    visitor.open("/")
    page.get_by_test_id("docs-link").click()
    page.wait_for_url("**/docs/index.html#!/overview")


@pytest.mark.long
def test_the_glossary_leads_to_the_table_with_the_same_words(visitor: Visitor, built_site: BuiltSite) -> None:
    term = built_site.row("select text from glossary where anchor = 'word-vibe'")
    page = visitor.open("/glossary/")
    page.locator("[id='word-vibe']").get_by_role("link", name="weekly_listening").click()
    page.wait_for_url("**/docs/index.html#!/model/model.spotiflow.weekly_listening")
    expect(page.get_by_role("heading", name="weekly_listening")).to_be_visible()
    row = page.locator("tr", has=page.get_by_text("vibe", exact=True)).first
    expect(row).to_contain_text(" ".join(str(term["text"]).split())[:40])
    page.wait_for_load_state("networkidle")
    assert visitor.problems == []


def test_every_link_into_the_documentation_has_its_page(built_site: BuiltSite) -> None:
    text = (built_site.folder / "docs" / "index.html").read_text()
    anchors = built_site.rows(
        "select docs_anchor from glossary where docs_anchor is not null union select docs_anchor from glossary_tables"
    )
    assert len(anchors) > 20
    for row in anchors:
        kind, _, unique_id = str(row["docs_anchor"]).removeprefix("#!/").partition("/")
        assert unique_id.split(".")[0] == kind
        assert f'"{unique_id}"' in text, unique_id


@pytest.mark.long
@pytest.mark.parametrize("below", ["", "reports/2026"])
def test_works_under_any_address(built_site: BuiltSite, browser: Browser, tmp_path: Path, below: str) -> None:
    place = tmp_path / "host" / below / "docs"
    place.mkdir(parents=True)
    (tmp_path / "host" / "favicon.ico").touch()  # which browsers ask every host for
    (place / "index.html").write_bytes((built_site.folder / "docs" / "index.html").read_bytes())
    context = browser.new_context()
    with serving(tmp_path / "host") as url:
        visitor = Visitor(context.new_page(), url)
        visitor.watch()
        visitor.page.goto(f"{url}/{below}{'/' if below else ''}docs/index.html#!/model/model.spotiflow.fct_plays")
        expect(visitor.page.get_by_role("heading", name="fct_plays")).to_be_visible()
        visitor.page.wait_for_load_state("networkidle")
        assert visitor.problems == []
    context.close()


def test_says_nothing_of_the_machine_it_was_built_on(built_site: BuiltSite) -> None:
    text = (built_site.folder / "docs" / "index.html").read_text()
    for word in (str(Path(__file__).parents[2]), str(built_site.published.parent)):
        assert f"{word}/" not in text, word
