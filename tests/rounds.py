"""Faults planted several at a time: as many rounds as the place with most faults has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import zip_longest


def rounds(faults: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    """Place → fault, for each round: every fault is in one round, and no round has two in one place."""
    by_place: dict[str, list[str]] = defaultdict(list)
    for place, fault in faults:
        by_place[place].append(fault)
    return [
        {place: fault for place, fault in zip(by_place, column, strict=True) if fault is not None}
        for column in zip_longest(*by_place.values())
    ]
