"""A built site behind a server, and a real browser that complains about everything that a reader would not want.

`SPOTIFLOW_TEST_SITE=FOLDER SPOTIFLOW_TEST_PUBLISHED=FILE pytest tests/reports` looks at a site that is there already.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import duckdb
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, Response, expect, sync_playwright

from tests.chromium import find_chromium
from tests.conftest import Place, once_a_session
from tests.reports.server import serving

DESKTOP, PHONE = 1440, 390

# Where the host of one of the sites has it; nothing of it may be asked for elsewhere
BASE_PATH = "/music/of-us"

# What a page must never show: values that were not there, and Evidence's error boxes and placeholders
_NEVER_SHOWN = re.compile(r"\bNaN\b|\bundefined\b|\bInfinity\b|\[object Object\]|\bnull\b|\bInvalid Date\b")
_ERROR_BOX = '[class*="bg-negative/10"]'

# How long something may take to appear, in milliseconds
expect.set_options(timeout=int(os.environ.get("SPOTIFLOW_TEST_PATIENCE", "20000")))


@dataclass(frozen=True)
class BuiltSite:
    """A site, the file it was made from, and what was said while it was made."""

    url: str
    folder: Path
    published: Path
    build_log: Path | None

    def rows(self, sql: str, *parameters: object) -> list[dict[str, object]]:
        """Rows of the published file."""
        with duckdb.connect(str(self.published), read_only=True) as connection:
            result = connection.execute(sql, list(parameters))
            names = [column[0] for column in result.description]
            return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    def row(self, sql: str, *parameters: object) -> dict[str, object]:
        """The first row; fails when there is none."""
        rows = self.rows(sql, *parameters)
        assert rows, f"no row for: {sql}"
        return rows[0]


@pytest.fixture(scope="session")
def built_site(request: pytest.FixtureRequest) -> Iterator[BuiltSite]:
    if folder := os.environ.get("SPOTIFLOW_TEST_SITE"):
        site, published = Path(folder), Path(os.environ["SPOTIFLOW_TEST_PUBLISHED"])
        log = Path(os.environ["SPOTIFLOW_TEST_BUILD_LOG"]) if "SPOTIFLOW_TEST_BUILD_LOG" in os.environ else None
    else:
        place = request.getfixturevalue("sample_build")
        site, published, log = place.site, place.published, place.build_log
    with serving(site) as url:
        yield BuiltSite(url, site, published, log)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        yield running
        running.close()


@dataclass
class Visitor:
    """A reader of the site with a browser window of their own; remembers whatever went wrong."""

    page: Page
    url: str
    problems: list[str] = field(default_factory=list)

    def watch(self) -> None:
        """Take note of errors and of requests that leave the machine."""
        host = urlsplit(self.url).netloc

        def on_request(request: Request) -> None:
            parts = urlsplit(request.url)
            if parts.scheme not in ("data", "blob") and parts.netloc != host:
                self.problems.append(f"request to {request.url}")

        def on_response(response: Response) -> None:
            if response.status >= 400 and not response.url.endswith("/all-queries.json"):
                self.problems.append(f"HTTP {response.status} for {response.url}")

        self.page.on("request", on_request)
        self.page.on("response", on_response)
        self.page.on("pageerror", lambda error: self.problems.append(f"page error: {error}"))
        self.page.on(
            "console", lambda said: self.problems.append(f"console: {said.text}") if said.type == "error" else None
        )

    def open(self, path: str) -> Page:
        """Open a page of the site and wait until it shows all that it has."""
        self.page.goto(self.url + path)
        self.settle()
        return self.page

    def settle(self) -> None:
        """Wait until nothing loads any more, then check that the page is whole."""
        self.page.wait_for_load_state("networkidle")
        expect(self.page.locator("[data-testid=loading], [aria-busy=true]")).to_have_count(0)
        self.check()

    def check(self) -> None:
        """Nothing broken is on show, and nothing went wrong so far."""
        assert self.page.locator(_ERROR_BOX).all_inner_texts() == []
        assert self.page.locator(".animate-pulse").count() == 0
        shown = self.page.locator("body").inner_text()
        # The glossary speaks about null; everywhere else it would be a value that was not there.
        for text in self.page.get_by_test_id("term").all_inner_texts():
            shown = shown.replace(text, "")
        assert not _NEVER_SHOWN.search(shown), _NEVER_SHOWN.search(shown)
        assert self.problems == []

    def asked(self, parameter: str) -> str | None:
        """A parameter of the address."""
        return parse_qs(urlsplit(self.page.url).query).get(parameter, [None])[0]


@pytest.fixture
def new_visitor(built_site: BuiltSite, browser: Browser) -> Iterator[Callable[..., Visitor]]:
    contexts: list[BrowserContext] = []
    visitors: list[Visitor] = []

    def new(width: int = DESKTOP, **options: object) -> Visitor:
        size = {"width": width, "height": 900 if width > 600 else 844}
        context = browser.new_context(viewport=size, reduced_motion="reduce", **options)  # type: ignore[arg-type]
        contexts.append(context)
        visitor = Visitor(context.new_page(), built_site.url)
        visitor.watch()
        visitors.append(visitor)
        return visitor

    yield new
    for context in contexts:
        context.close()
    for visitor in visitors:
        assert visitor.problems == []


@pytest.fixture
def visitor(new_visitor: Callable[..., Visitor]) -> Visitor:
    return new_visitor()


PROBLEM = "The ZIP file is incomplete or damaged. Download it again."
_TROUBLE = (
    "update publication set tests_passed = tests_total - 2, tests_warned = 2",
    f"update load_history set problem = '{PROBLEM}' where file = (select min(file) from load_history)",
    """
    insert into listening_anomalies by name
    select 'a' as anomaly_id, 'day longer than a day' as kind, user_id, last_listening_date as from_date,
           27.5 as observed, 24.0 as expected, 26.0 as threshold, 'hours' as unit,
           'On this date 27.5 hours were listened to.' as message
    from dim_users order by user_id limit 1
    """,
    # As of a single listener, of too few weeks for an interval
    """
    update feature_engagement_slopes set slope_low_pp = null, slope_high_pp = null, is_told_from_zero = null,
        interval_null_reason = 'not enough data', interval_scope = 'within this listener', listeners = 1
    """,
    """
    update feature_engagement set completion_low_pct = null, completion_high_pct = null,
        completion_interval_null_reason = 'not enough data', interval_scope = 'within this listener', listeners = 1
    """,
    # The newest week is there in part, nobody listened in the one before, and a name needs quoting in SQL and addresses
    """
    update weekly_engagement set is_complete_week = false
    where week_start = (select max(week_start) from weekly_engagement)
    """,
    """
    update weekly_engagement
    set active_listeners = 0, returning_listeners = 0, resurrected_listeners = 0, new_listeners = 0, listens = 0,
        minutes_listened = 0, minutes_per_active_listener = null, per_listener_null_reason = 'nobody active'
    where week_start = (select max(week_start) from weekly_engagement) - interval 7 day
    """,
    *(
        f"update {table} set segment = 'children''s & rock''n''roll' where segment = 'surf'"
        for table in (
            "weekly_engagement",
            "weekly_retention",
            "feedback_summary",
            "segment_top_tracks",
            "segment_top_artists",
        )
    ),
    """
    update listener_segments set dominant_genre = 'children''s & rock''n''roll' where dominant_genre = 'surf'
    """,
    """
    update listener_segments set dominant_genre = null, dominant_genre_listens = null, dominant_genre_share_pct = null,
        genre_null_reason = 'no genre known'
    where dominant_genre = 'disco'
    """,
    *(
        f"delete from {table} where segment = 'disco'"
        for table in (
            "weekly_engagement",
            "weekly_retention",
            "feedback_summary",
            "segment_top_tracks",
            "segment_top_artists",
        )
    ),
)


@pytest.fixture(scope="session")
def troubled(built_site: BuiltSite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BuiltSite]:
    """The same site with much that can be wrong or missing, and below a path of its host; built once a session."""

    def make(folder: Path) -> str | None:
        place = Place(folder)
        place.published.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(built_site.published, place.published)
        with duckdb.connect(str(place.published)) as connection:
            for statement in _TROUBLE:
                connection.execute(statement)
        done = place.run("site", env={"SPOTIFLOW_BASE_PATH": BASE_PATH})
        return None if done.code == 0 else done.text

    place = Place(once_a_session(tmp_path_factory, "troubled", make))
    host = tmp_path_factory.mktemp("host")
    (host / BASE_PATH[1:]).parent.mkdir(parents=True)
    (host / BASE_PATH[1:]).symlink_to(place.site, target_is_directory=True)
    # As hosts do it that find the page by themselves.
    (host / "404.html").symlink_to(place.site / "404.html")
    with serving(host) as url:
        yield BuiltSite(url + BASE_PATH, place.site, place.published, place.build_log)


@pytest.fixture
def troubled_visitor(troubled: BuiltSite, browser: Browser) -> Iterator[Visitor]:
    context = browser.new_context(viewport={"width": DESKTOP, "height": 900}, reduced_motion="reduce")
    visitor = Visitor(context.new_page(), troubled.url)
    visitor.watch()
    yield visitor
    context.close()
    assert visitor.problems == []
