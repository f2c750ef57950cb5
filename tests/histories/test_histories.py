"""Random listeners under random definitions: every mart equals what plain pandas makes of the same files.

`SPOTIFLOW_HISTORIES_SEED=N pytest tests/histories` repeats a batch that failed; the message names N.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from tests.conftest import Parsed
from tests.histories.building import ONLY_DATA_TESTS, Workshop, describe, load_everything, user_id
from tests.histories.definitions import draw
from tests.histories.generator import Batch, generate
from tests.recompute.comparison import compare, recommendations, segments
from tests.recompute.inputs import Listener
from tests.recompute.recompute import recompute

GIVEN = os.environ.get("SPOTIFLOW_HISTORIES_SEED")
SEED = int(GIVEN or "20261123")
MANY = 50
# A seed that is given came from a failure, perhaps from one of the larger batches.
FEW = MANY if GIVEN else 25


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory, parsed: Parsed) -> Workshop:
    return Workshop(tmp_path_factory.mktemp("histories"), parsed)


def check(workshop: Workshop, seed: int, listeners: int) -> None:
    """Generate, load, build with all data tests, recompute, compare."""
    place = workshop.place(f"batch-{seed}")
    definitions = draw(seed)
    batch = generate(seed, listeners, place.folder / "files", definitions.mondays)
    definitions.write(workshop.project, batch.aliases)
    load_everything(place.warehouse, batch)
    again = f"\nAgain: SPOTIFLOW_HISTORIES_SEED={seed} .venv/bin/python -m pytest tests/histories -k one_batch"
    result = workshop.try_to_build(place, *ONLY_DATA_TESTS)
    assert result.ok, describe(result) + again

    users = [user_id(history) for history in batch.histories]
    recomputed = recompute(
        [
            Listener(user_id(history), history.timezone, history.exports, [page.path for page in history.pages])
            for history in batch.histories
        ],
        batch.catalogue,
        recommendations(place.warehouse, users),
        workshop.project / "seeds" / "definitions",
        segments(place.warehouse, users),
    )
    comparisons = compare(recomputed, place.warehouse, users)
    assert all(comparison.rows_expected > 0 for comparison in comparisons), again
    wrong = [str(comparison) for comparison in comparisons if not comparison.ok]
    assert not wrong, "\n".join([*wrong, *_about(batch, wrong)]) + again


def _about(batch: Batch, wrong: list[str]) -> list[str]:
    """The zone and scenes of each listener that the differences name."""
    text = "\n".join(wrong)
    return [
        f"{history.label}: {history.timezone}, {', '.join(history.scenes)}"
        for history in batch.histories
        if f"'{history.label}'" in text
    ]


@pytest.mark.long
def test_one_batch(workshop: Workshop) -> None:
    check(workshop, SEED, FEW)


@pytest.mark.long
@pytest.mark.parametrize("number", range(1, 5))
def test_many_batches(workshop: Workshop, number: int) -> None:
    check(workshop, SEED + number, MANY)


def test_the_generator_makes_what_is_hard(tmp_path: Path) -> None:
    """A batch that lacks the hard cases would pass without having tried them."""
    definitions = draw(SEED)
    batch = generate(SEED, MANY, tmp_path, definitions.mondays)
    plays = [play for history in batch.histories for play in history.plays]
    lengths = Counter(play.listened_ms for play in plays)
    assert min(lengths[0], lengths[29_999], lengths[30_000]) > 5
    assert len({history.timezone for history in batch.histories}) > 10
    assert {scene for history in batch.histories for scene in history.scenes} == {
        "midnight", "clock", "new_year", "week_53", "leap_day", "definition", "days"
    }  # fmt: skip
    seconds = Counter(
        (history.label, play.ended_at.replace(microsecond=0)) for history in batch.histories for play in history.plays
    )
    assert max(seconds.values()) > 1, "plays that end in the same second"
    assert any(play.track is None for play in plays), "podcasts"
    assert any(history.exports and history.pages for history in batch.histories)
    assert any(history.pages and not history.exports for history in batch.histories)
    assert any(history.exports and not history.pages for history in batch.histories)
    kinds = [{path.name == "account-data" for path in history.exports} for history in batch.histories]
    assert {True} in kinds
    assert {True, False} in kinds
    features = [track.features for track in batch.tracks if track.is_listed]
    assert any(0 < len(one) < 7 and "valence" not in one for one in features)
    assert any(0 < len(one) < 7 and "valence" in one for one in features)
    assert batch.aliases


def test_the_same_seed_gives_the_same_files(tmp_path: Path) -> None:
    first, second = (generate(7, 5, tmp_path / name) for name in ("first", "second"))
    assert first.histories[0].plays == second.histories[0].plays
    files = {path.relative_to(tmp_path / "first") for path in (tmp_path / "first").rglob("*") if path.is_file()}
    assert files
    for name in files:
        if name.suffix != ".zip":
            assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes()
