"""Pictures of every page of a built site: `python -m tests.reports.screenshots [SITE] [FOLDER]`.

Takes `reports/build` and writes to `reports/screenshots` unless told otherwise: each page on a desktop (light and
dark) and on a phone (light).
"""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.chromium import find_chromium
from tests.reports.server import serving

ROOT = Path(__file__).parents[2]
PAGES = {
    "home": "/",
    "weekly-wrapped": "/weekly-wrapped/",
    "compare": "/compare/",
    "day": "/day/",
    "predicted-vs-actual": "/predicted-vs-actual/?song=3",
    "predicted-vs-actual-all": "/predicted-vs-actual/?listener=all",
    "scorecard": "/scorecard/",
    "audio-features": "/audio-features/",
    "top-songs": "/top-songs/",
    "search": "/search/",
    "track": "/track/?track=2sYopTnmSfZA4hVoPCBwYO",
    "artist": "/artist/?artist=Lucian%20Petrescu",
    "engagement": "/engagement/",
    "segments": "/segments/",
    "definitions": "/definitions/",
    "glossary": "/glossary/",
    "data-health": "/data-health/",
    "tables-and-models": "/docs/index.html",
    "not-found": "/no-such-page/",
}
LOOKS = {
    "desktop-light": {"viewport": {"width": 1440, "height": 900}, "color_scheme": "light"},
    "desktop-dark": {"viewport": {"width": 1440, "height": 900}, "color_scheme": "dark"},
    "phone-light": {
        "viewport": {"width": 390, "height": 844},
        "color_scheme": "light",
        "device_scale_factor": 2,
        "is_mobile": True,
        "has_touch": True,
    },
}


def take(site: Path, folder: Path) -> list[Path]:
    """Write the pictures, named page-look.png; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    taken = []
    with serving(site) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        for look, options in LOOKS.items():
            context = browser.new_context(reduced_motion="reduce", **options)  # type: ignore[arg-type]
            page = context.new_page()
            for name, path in PAGES.items():
                page.goto(address + path)
                page.wait_for_load_state("networkidle")
                page.wait_for_function("!document.querySelector('[data-testid=loading]')")
                page.evaluate("document.fonts.ready")
                picture = folder / f"{name}-{look}.png"
                page.screenshot(path=picture, full_page=True)
                taken.append(picture)
            context.close()
        browser.close()
    return taken


def main(arguments: list[str]) -> int:
    """Command line; 1 when there is no site to look at."""
    site = Path(arguments[0]) if arguments else ROOT / "reports" / "build"
    folder = Path(arguments[1]) if len(arguments) > 1 else ROOT / "reports" / "screenshots"
    if not (site / "index.html").exists():
        print(f"There is no site in {site}: build one with `spotiflow refresh`.")
        return 1
    for picture in take(site, folder):
        print(picture)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
