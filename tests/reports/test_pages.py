"""What all pages share: the theme, the keyboard, contrast, what they fetch, and the page for wrong addresses."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, expect

from tests.reports.conftest import BuiltSite, Visitor
from tests.reports.test_every_page import is_dark


def test_pages_are_dark_where_the_reader_likes_it_dark(new_visitor: Callable[..., Visitor]) -> None:
    assert is_dark(new_visitor(color_scheme="dark").open("/weekly-wrapped/"))


def test_theme_switch_is_remembered(visitor: Visitor) -> None:
    page = visitor.open("/")
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    page.get_by_test_id("theme-switch").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    visitor.open("/definitions/")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_keyboard_reaches_the_content_and_the_selectors(visitor: Visitor) -> None:
    page = visitor.open("/weekly-wrapped/")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to the content")
    page.keyboard.press("Enter")
    expect(page.locator(":focus")).to_have_attribute("id", "content")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_attribute("data-testid", "select-listener")


@pytest.mark.long
def test_text_stands_out_from_its_background(new_visitor: Callable[..., Visitor]) -> None:
    """WCAG AA (4.5:1), for the colours of text in both themes and for the inks on the vibes."""
    ratio = """([text, background]) => {
        const paint = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
        const luminance = (colour) => {
            paint.fillStyle = colour; paint.fillRect(0, 0, 1, 1);
            const [r, g, b] = [...paint.getImageData(0, 0, 1, 1).data].slice(0, 3).map((part) => {
                const value = part / 255;
                return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
            });
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        const [light, dark] = [luminance(text), luminance(background)].sort((one, other) => other - one);
        return (light + 0.05) / (dark + 0.05);
    }"""
    texts = ["--ink", "--ink-soft", "--muted", "--brand", "--predicted", "--actual"]
    for scheme in ("light", "dark"):
        page = new_visitor(color_scheme=scheme).open("/weekly-wrapped/")
        style = "name => getComputedStyle(document.documentElement).getPropertyValue(name)"
        for text in texts:
            for background in ("--paper", "--card", "--sunken"):
                pair = [page.evaluate(style, text), page.evaluate(style, background)]
                assert page.evaluate(ratio, pair) >= 4.5, (scheme, text, background)
        hero = page.get_by_test_id("week-hero")
        pair = hero.evaluate("hero => [getComputedStyle(hero).color, getComputedStyle(hero).backgroundColor]")
        assert page.evaluate(ratio, pair) >= 4.5, pair


def test_pages_without_a_choice_need_no_database(visitor: Visitor) -> None:
    """Nobody should download 34 MB of WebAssembly to read who is here, how fresh the data is, what a word means."""
    fetched: list[str] = []
    visitor.page.on("request", lambda request: fetched.append(request.url))
    for path in ("/", "/definitions/", "/glossary/", "/data-health/"):
        visitor.open(path)
    assert [url for url in fetched if url.endswith((".wasm", ".parquet"))] == []


def test_address_without_a_page(built_site: BuiltSite, browser: Browser) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{built_site.url}/no-such-page/")
    expect(page.get_by_test_id("error-page")).to_contain_text("/no-such-page/")
    expect(page.get_by_role("link", name="Go to the start page")).to_be_visible()
    page.get_by_role("link", name="Go to the start page").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Your weeks in music")
    context.close()


def test_nothing_failed_while_the_site_was_built(built_site: BuiltSite) -> None:
    """Evidence builds on when a query fails, and says so in its log only."""
    if built_site.build_log is None:
        return  # a site that somebody else built; the browser tests above still look at every page
    log = built_site.build_log.read_text(errors="replace")
    assert "Build complete" in log
    assert re.findall(r"Error in .*|Internal Error.*|Missed substition.*", log) == []


def test_unused_tools_are_not_on_the_site(built_site: BuiltSite) -> None:
    assert not (built_site.folder / "explore").exists()
    assert not (built_site.folder / "settings").exists()
