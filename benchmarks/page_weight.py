"""What each page of a built site fetches and how soon it shows its content: `python -m benchmarks.page_weight [PLACE]`.

PLACE is a folder with `data/published.duckdb` and `site/` (as tests keep them), or nothing: then the project's own.
Each page is opened once in a fresh browser, which has cached nothing, from a server on this machine.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from urllib.parse import quote, urlsplit

import duckdb
from playwright.sync_api import Response, sync_playwright

from spotiflow.settings import load_settings
from tests.chromium import find_chromium
from tests.reports.server import serving
from tests.reports.test_pages import PATHS

_CONTENT = "!document.querySelector('[data-testid=loading], [aria-busy=true]') && document.querySelector('main h1')"


def addresses(published: Path) -> list[str]:
    """Every page; those of a song and an artist with the first that there is."""
    with duckdb.connect(str(published), read_only=True) as connection:
        found = connection.execute("select track_id, artist_name from dim_tracks order by track_id").fetchone()
    track, artist = found or ("", "")
    asked = {"/track/": f"?track={track}", "/artist/": f"?artist={quote(artist)}"}
    return [path + asked.get(path, "") for path in PATHS]


def main(arguments: list[str]) -> int:
    """Command line; prints a row of a table a page."""
    settings = load_settings()
    place = Path(arguments[0]) if arguments else None
    site = place / "site" if place else settings.site
    published = place / "data" / "published.duckdb" if place else settings.published
    print("| page | data | shown after |\n|---|---:|---:|")
    with serving(site) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        for address in addresses(published):
            context = browser.new_context(viewport={"width": 1440, "height": 900})
            page = context.new_page()
            sizes: list[int] = []

            def weigh(response: Response, sizes: list[int] = sizes) -> None:
                if "/data/" in response.url or "/api/prerendered_queries/" in response.url:
                    # As it lies on disk: a page that writes its address has taken the answer away by now
                    sizes.append((site / urlsplit(response.url).path.lstrip("/")).stat().st_size)

            page.on("response", weigh)
            began = time.perf_counter()
            page.goto(url + address, wait_until="commit")
            page.wait_for_function(_CONTENT)
            shown = time.perf_counter() - began
            page.wait_for_load_state("networkidle")
            print(f"| `{address.partition('?')[0]}` | {sum(sizes) / 1000:,.0f} kB | {shown:.1f} s |", flush=True)
            context.close()
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
