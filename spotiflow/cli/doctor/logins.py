"""Secrets, logins to Spotify, and whether services can be reached."""

from __future__ import annotations

import json
import os
import socket
import stat
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlsplit

from spotiflow.cli.doctor.findings import Finding, ok, problem, warning
from spotiflow.formatting import count
from spotiflow.settings import Settings, shown

_CONNECT_SECONDS = 3.0


def examine(settings: Settings) -> Iterator[Finding]:
    """All findings about logins and services."""
    yield from _secrets(settings)
    yield from _logins(settings)
    yield from _reachability(settings)


def _secrets(settings: Settings) -> Iterator[Finding]:
    home = settings.home
    if not home.exists():
        yield ok("Secrets", f"{shown(home)} will be created with the first account")
        return
    open_ones = [
        path for path in (home, *home.rglob("*")) if not path.is_symlink() and stat.S_IMODE(path.stat().st_mode) & 0o077
    ]
    if open_ones:
        yield problem(
            "Secrets",
            f"others on this machine can read {shown(open_ones[0])}"
            + (f" and {count(len(open_ones) - 1, 'more file')}" if len(open_ones) > 1 else ""),
            f"chmod -R go-rwx {shown(home)}",
        )
    else:
        yield ok("Secrets", f"{shown(home)} can be read by you alone")


def _logins(settings: Settings) -> Iterator[Finding]:
    from extract.http import utc_now
    from extract.sources.spotify_api.accounts import known_accounts
    from extract.sources.spotify_api.settings import WARN_BEFORE_DAYS

    known = known_accounts(settings.home)
    tokens = {path.stem: path for path in sorted((settings.home / "tokens").glob("*.json"))}
    if not tokens:
        yield ok("Logins", "none; polling Spotify needs one: spotiflow login --account LABEL")
        return
    for user_id, path in tokens.items():
        entry = known.get(user_id)
        label = entry.label if entry else f"listener {user_id[:6]}"
        name = f"Login of {label}"
        again = f"spotiflow login --account {label if entry else 'LABEL'}"
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            yield problem(name, f"{shown(path)} cannot be read", again)
            continue
        if not isinstance(stored, dict) or not stored.get("refresh_token"):
            yield problem(name, f"{shown(path)} is damaged", again)
            continue
        ends = entry.login_ends_at if entry else None
        if ends is None:
            yield warning(name, "its date is not known, and a login ends after six months", again)
            continue
        left = ends - utc_now()
        if left <= timedelta():
            yield problem(name, "older than six months: Spotify refuses it", again)
        elif left <= timedelta(days=WARN_BEFORE_DAYS):
            yield warning(name, f"ends in {count(left.days, 'day')}", again)
        else:
            yield ok(name, f"valid for {count(left.days, 'more day')}")


def _reachability(settings: Settings) -> Iterator[Finding]:
    from extract.report import LoadError
    from extract.services import services

    if not any((settings.home / "tokens").glob("*.json")):
        return
    try:
        found = services()
    except LoadError as error:
        yield problem("Services", str(error), "Correct the variable or unset it.")
        return
    for name, base in (
        ("Spotify", found.spotify_api),
        ("Spotify accounts", found.spotify_accounts),
        ("ReccoBeats", found.reccobeats_api),
    ):
        parts = urlsplit(base)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        if os.environ.get("https_proxy") or os.environ.get("HTTPS_PROXY"):
            yield ok(name, f"{parts.hostname} is reached through a proxy; not tried")
            continue
        try:
            socket.create_connection((str(parts.hostname), port), timeout=_CONNECT_SECONDS).close()
        except OSError as error:
            yield warning(
                name,
                f"{parts.hostname} cannot be reached ({error.strerror or 'no answer'})",
                "Check the network. What is loaded can be built without it.",
            )
        else:
            yield ok(name, f"{parts.hostname} answers")
