"""Addresses of the services that extraction talks to: the real ones, or stand-ins on this machine."""

from __future__ import annotations

import os
from dataclasses import dataclass
from urllib.parse import urlsplit

from extract.report import LoadError

VARIABLES = {
    "SPOTIFLOW_SPOTIFY_API": "https://api.spotify.com",
    "SPOTIFLOW_SPOTIFY_ACCOUNTS": "https://accounts.spotify.com",
    "SPOTIFLOW_RECCOBEATS_API": "https://api.reccobeats.com",
}
"""Environment variables that name another server, and the real one."""

_LOOPBACK = ("127.0.0.1", "::1")


@dataclass(frozen=True)
class Services:
    """Base URLs, without a path and without a slash at the end."""

    spotify_api: str
    spotify_accounts: str
    reccobeats_api: str


def services() -> Services:
    """Where the services are.

    Raises:
        LoadError: a variable names neither an https:// address nor a server on this machine; logins would be
            readable on the way there.
    """
    return Services(*(_base(variable, default) for variable, default in VARIABLES.items()))


def is_local(base: str) -> bool:
    """Whether the server runs on this machine: then no proxy and no certificate is between."""
    return urlsplit(base).hostname in _LOOPBACK


def _base(variable: str, default: str) -> str:
    base = os.environ.get(variable, "").strip().rstrip("/") or default
    parts = urlsplit(base)
    if not parts.hostname or parts.path or (parts.scheme != "https" and not is_local(base)):
        raise LoadError(
            f"{variable} is {base!r}: it must be an https:// address without a path, or http://127.0.0.1:PORT for a "
            "stand-in server on this machine."
        )
    return base
