"""What this machine knows of accounts that logged in: their labels, apps and when. One file, for its owner only.

The warehouse knows accounts by pseudonym alone; labels stand here, in the folder of secrets, so that commands can
name them to the person who gave them.
"""

from __future__ import annotations

import json
from calendar import monthrange
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import filelock

from extract.atomic_file import remove_drafts, write_whole
from extract.report import LoadError
from extract.sources.spotify_api.settings import LOGIN_LIFE_MONTHS

ACCOUNTS_FILE = "accounts.json"


@dataclass(frozen=True)
class KnownAccount:
    """An account with a login. `logged_in_at` is naive UTC; None when nobody noted it.

    `spotify_account` is a keyed hash of Spotify's own id of the account: it tells whether two labels are one person
    there, and nothing else.
    """

    label: str
    client_id: str | None = None
    logged_in_at: datetime | None = None
    spotify_account: str | None = None
    timezone: str | None = None  # for the first load; afterwards the warehouse knows
    display_name: str | None = None

    @property
    def login_ends_at(self) -> datetime | None:
        """When the login dies, naive UTC; None when nobody knows when it was given."""
        if self.logged_in_at is None:
            return None
        given = self.logged_in_at
        months = given.month - 1 + LOGIN_LIFE_MONTHS
        year, month = given.year + months // 12, months % 12 + 1
        # 31 August and six months: the last of February.
        return given.replace(year=year, month=month, day=min(given.day, monthrange(year, month)[1]))


def unnamed(user_id: str) -> KnownAccount:
    """An account whose label nobody knows, called what the site calls its listener."""
    return KnownAccount(f"Listener {user_id[:6]}")


def known_accounts(home: Path) -> dict[str, KnownAccount]:
    """Accounts by `user_id`, empty when nobody has logged in.

    Raises:
        LoadError: the file is there and cannot be used.
    """
    path = home / ACCOUNTS_FILE
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return {str(user_id): _account(entry) for user_id, entry in stored.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError, KeyError) as error:
        raise LoadError(
            f"The list of accounts {path} cannot be read. Delete it and log in again: spotiflow login --account LABEL"
        ) from error


def accounts_with_login(home: Path) -> dict[str, KnownAccount]:
    """Accounts that have a stored login, by `user_id`, in the order of their labels.

    A login that was put there by hand has no label; it is called what the site calls its listener.

    Raises:
        LoadError: the list of accounts cannot be used.
    """
    known = known_accounts(home)
    logins = {path.stem for path in (home / "tokens").glob("*.json")}
    found = {user_id: known.get(user_id) or unnamed(user_id) for user_id in logins}
    return dict(sorted(found.items(), key=lambda item: (item[0] not in known, item[1].label)))


def remember_account(home: Path, user_id: str, account: KnownAccount) -> None:
    """Store an account; it replaces what was known about it."""
    _change(home, lambda accounts: accounts | {user_id: account})


def forget_account(home: Path, user_id: str) -> None:
    """Strike an account; no error when it is not there."""
    if (home / ACCOUNTS_FILE).exists():
        _change(home, lambda accounts: {known: account for known, account in accounts.items() if known != user_id})


def _change(home: Path, change: Any) -> None:
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = home / ACCOUNTS_FILE
    # Two logins at once: each reads, changes and writes the whole file.
    with filelock.FileLock(f"{path}.lock", mode=0o600):
        accounts = change(known_accounts(home))
        text = json.dumps({user_id: _entry(account) for user_id, account in accounts.items()}, indent=1)
        remove_drafts(path)
        write_whole(path, text)


def _account(entry: dict[str, Any]) -> KnownAccount:
    since = entry.get("logged_in_at")
    return KnownAccount(
        str(entry["label"]),
        entry.get("client_id"),
        datetime.fromisoformat(since) if since else None,
        entry.get("spotify_account"),
        entry.get("timezone"),
        entry.get("display_name"),
    )


def _entry(account: KnownAccount) -> dict[str, Any]:
    entry = asdict(account)
    return entry | {"logged_in_at": account.logged_in_at.isoformat() if account.logged_in_at else None}
