"""Every page, for listeners of all kinds: whole, quiet, accessible, on any screen and with the keyboard alone."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from tests.conftest import PROJECT, Place, once_a_session
from tests.reports import histories
from tests.reports.conftest import BuiltSite, Visitor
from tests.reports.server import serving
from tests.reports.words import day
from tests.sharing import mostly_long

PATHS = [
    "/",
    "/weekly-wrapped/",
    "/compare/",
    "/day/",
    "/predicted-vs-actual/",
    "/scorecard/",
    "/audio-features/",
    "/top-songs/",
    "/search/",
    "/track/",
    "/artist/",
    "/engagement/",
    "/segments/",
    "/definitions/",
    "/glossary/",
    "/data-health/",
]
AXE = PROJECT / "reports" / "node_modules" / "axe-core" / "axe.min.js"
WIDTHS = (1440, 768, 360)
THEMES = ("light", "dark")
LOOKED_AT = (("light", 360), ("dark", 1440))
KINDS = {
    "the sample": None,
    "one play": "first",
    "a podcast only": "second",
    "five years": "long",
    "no features, no recommendations": "plain",
}
_NAMES = {"first": "Robin", "second": "Aaron", "long": "Quinn", "plain": "Sasha"}
# As many steps of the Tab key as a patient person takes
_STEPS = 120


@pytest.fixture(scope="session")
def sites(built_site: BuiltSite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], BuiltSite]]:
    """The site for each kind of listener; built once a session."""
    open_servers = []
    known: dict[str, BuiltSite] = {"the sample": built_site}

    def site(kind: str) -> BuiltSite:
        if kind not in known:
            make = histories.one_play if kind in ("one play", "a podcast only") else histories.five_years
            place = Place(once_a_session(tmp_path_factory, make.__name__, make))
            server = serving(place.site)
            open_servers.append(server)
            known[kind] = BuiltSite(server.__enter__(), place.site, place.published, place.build_log)
        return known[kind]

    yield site
    for server in open_servers:
        server.__exit__(None, None, None)


def _address(site: BuiltSite, path: str, kind: str) -> str:
    """The page about this kind of listener, and about a song and an artist that are there."""
    label = KINDS[kind]
    if path == "/track/":
        return f"/track/?track={site.row('select track_id from dim_tracks order by track_id')['track_id']}"
    if path == "/artist/":
        return f"/artist/?artist={quote(str(site.row('select artist_name from dim_tracks order by 1')['artist_name']))}"
    if label is None:
        return path
    user_id = site.row("select user_id from dim_users where display_name = ?", _NAMES[label])["user_id"]
    return f"{path}?listener={user_id}"


def _findings(page: Page) -> list[str]:
    """Serious and critical findings of axe-core, the rules of WCAG 2.2 A and AA and its best practices."""
    if not page.evaluate("typeof window.axe !== 'undefined'"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate(
        """async () => (await window.axe.run(document, { resultTypes: ['violations'] })).violations
            .filter(({ impact }) => impact === 'serious' || impact === 'critical')
            .map(({ id, nodes }) => ({ id, html: nodes.slice(0, 2).map((node) => node.html.slice(0, 200)) }))"""
    )
    return [json.dumps(one) for one in found]


def is_dark(page: Page) -> bool:
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return max(int(part) for part in re.findall(r"\d+", background)[:3]) < 60


def _is_whole(page: Page, site: BuiltSite) -> None:
    """A title, headings in order, and a footer that says what the published file says."""
    assert "SpotiFlow" in page.title()
    assert "Evidence" not in page.content().replace("__evidence", "").replace("evidence-theme", "")
    expect(page.locator("h1")).to_have_count(1)
    levels = [int(name[1]) for name in page.locator("h1, h2, h3").evaluate_all("all => all.map(one => one.tagName)")]
    assert all(following <= former + 1 for former, following in itertools.pairwise(levels)), levels
    published = site.row("select data_as_of, published_at from publication")
    footer = page.get_by_test_id("footer")
    expect(footer.get_by_test_id("data-as-of")).to_contain_text(day(published["data_as_of"]))  # type: ignore[arg-type]
    expect(footer.get_by_test_id("published-at")).to_contain_text(day(published["published_at"]))  # type: ignore[arg-type]
    newest = site.rows(
        """
        select family, version from definition_versions
        where valid_from <= (select max(week_start) from weekly_listening)
        qualify row_number() over (partition by family order by valid_from desc) = 1
        order by family
        """
    )
    assert newest
    expect(footer.get_by_test_id("definition-versions")).to_have_text(
        ", ".join(f"{str(row['family']).replace('_', ' ')} v{row['version']}" for row in newest)
    )
    sample = len(site.rows("select 1 from dim_users where is_sample limit 1"))
    expect(footer.get_by_test_id("sample-note").filter(has_text="fictional")).to_have_count(sample)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("kind", mostly_long(KINDS, "the sample"))
def test_page_stands(sites: Callable[[str], BuiltSite], browser: Browser, kind: str, path: str) -> None:
    """Loaded once and looked at in each theme and width, with all that folds unfolded.

    It is whole, asks no other machine for anything, is never wider than the screen, and neither the browser nor
    axe-core finds a fault.
    """
    site = sites(kind)
    context = browser.new_context(viewport={"width": WIDTHS[0], "height": 900}, reduced_motion="reduce")
    visitor = Visitor(context.new_page(), site.url)
    visitor.watch()
    page = visitor.open(_address(site, path, kind))
    _is_whole(page, site)
    for summary in page.locator("main summary").all():
        summary.click()
    for theme in THEMES:
        page.evaluate("theme => document.documentElement.setAttribute('data-theme', theme)", theme)
        assert is_dark(page) == (theme == "dark"), theme
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            # Charts learn of their new width a moment later.
            with suppress(PlaywrightTimeout):
                page.wait_for_function("document.documentElement.scrollWidth <= window.innerWidth", timeout=5000)
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"{path} is {wide} px wide at {width} px"
            # Of the sample each theme at one width, because axe-core takes seconds on a large page.
            if (theme, width) in LOOKED_AT or (kind != "the sample" and width != 768):
                assert _findings(page) == [], (theme, width)
    visitor.check()
    context.close()
    assert visitor.problems == []


@pytest.mark.long
@pytest.mark.parametrize("path", PATHS)
def test_keyboard_alone_gets_everywhere(sites: Callable[[str], BuiltSite], browser: Browser, path: str) -> None:
    """Tab goes from one thing to the next in the page's order, is never caught, and shows where it is."""
    site = sites("the sample")
    context = browser.new_context(viewport={"width": WIDTHS[0], "height": 900}, reduced_motion="reduce")
    visitor = Visitor(context.new_page(), site.url)
    visitor.watch()
    page = visitor.open(_address(site, path, "the sample"))
    wanted = page.evaluate(
        """() => [...document.querySelectorAll('a[href], button, input, select, summary, [tabindex]')]
            .filter((one) => one.tabIndex >= 0 && !one.disabled && one.checkVisibility()
                && one.getClientRects().length && !(one.type === 'radio' && !one.checked))
            .map((one, nth) => (one.dataset.nth = nth)).length"""
    )
    assert wanted > 5
    reached: list[int] = []
    for _ in range(_STEPS):
        if reached and reached[-1] == wanted - 1:
            break
        page.keyboard.press("Tab")
        nth, kind, shown = page.evaluate(
            """() => {
                const one = document.activeElement;
                const style = getComputedStyle(one.type === 'radio' ? one.closest('label') : one);
                const line = style.outlineStyle !== "none" && style.outlineWidth !== "0px";
                return [one.dataset.nth ?? null, one.type, line];
            }"""
        )
        assert nth is not None, f"after {reached[-1:]} of {wanted} the focus went where nothing can be used"
        assert shown, f"nobody sees that {page.evaluate('document.activeElement.outerHTML')[:160]} has the focus"
        # A date has a step for its day, month and year
        if not (kind == "date" and reached and reached[-1] == int(nth)):
            reached.append(int(nth))
    # Each once, in the order of the page
    assert reached == list(range(len(reached)))
    assert len(reached) == wanted or len(reached) > _STEPS / 2
    context.close()
    assert visitor.problems == []


