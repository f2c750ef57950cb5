"""The glossary shows every term that `publish` took from dbt's manifest: searchable, each at its own address."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.reports.conftest import PHONE, BuiltSite, Visitor


def _words(text: str) -> str:
    return " ".join(text.split())


def _plain(markdown: str) -> str:
    """The words of a description without its marks."""
    return _words(re.sub(r"\*\*|`|\[([^\]]*)\]\([^)]*\)", r"\1", markdown))


def test_every_term_is_there_with_its_text_and_unit(visitor: Visitor, built_site: BuiltSite) -> None:
    page = visitor.open("/glossary/")
    rows = built_site.rows("select * from glossary order by kind_order, lower(label), anchor")
    entries = page.get_by_test_id("term").evaluate_all(
        "all => all.map(one => [one.id, one.innerText, one.querySelector('.text').innerText])"
    )
    assert [anchor for anchor, _, _ in entries] == [row["anchor"] for row in rows]
    for (_, shown, text), row in zip(entries, rows, strict=True):
        assert str(row["label"]) in shown
        assert str(row["term"]) in shown
        assert str(row["unit"] or "") in shown
        assert "\n" in shown
        if not re.search(r"^[-|]|\n[-|]", str(row["text"])):  # lists and tables read otherwise
            assert _words(text) == _plain(str(row["text"]))


def test_search_and_kinds_narrow_the_list(visitor: Visitor, built_site: BuiltSite) -> None:
    page = visitor.open("/glossary/")
    terms = page.get_by_test_id("term")
    page.get_by_test_id("glossary-search").fill("skip plays")
    wanted = built_site.rows(
        """
        select anchor, kind from glossary
        where contains(lower(concat_ws(' ', label, term, unit, text)), 'skip')
            and contains(lower(concat_ws(' ', label, term, unit, text)), 'plays')
        order by kind_order, lower(label), anchor
        """
    )
    assert {row["kind"] for row in wanted} == {"metric", "word"}
    assert len(wanted) < 10
    expect(terms).to_have_count(len(wanted))
    assert terms.evaluate_all("all => all.map(one => one.id)") == [row["anchor"] for row in wanted]
    assert visitor.asked("q") == "skip plays"
    page.reload()
    visitor.settle()
    expect(page.get_by_test_id("glossary-search")).to_have_value("skip plays")
    expect(terms).to_have_count(len(wanted))

    page.get_by_test_id("kind-word").click()
    expect(page.get_by_test_id("group-metric")).to_have_count(0)
    expect(page.get_by_test_id("group-word")).to_be_visible()
    page.get_by_test_id("glossary-search").fill("no such word anywhere")
    expect(page.get_by_test_id("glossary-nothing")).to_contain_text("no such word anywhere")
    page.get_by_role("button", name="Show everything").click()
    expect(terms).to_have_count(built_site.row("select count(*) as n from glossary")["n"])  # type: ignore[arg-type]
    visitor.check()


def test_a_term_has_an_address_and_names_its_tables(visitor: Visitor, built_site: BuiltSite) -> None:
    page = visitor.open("/glossary/#word-active_listeners")
    term = page.locator("[id='word-active_listeners']")
    expect(term).to_be_in_viewport()
    tables = built_site.rows(
        "select table_name from glossary_tables where anchor = 'word-active_listeners' order by table_name"
    )
    assert "weekly_engagement" in {row["table_name"] for row in tables}
    expect(term.get_by_test_id("term-table")).to_have_text([str(row["table_name"]) for row in tables])
    for row in tables:
        assert "active_listeners" in {
            column["column_name"] for column in built_site.rows(f"describe {row['table_name']}")
        }


def test_reached_from_the_definitions_and_every_footer(new_visitor: Callable[..., Visitor]) -> None:
    visitor = new_visitor(PHONE)
    page = visitor.open("/definitions/")
    page.get_by_role("navigation", name="About the numbers").get_by_role("link", name="Glossary").click()
    page.wait_for_url("**/glossary/")
    visitor.settle()
    expect(page.get_by_role("heading", level=1)).to_have_text("Glossary")
    page = visitor.open("/day/")
    page.get_by_test_id("footer").get_by_role("link", name="Glossary").click()
    page.wait_for_url("**/glossary/")
    visitor.settle()
