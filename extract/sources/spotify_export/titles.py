"""When two titles (or two names of artists) count as the same: normalised once here, once in SQL.

The macro `normalised_title` says the same in SQL; `tests/extract/test_titles.py` holds the two equal. Only what is
sure not to tell two songs apart is evened out: case, kinds and numbers of spaces, and the wide letters of East Asian
keyboards. "- Remastered 2011", "(Live)" or "feat." stay: they name other recordings.
"""

from __future__ import annotations

import hashlib

SPACES = "\t\n\x0b\x0c\r\x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"
"""What counts as a space beside the space itself."""

WIDE = "".join(map(chr, range(0xFF01, 0xFF5F))).replace("\uff3c", "")
"""Wide forms of ASCII, as far as they are evened out; the wide backslash stays, for SQL dialects disagree on it."""

_NARROW = "".join(chr(ord(letter) - 0xFEE0) for letter in WIDE)
_TABLE = str.maketrans(SPACES + WIDE, " " * len(SPACES) + _NARROW)
_SEPARATOR = "\x1f"


def normalised_title(text: str | None) -> str | None:
    """`text` as titles are compared: narrow, lower case, single spaces, none around; None when nothing is left."""
    if text is None:
        return None
    # Letter by letter: str.lower() on a whole word would look at neighbours (a Greek sigma at the end), SQL does not.
    # And one letter gives one letter; the dotted capital I is the only one for which Python says otherwise.
    lower = "".join(letter.lower() if letter != "\u0130" else "i" for letter in text.translate(_TABLE))
    return " ".join(part for part in lower.split(" ") if part) or None


def title_hash(title: str | None, artist: str | None) -> str | None:
    """MD5 of title and artist as they are compared, hexadecimal; None without a title."""
    name = normalised_title(title)
    if name is None:
        return None
    return hashlib.md5(
        f"{name}{_SEPARATOR}{normalised_title(artist) or ''}".encode(), usedforsecurity=False
    ).hexdigest()
