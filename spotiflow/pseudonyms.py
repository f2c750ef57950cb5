"""Pseudonyms: the only form in which an account reaches the warehouse.

`user_id` is the HMAC-SHA256 of the account's label under a secret key. Without the key nobody can test
whether a label belongs to a `user_id`; with it, the same label gives the same id on every load.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import stat
from pathlib import Path

from extract.atomic_file import write_whole
from extract.report import LoadError

KEY_FILE = "pseudonym.key"
_KEY_BYTES = 32
_ID_HEX_DIGITS = 32  # 128 bits: no two accounts collide, and it still fits a table column

SAMPLE_KEY = b"spotiflow sample listeners: a public key, so that sample builds are equal everywhere"
"""Key of the fictional sample accounts. Not a secret, on purpose."""


def _pseudonym(label: str, key: bytes) -> str:
    return hmac.new(key, label.encode("utf-8"), hashlib.sha256).hexdigest()[:_ID_HEX_DIGITS]


def sample_user_id(label: str) -> str:
    """`user_id` of a sample account, the same on every machine."""
    return _pseudonym(label, SAMPLE_KEY)


def user_id_for(label: str, home: Path) -> str:
    """`user_id` of the account `label`, 32 hexadecimal digits.

    `home` is the folder of secrets (`.spotiflow/`). The key is made there on first use: folder 0700, file
    0600 from its first byte on. Raises LoadError when the key exists but cannot be used; it is never
    replaced silently, because a new key would turn every account into a stranger.
    """
    return _pseudonym(label, _key(home))


def keyed_hash(text: str, home: Path) -> str:
    """A keyed hash of anything that must be recognised and never read, such as Spotify's id of an account."""
    return _pseudonym(f"\x1f{text}", _key(home))  # no label begins like this


def _key(home: Path) -> bytes:
    path = home / KEY_FILE
    if not path.exists():
        _create_key(path)
    try:
        key = path.read_bytes()
    except OSError as error:
        raise LoadError(
            f"The pseudonym key {path} cannot be read ({error.strerror}). Check its owner and mode."
        ) from error
    if len(key) != _KEY_BYTES:
        raise LoadError(
            f"The pseudonym key {path} has {len(key)} bytes instead of {_KEY_BYTES}: it is damaged. "
            "Restore it from a backup; or delete it together with the warehouse and load everything again."
        )
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        path.chmod(0o600)
    return key


def _create_key(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Of two processes that start at once, one creates the key and both read it.
    write_whole(path, secrets.token_bytes(_KEY_BYTES), replace=False)
