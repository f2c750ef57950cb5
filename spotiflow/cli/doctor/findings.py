"""What `spotiflow doctor` finds: one requirement each, with its verdict and its remedy."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Verdict(Enum):
    """How a requirement stands."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True)
class Finding:
    """One requirement: what was found, and what to do unless it is ok."""

    name: str
    verdict: Verdict
    text: str
    remedy: str | None = None


def ok(name: str, text: str) -> Finding:
    """Nothing to do."""
    return Finding(name, Verdict.OK, text)


def warning(name: str, text: str, remedy: str) -> Finding:
    """Something works less well, or will stop working."""
    return Finding(name, Verdict.WARNING, text, remedy)


def problem(name: str, text: str, remedy: str) -> Finding:
    """Something does not work."""
    return Finding(name, Verdict.PROBLEM, text, remedy)
