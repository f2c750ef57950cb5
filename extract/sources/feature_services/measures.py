"""The scale contract: what a provider says of a track is taken as a whole or not at all."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any

from extract.raw.tables import AUDIO_FEATURES

_OTHERS = ("tempo", "loudness")  # beats per minute and dB: on scales of their own


def wrong(measures: Mapping[str, Any]) -> str | None:
    """Why these measures cannot be of the 0-1 scale; None when they can. Missing ones (null) are no fault."""
    for name in (*AUDIO_FEATURES, *_OTHERS):
        value = measures.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            return f"{name} is not a number"
        if name in AUDIO_FEATURES and not 0 <= value <= 1:
            return f"{name} is outside 0 to 1"
    return None


def taken(measures: Mapping[str, Any]) -> dict[str, float | None]:
    """The columns of raw `audio_features` that are measured."""
    return {name: measures.get(name) for name in (*AUDIO_FEATURES, *_OTHERS)}


def knows_any(measures: Mapping[str, Any]) -> bool:
    """Whether at least one of the seven is there."""
    return any(measures.get(feature) is not None for feature in AUDIO_FEATURES)


def knows_all(measures: Mapping[str, Any]) -> bool:
    """Whether all seven are there."""
    return all(measures.get(feature) is not None for feature in AUDIO_FEATURES)


def rejection(source: str, provider: str, track_id: str, measures: Mapping[str, Any], reason: str) -> dict[str, Any]:
    """A row of `rejected_rows`. The same fault in the same track is one row, however often it is asked."""
    values = {name: measures.get(name) for name in AUDIO_FEATURES}
    shown = {name: value for name, value in values.items() if isinstance(value, int | float | str)}
    fields = json.dumps({"track_id": track_id} | {name: str(value)[:40] for name, value in shown.items()})
    key = "\x1f".join((source, provider, track_id, reason, fields))
    return {
        "rejection_id": hashlib.md5(key.encode(), usedforsecurity=False).hexdigest(),
        "user_id": None,
        "source": source,
        "file": provider,
        "row": None,
        "reason": reason,
        "fields": fields,
    }
