"""`spotiflow doctor`: everything that has to be right for SpotiFlow to work, each with its remedy.

Reads and never repairs: what it finds must be what the next command meets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from spotiflow.cli.doctor import data, logins, machine
from spotiflow.cli.doctor.findings import Finding, Verdict
from spotiflow.settings import Settings


def examine(settings: Settings) -> Iterator[Finding]:
    """All findings, in the order in which things depend on each other."""
    for part in (machine, logins, data):
        yield from part.examine(settings)


def worst(findings: list[Finding]) -> Verdict:
    """The verdict over all."""
    order: Callable[[Verdict], int] = list(Verdict).index
    return max((finding.verdict for finding in findings), key=order, default=Verdict.OK)