@pytest.mark.long
def test_no_page_fetches_more_than_a_megabyte(sites: Callable[[str], BuiltSite], browser: Browser) -> None:
    """Five years of somebody; the search and the top songs of any dates may load by the year."""
    site = sites("five years")
    by_the_year = {"/search/", "/top-songs/"}
    for path in PATHS:
        context = browser.new_context(reduced_motion="reduce")
        visitor = Visitor(context.new_page(), site.url)
        sizes: list[int] = []

        def weigh(response: object, sizes: list[int] = sizes) -> None:
            if "/data/" in response.url or "/api/prerendered_queries/" in response.url:  # type: ignore[attr-defined]
                sizes.append((site.folder / urlsplit(response.url).path.lstrip("/")).stat().st_size)  # type: ignore[attr-defined]

        visitor.page.on("response", weigh)
        visitor.watch()
        visitor.open(_address(site, path, "five years"))
        context.close()
        assert path in by_the_year or sum(sizes) < 1_000_000, f"{path}: {sum(sizes):,} bytes"


@pytest.mark.long
def test_pages_do_not_grow_in_number(sites: Callable[[str], BuiltSite]) -> None:
    """As many files of HTML for five years as for one play."""

    def pages(site: BuiltSite) -> set[Path]:
        return {file.relative_to(site.folder) for file in site.folder.rglob("*.html")}

    assert pages(sites("five years")) == pages(sites("one play")) == pages(sites("the sample"))
    assert {f"/{path.parent}/".replace("/./", "/") for path in pages(sites("one play"))} >= set(PATHS)
