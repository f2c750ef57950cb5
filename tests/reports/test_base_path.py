"""A site below a path of its host: every page is whole, and no link or request leaves the path."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Request, expect

from tests.reports.conftest import BASE_PATH as BASE
from tests.reports.conftest import BuiltSite, Visitor
from tests.reports.test_every_page import PATHS

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def hosted(troubled: BuiltSite) -> str:
    """The address of a host that has the site below `BASE`, and nothing elsewhere."""
    return troubled.url


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    yield context
    context.close()


@pytest.fixture
def reader(context: BrowserContext, hosted: str) -> Iterator[Visitor]:
    """A visitor who also complains about requests to the same host outside the path."""
    visitor = Visitor(context.new_page(), hosted)
    visitor.watch()

    def on_request(request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https") and not parts.path.startswith(f"{BASE}/"):
            visitor.problems.append(f"request outside the path: {request.url}")

    visitor.page.on("request", on_request)
    yield visitor
    assert visitor.problems == []


def _addresses(visitor: Visitor) -> set[str]:
    """Paths of all links on the page."""
    links = visitor.page.locator("a[href]").evaluate_all("all => all.map(one => one.href)")
    own = [urlsplit(link) for link in links if urlsplit(link).netloc == urlsplit(visitor.url).netloc]
    return {parts.path for parts in own}


def test_every_page_and_every_link_is_below_the_path(reader: Visitor, context: BrowserContext) -> None:
    linked: set[str] = set()
    for path in PATHS:
        page = reader.open(path)
        assert "SpotiFlow" in page.title()
        assert urlsplit(page.url).path == BASE + path
        linked |= _addresses(reader)
    assert {BASE + path for path in PATHS} <= linked
    assert f"{BASE}/docs/index.html" in linked
    assert [path for path in linked if not path.startswith(f"{BASE}/")] == []
    host = reader.url.removesuffix(BASE)
    for path in sorted(linked):
        answer = context.request.get(host + path)
        assert answer.status == 200, path
        assert urlsplit(answer.url).path == path, "no link is redirected"


def test_ways_through_the_site_stay_below_the_path(reader: Visitor) -> None:
    page = reader.open("/")
    page.get_by_test_id("listener-card").first.click()
    page.wait_for_url(f"**{BASE}/weekly-wrapped/**")
    reader.settle()
    page.get_by_test_id("day-link").first.click()
    page.wait_for_url(f"**{BASE}/day/**")
    reader.settle()
    page.get_by_test_id("next-day").or_(page.get_by_test_id("previous-day")).first.click()
    reader.settle()
    page.get_by_test_id("back-to-week").click()
    page.wait_for_url(f"**{BASE}/weekly-wrapped/**")
    reader.settle()
    page.goto(f"{reader.url}/docs/index.html")
    expect(page.get_by_role("link", name="Overview").first).to_be_visible()


def test_what_browsers_keep_of_the_site_is_below_the_path(context: BrowserContext, hosted: str) -> None:
    manifest = context.request.get(f"{hosted}/manifest.webmanifest").json()
    host = hosted.removesuffix(BASE)
    assert manifest["start_url"] == f"{BASE}/"
    for icon in manifest["icons"]:
        assert context.request.get(host + icon["src"]).status == 200


def test_what_is_not_there_leads_back_below_the_path(context: BrowserContext, hosted: str) -> None:
    page = context.new_page()
    page.goto(f"{hosted}/no-such-page/")
    expect(page.get_by_test_id("error-page")).to_contain_text("no-such-page")
    page.get_by_role("link", name="Go to the start page").click()
    page.wait_for_url(f"**{BASE}/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Your weeks in music")
