"""Whose login it is: Spotify's id of an account, of which only a keyed hash is kept.

The hash tells whether two labels are one Spotify account, or one label two; and it recognises the id in a sentence of
Spotify's, so that no error message quotes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import spotipy

from extract.redact import own_names
from extract.report import LoadError
from extract.service_errors import ServiceError
from extract.services import services
from extract.sources.spotify_api.accounts import KnownAccount, known_accounts
from extract.sources.spotify_api.login import AccountClient
from extract.sources.spotify_api.session import WEB_API, ApiSession, retried_after_refresh
from extract.sources.spotify_api.settings import TIMEOUT_SECONDS

Hashed = Callable[[str], str]
"""The keyed hash of a text."""


def identity_of_client(client: AccountClient, hashed: Hashed) -> str | None:
    """The hash of the Spotify account that a stored login belongs to; None if Spotify does not say.

    Raises:
        ServiceError: Spotify refuses.
    """
    return _identity_in(retried_after_refresh(client.me, client.auth_manager.refresh), hashed)


def identity_of_login(login: dict[str, Any], hashed: Hashed) -> tuple[str | None, str | None]:
    """The hash of the Spotify account that a new login belongs to, or what Spotify says instead."""
    base = services().spotify_api
    session = ApiSession(WEB_API, "Spotify", base)
    client = spotipy.Spotify(auth=login["access_token"], requests_session=session, requests_timeout=TIMEOUT_SECONDS)
    client.prefix = f"{base}/v1/"
    try:
        return _identity_in(client.me(), hashed), None
    except ServiceError as error:
        return None, str(error)


def _identity_in(profile: dict[str, Any], hashed: Hashed) -> str | None:
    own_names.add(*names_in(profile))
    found = profile.get("account_id") or profile.get("id")
    return hashed(str(found)) if found else None


def names_in(profile: dict[str, Any]) -> list[object]:
    """Every name by which a profile calls its account."""
    return [profile.get(name) for name in ("account_id", "id", "display_name", "email", "uri")]


def redact_names_of(accounts: Iterable[KnownAccount], hashed: Hashed) -> None:
    """From now on, redact the names of these accounts, and of no others, in what services are quoted with."""
    own_names.clear()
    known = list(accounts)
    own_names.add(*(name for account in known for name in (account.label, account.display_name)))
    if hashes := {account.spotify_account for account in known if account.spotify_account}:
        own_names.recognise.append(lambda word: hashed(word) in hashes)


def check_identity(home: Path, user_id: str, known: KnownAccount, spotify_account: str) -> None:
    """Raise LoadError when the label was another Spotify account before, or another label is the same one."""
    for other_id, other in known_accounts(home).items():
        if other.spotify_account == spotify_account and other_id != user_id:
            raise LoadError(
                f"This login belongs to the Spotify account that already has the label '{other.label}': its plays "
                f"would count twice. Log in to another Spotify account, or use --account {other.label}."
            )
    if known.spotify_account and known.spotify_account != spotify_account:
        raise LoadError(
            f"Until now '{known.label}' was another Spotify account: two people's listening would be mixed. "
            "Choose another label for this account, or log in to the earlier one."
        )
