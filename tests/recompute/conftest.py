"""The sample, recomputed once for all tests of this folder, which one process runs (tests/sharing.py)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from spotiflow.demo.sample import SampleManifest
from spotiflow.pseudonyms import sample_user_id
from tests.conftest import Place
from tests.recompute.comparison import recommendations, segments
from tests.recompute.inputs import Listener
from tests.recompute.recompute import Recomputed, recompute


@dataclass(frozen=True)
class SampleRecomputed:
    """The sample's files, what the recommenders gave, and what follows from both."""

    published: Path
    listeners: list[Listener]
    given: pd.DataFrame
    recomputed: Recomputed

    @property
    def users(self) -> list[str]:
        """The listeners' ids."""
        return [listener.user_id for listener in self.listeners]


@pytest.fixture(scope="session")
def sample_recomputed(sample_data: Place) -> SampleRecomputed:
    folder = sample_data.sample_folder
    manifest = SampleManifest.read(folder)
    assert manifest is not None
    listeners = [
        Listener(
            sample_user_id(listener.label),
            listener.timezone,
            [folder / name for name in listener.exports],
            [folder / name for name in listener.pages],
        )
        for listener in manifest.listeners
    ]
    users = [listener.user_id for listener in listeners]
    given = recommendations(sample_data.published, users)
    recomputed = recompute(
        listeners, folder / manifest.catalogue, given, segments=segments(sample_data.published, users)
    )
    return SampleRecomputed(sample_data.published, listeners, given, recomputed)
