"""Named random streams: each part of the sample draws from its own, so a change to one does not affect the others."""

from __future__ import annotations

import hashlib

import numpy as np

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def stream(seed: int, *name: str) -> np.random.Generator:
    """A generator for one named part of the sample; the same seed and name give the same numbers."""
    digest = hashlib.sha256("/".join((str(seed), *name)).encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "big")))


def spotify_id(seed: int, *name: str) -> str:
    """An id of Spotify's form: 128 bits as 22 base62 characters."""
    number = int.from_bytes(hashlib.sha256("/".join((str(seed), "id", *name)).encode()).digest()[:16], "big")
    characters = []
    for _ in range(22):
        number, remainder = divmod(number, 62)
        characters.append(BASE62[remainder])
    return "".join(reversed(characters))
