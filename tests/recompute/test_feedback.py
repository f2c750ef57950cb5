"""What listeners said, summed up once more by hand: invented feedback in a copy of the sample's warehouse."""

from __future__ import annotations

import random
import shutil
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from tests.conftest import Parsed, Place
from tests.recompute.engagement import SEGMENTS
from tests.recompute.inputs import Definitions
from tests.recompute.recompute import SEEDS

KINDS = ("saved", "liked", "disliked", "rating")
COUNTS = ["verdicts", "saved", "liked", "disliked", "ratings", "positive_verdicts", "listeners", "tracks"]
VALUES = [*COUNTS, "mean_rating_pct", "positive_share_pct"]
KEYS = ["feedback_source", "recommender", "recommender_version", "track_vibe", "segment_kind", "segment"]


@pytest.fixture(scope="module")
def said(sample_data: Place, parsed: Parsed, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, pd.DataFrame]:
    """(a warehouse in which feedback was given, that feedback)."""
    place = Place(tmp_path_factory.mktemp("feedback"))
    place.warehouse.parent.mkdir()
    shutil.copy2(sample_data.warehouse, place.warehouse)
    with duckdb.connect(str(place.warehouse)) as connection:
        connection.register("invented", _invented(connection))
        connection.execute(
            "insert into raw_spotify.feedback by name select *, "
            "(select max(load_id) from raw_spotify._dlt_loads where status = 0) as _dlt_load_id from invented"
        )
        everything = connection.execute(
            "select user_id, track_id, kind, given_at, rating from raw_spotify.feedback"
        ).df()
    result = parsed(place).build(
        ["-s", "stg_spotify__feedback", "int_feedback", "feedback_summary", "assert_feedback_adds_up"], lambda _: None
    )
    assert result.ok, result.bad
    return place.warehouse, everything


def _invented(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Feedback at and around the edges: about recommended, played and unknown tracks, some of it twice."""
    dice = random.Random(20261125)
    within = timedelta(days=Definitions.read(SEEDS).constants["feedback_within_days"])
    moments = [timedelta(seconds=-1), timedelta(0), within, within + timedelta(seconds=1), within / 2]
    recommended = connection.execute(
        "select user_id, track_id, as_of from marts.fct_recommendations where as_of is not null "
        "order by recommendation_id"
    ).fetchall()
    played = connection.execute(
        "select user_id, track_id, max(played_at) from marts.fct_plays group by user_id, track_id "
        "order by user_id, track_id"
    ).fetchall()
    users = sorted({user_id for user_id, *_ in played})
    rows: dict[tuple[str, str, str, datetime], float | None] = {}
    about = [(user, track, moment + dice.choice(moments)) for user, track, moment in dice.sample(recommended, 600)]
    about += [(user, track, moment + timedelta(hours=1)) for user, track, moment in dice.sample(played, 300)]
    about += [(dice.choice(users), f"nobody-knows-{number}", datetime(2026, 9, 1)) for number in range(20)]
    for user, track, moment in about:
        for kind in dice.sample(KINDS, dice.choice([1, 1, 1, 2])):
            for again in range(dice.choice([1, 1, 2])):
                rating = dice.choice([0.0, 0.2, 0.4, 0.6, 0.8, 1.0]) if kind == "rating" else None
                rows[user, track, kind, moment - timedelta(days=again)] = rating
    columns = ["user_id", "track_id", "kind", "given_at", "rating"]
    return pd.DataFrame([(*key, rating) for key, rating in rows.items()], columns=columns)


def _sources(
    row: Any, recommended: dict[tuple[str, str], list[Any]], is_played: bool, within: timedelta
) -> Iterator[Any]:
    """(source, recommender, version) of a verdict."""
    given = {
        (one.recommender, one.recommender_version)
        for one in recommended[row.user_id, row.track_id]
        if timedelta(0) <= row.given_at - one.as_of <= within
    }
    yield "all", None, None
    if is_played:
        yield "played", None, None
    for recommender, version in given:
        yield "recommended", recommender, version
    if not is_played and not given:
        yield "neither", None, None


def _expected(warehouse: Path, feedback: pd.DataFrame) -> pd.DataFrame:
    definitions = Definitions.read(SEEDS)
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        recommendations = connection.execute(
            "select * from marts.fct_recommendations where position is not null and as_of is not null"
        ).df()
        played = set(connection.execute("select distinct user_id, track_id from marts.fct_plays").fetchall())
        vibes = dict(
            connection.execute("select track_id, vibe from marts.dim_tracks where vibe is not null").fetchall()
        )
        segments = connection.execute("select * from marts.listener_segments").df().set_index("user_id")
    recommended: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for one in recommendations.itertuples():
        recommended[one.user_id, one.track_id].append(one)
    within = timedelta(days=definitions.constants["feedback_within_days"])
    feedback = feedback.assign(track_id=feedback["track_id"].replace(definitions.aliases))
    latest = feedback.sort_values("given_at").drop_duplicates(["user_id", "track_id", "kind"], keep="last")
    groups: dict[tuple[Any, ...], list[Any]] = defaultdict(list)
    for row in latest.itertuples():
        named = [(kind, segments.at[row.user_id, column]) for column, kind in SEGMENTS.items()]
        belongs = [("everybody", "everybody"), *(one for one in named if isinstance(one[1], str))]
        for source in _sources(row, recommended, (row.user_id, row.track_id) in played, within):
            for vibe in ("every vibe", vibes.get(row.track_id, "unknown vibe")):
                for segment in belongs:
                    groups[(*source, vibe, *segment)].append(row)
    rows = []
    for key, verdicts in groups.items():
        kinds = {kind: sum(one.kind == kind for one in verdicts) for kind in KINDS}
        ratings = [one.rating for one in verdicts if one.kind == "rating"]
        positive = kinds["saved"] + kinds["liked"]
        positive += sum(rating >= definitions.constants["positive_rating_from"] for rating in ratings)
        rows.append(
            (
                *key,
                *(len(verdicts), *kinds.values(), positive),
                len({one.user_id for one in verdicts}),
                len({one.track_id for one in verdicts}),
                100 * sum(ratings) / len(ratings) if ratings else None,
                100 * positive / len(verdicts),
            )
        )
    return pd.DataFrame(rows, columns=[*KEYS, *VALUES])


@pytest.mark.long
def test_feedback_equals_its_recomputation(said: tuple[Path, pd.DataFrame]) -> None:
    warehouse, feedback = said
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        found = connection.execute("select * from marts.feedback_summary").df()[[*KEYS, *VALUES]]
    expected = _expected(warehouse, feedback)
    assert set(expected["feedback_source"]) == {"all", "played", "recommended", "neither"}
    assert expected["recommender"].nunique() > 1
    assert expected["mean_rating_pct"].isna().any()
    tables = []
    for frame in (expected, found):
        frame[KEYS] = frame[KEYS].astype(object).where(frame[KEYS].notna(), "")
        tables.append(frame.sort_values(KEYS, ignore_index=True).astype(dict.fromkeys(VALUES, float)))
    pd.testing.assert_frame_equal(tables[0], tables[1], check_dtype=False, rtol=0, atol=1e-9)
