"""ReccoBeats: a public service for audio features and recommendations, without a key. Its limits are unpublished."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import requests

from extract.http import Patience, PatientSession, endpoint_of
from extract.request_log import RequestLog
from extract.service_errors import Outcome, ServiceError, json_of, unreadable
from extract.services import services

SERVICE = "reccobeats"
NAME = "ReccoBeats"

LARGEST_BATCH = 40  # ids in one request for features
LARGEST_SIZE = 100  # tracks in one recommendation

_TRACK_PAGE = re.compile(r"/track/([0-9A-Za-z]{22})(?:$|[/?])")
_ARTIST_PAGE = re.compile(r"/artist/([0-9A-Za-z]{22})(?:$|[/?])")
_ISRC = re.compile(r"[A-Z]{2}[A-Z0-9]{3}[0-9]{7}")


class _Session(PatientSession):
    """Every response of this service is an object with a list in `content`; anything else did not come from it."""

    def refusal(self, response: requests.Response) -> ServiceError | None:
        """What a response means that is not one of this service."""
        error = super().refusal(response)
        if error is None and not _is_answer(json_of(response)):
            return unreadable(NAME, endpoint_of(response.url), response)
        return error


def _is_answer(answer: Any) -> bool:
    return isinstance(answer, dict) and isinstance(answer.get("content"), list)


class ReccoBeats:
    """Asks the service; every attempt goes into `log`. Base: `extract.services`, unless given."""

    def __init__(
        self,
        log: RequestLog,
        base: str | None = None,
        patience: Patience | None = None,
        sleep: Callable[[float], None] | None = None,
    ) -> None:
        self.base = base or services().reccobeats_api
        self._session = _Session(
            SERVICE, NAME, self.base, patience=patience, on_request=log, sleep=sleep, clock=log.now
        )

    def features(self, ids: Sequence[str]) -> list[dict[str, Any]]:
        """What it knows of at most 40 Spotify ids or ISRCs, in an order of its own; unknown ones are not there.

        Raises:
            ServiceError: no usable response.
        """
        return self._content("audio-features", ids=",".join(ids))

    def recommendations(self, seed: str, size: int) -> list[dict[str, Any]]:
        """Up to `size` track objects that go with a Spotify track id, best first; none when it does not know the id.

        Raises:
            ServiceError: no usable response.
        """
        return self._content("track/recommendation", seeds=seed, size=str(min(size, LARGEST_SIZE)))

    def _content(self, endpoint: str, **parameters: str) -> list[dict[str, Any]]:
        response = self._session.get(f"{self.base}/v1/{endpoint}", params=parameters)
        content = response.json()["content"]
        return [item for item in content if isinstance(item, dict)]


def spotify_id(item: dict[str, Any]) -> str | None:
    """The Spotify track id of an item: the only sure sign of which track it is about. `id` is the service's own."""
    found = _TRACK_PAGE.search(str(item.get("href") or ""))
    return found[1] if found else None


def isrc_of(text: object) -> str | None:
    """An ISRC in its plain form (`GBAYE0601498`), whatever hyphens and cases; None when it is none."""
    plain = re.sub(r"[\s-]", "", text).upper() if isinstance(text, str) else ""
    return plain if _ISRC.fullmatch(plain) else None


def artist(item: dict[str, Any]) -> tuple[str | None, str | None]:
    """Spotify id and name of the first artist of a track object."""
    artists = item.get("artists")
    first = artists[0] if isinstance(artists, list) and artists and isinstance(artists[0], dict) else {}
    found = _ARTIST_PAGE.search(str(first.get("href") or ""))
    name = first.get("name")
    return (found[1] if found else None), (name if isinstance(name, str) and name.strip() else None)


def refuses_one_of(error: ServiceError) -> bool:
    """Whether the service objects to an id in the request, and not to us or to itself."""
    return error.kind == Outcome.REFUSED and error.status in (400, 422)
