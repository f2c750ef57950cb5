"""The glossary shows what `publish` took from dbt's manifest: all of it, findable, each term at its own address."""

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
    page.get_by_test_id("glossary-search").fill("feature coverage")
    wanted = built_site.rows(
        """
        select anchor from glossary
        where contains(lower(concat_ws(' ', label, term, unit, text)), 'feature')
            and contains(lower(concat_ws(' ', label, term, unit, text)), 'coverage')
        order by kind_order, lower(label), anchor
        """
    )
    assert 0 < len(wanted) < 30
    expect(terms).to_have_count(len(wanted))
    assert terms.evaluate_all("all => all.map(one => one.id)") == [row["anchor"] for row in wanted]
    assert visitor.asked("q") == "feature coverage"
    page.reload()
    visitor.settle()
    expect(page.get_by_test_id("glossary-search")).to_have_value("feature coverage")
    expect(terms).to_have_count(len(wanted))

    page.get_by_test_id("kind-word").click()
    expect(page.get_by_test_id("group-column")).to_have_count(0)
    expect(page.get_by_test_id("group-word")).to_be_visible()
    page.get_by_test_id("glossary-search").fill("no such word anywhere")
    expect(page.get_by_test_id("glossary-nothing")).to_contain_text("no such word anywhere")
    page.get_by_role("button", name="Show everything").click()
    expect(terms).to_have_count(built_site.row("select count(*) as n from glossary")["n"])  # type: ignore[arg-type]
    visitor.check()


def test_a_term_has_an_address_and_names_its_tables(visitor: Visitor, built_site: BuiltSite) -> None:
    page = visitor.open("/glossary/#word-minutes_listened")
    term = page.locator("[id='word-minutes_listened']")
    expect(term).to_be_in_viewport()
    tables = built_site.rows(
        "select table_name from glossary_tables where anchor = 'word-minutes_listened' order by table_name"
    )
    assert {"daily_listening", "weekly_listening"} <= {row["table_name"] for row in tables}
    expect(term.get_by_test_id("term-table")).to_have_text([str(row["table_name"]) for row in tables])
    for row in tables:
        columns = built_site.rows(f"describe {row['table_name']}")
        # The minutes of a day or an hour have a name of their own, and the same meaning
        assert [column["column_name"] for column in columns if "minutes" in str(column["column_name"])]


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
