"""Find a Chromium for the browser tests, or install one: on PATH, else Playwright's own, else Debian's.

`python -m tests.chromium` prints where it is and installs one if there is none.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_DOWNLOAD_SECONDS = 300


def find_chromium() -> str | None:
    """Path of an executable Chromium, or None."""
    for name in _NAMES:
        if path := shutil.which(name):
            return path
    return _playwrights_own()


def _playwrights_own() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def _install() -> None:
    print("Installing Chromium for the browser tests", flush=True)
    attempts = [[sys.executable, "-m", "playwright", "install", "chromium"]]
    if shutil.which("apt-get"):
        as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
        attempts.append([*as_root, "apt-get", "update", "-qq"])
        attempts.append([*as_root, "apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"])
    for command in attempts:
        try:
            done = subprocess.run(command, timeout=_DOWNLOAD_SECONDS, capture_output=True, text=True, check=False)
        except (subprocess.TimeoutExpired, FileNotFoundError) as error:
            print(f"  {' '.join(command)}: {error}")
            continue
        if done.returncode:
            print(f"  {' '.join(command)}: {(done.stderr or done.stdout).strip().splitlines()[-1:]}")
        elif find_chromium():
            return


def main() -> int:
    """Make sure that there is a Chromium; 1 if none can be had."""
    if not find_chromium():
        _install()
    path = find_chromium()
    if path is None:
        print("No Chromium was found or could be installed: install one (Debian: apt-get install chromium).")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
