"""Quoting what services say, with everything private redacted."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

_LONGEST_QUOTE = 160

# What a server may repeat of a request: logins by the word before them, e-mail addresses, users, network addresses,
# and whatever is longer than words are (tokens, secrets, ids).
_PRIVATE = re.compile(
    r"""
    (?<=bearer\ )[^\s"'<>,;]{16,} | (?<=basic\ )[^\s"'<>,;]{16,}
    | [^\s"'<>(),;:=&]+(?:@|%40)[^\s"'<>(),;:=&]+
    | (?<=spotify:user:)[^\s"'<>(),;&]+ | (?<=/users/)[^\s"'<>(),;&/]+
    | \b\d{1,3}(?:\.\d{1,3}){3}\b | (?<![\w:])(?:[0-9a-f]{0,4}:){3,7}[0-9a-f]{1,4}(?![\w:])
    | (?:token|secret|code_verifier|client_id)["']?[=:]\s*["']?[^\s"'<>(),;&]+ | \bcode=[^\s"'<>(),;&]+
    | [A-Za-z0-9_\-]{20,} | [A-Za-z0-9_\-+/=.]{40,}
    """,
    re.IGNORECASE | re.VERBOSE,
)
_WORD = re.compile(r"[^\s\"'<>(),;:&=/“”]+")
_SHORTEST_NAME = 3  # a shorter one would take the letters out of ordinary words


@dataclass
class OwnNames:
    """Names by which a service may call the accounts in use: kept in memory only, and never quoted.

    `words` are names as they are; `recognise` are tests of a single word, for names of which only a hash is known.
    """

    words: set[str] = field(default_factory=set)
    recognise: list[Callable[[str], bool]] = field(default_factory=list)

    def add(self, *words: object) -> None:
        """Add names, except those that are not text or too short to be distinguished from words."""
        self.words.update(word for word in words if isinstance(word, str) and len(word) >= _SHORTEST_NAME)

    def clear(self) -> None:
        """Remove all of them, for another run with other accounts."""
        self.words.clear()
        self.recognise.clear()

    def redacted(self, text: str) -> str:
        """The text with each of the names replaced by “…”."""
        for word in sorted(self.words, key=len, reverse=True):
            text = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", "…", text, flags=re.IGNORECASE)
        if not self.recognise:
            return text
        return _WORD.sub(lambda found: self._unless_own(found[0]), text)

    def _unless_own(self, word: str) -> str:
        bare = word.rstrip(".!?")
        is_own = bare and any(test(bare) for test in self.recognise)
        return "…" + word[len(bare) :] if is_own else word


own_names = OwnNames()


def quoted(text: str) -> str:
    """A server's words in one short line, without markup, and with tokens and people redacted."""
    plain = re.sub(r"<[^>]*>", " ", text[:20_000])
    plain = own_names.redacted(_PRIVATE.sub("…", plain))
    plain = " ".join(plain.split())
    if not plain:
        return "no reason given"
    return f"“{plain[:_LONGEST_QUOTE]}{'…' if len(plain) > _LONGEST_QUOTE else ''}”"
