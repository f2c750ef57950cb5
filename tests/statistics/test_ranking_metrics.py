"""Hit rate, reciprocal rank and nDCG of the models equal those of trec_eval, the reference implementation.

Random lists, as a table, go through the very SQL of `int_recommendation_answers`; the same lists go through
pytrec_eval, which wraps trec_eval's own C code.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
import pytrec_eval

from tests.statistics.model_sql import CompiledModels, constants

CASES = 1_200
HORIZONS = ("short", "long")
SEED_K = int(constants()["similarity_k"])


@dataclass(frozen=True)
class Case:
    """One answer: of each recommended track, in order, whether it was listened to within each horizon."""

    user_id: str
    top_song_number: int
    hits: dict[str, tuple[bool, ...]]
    beyond: int  # tracks behind the first k, all of them listened to

    @property
    def tracks(self) -> int:
        return len(self.hits["short"])


def _cases(k: int) -> list[Case]:
    chance = random.Random(f"ranking metrics at {k}")
    cases = []
    for number in range(CASES):
        tracks = k if chance.random() < 0.5 else chance.randint(0, k)
        likely = chance.choice((0.1, 0.3, 0.6, 0.95))
        short = tuple(chance.random() < likely for _ in range(tracks))
        long = tuple(hit or chance.random() < likely for hit in short)
        beyond = chance.randint(0, 3) if tracks == k else 0
        cases.append(Case(f"user {number % 37}", number // 37 + 1, {"short": short, "long": long}, beyond))
    return cases


def _recommendations(cases: list[Case], k: int) -> Iterator[dict[str, object]]:
    for case in cases:
        of_case = {"recommender": "x", "user_id": case.user_id, "week_start": "2026-01-05"}
        of_case |= {"top_song_number": case.top_song_number, "as_of": "2026-01-12 00:00:00"}
        # The song itself, listened to: it is no recommendation, and the only row of an answer without others.
        yield of_case | {
            "track_id": "song",
            "position": None,
            "is_prediction": False,
            "is_listened_within_short_horizon": True,
            "is_listened_within_long_horizon": True,
        }
        for place in range(1, case.tracks + case.beyond + 1):
            is_prediction = place <= k
            yield of_case | {
                "track_id": f"track {place}",
                "position": place,
                "is_prediction": is_prediction,
                **{
                    f"is_listened_within_{horizon}_horizon": case.hits[horizon][place - 1] if is_prediction else True
                    for horizon in HORIZONS
                },
            }


def _computed(models: CompiledModels, cases: list[Case], k: int) -> pd.DataFrame:
    keys = ("recommender", "user_id", "week_start", "top_song_number")
    recommendations = list(_recommendations(cases, k))
    answered = {tuple(row[key] for key in keys): row for row in recommendations}
    answers = models.run(
        "int_recommendation_answers",
        {
            "int_recommendations_with_outcomes": recommendations,
            "int_feature_similarity": [dict(zip(keys, answer, strict=True)) for answer in answered],
            "int_track_popularity": [],
            "diagnostic_constants": [{"constant": "similarity_k", "value": k}],
        },
    )
    return answers.set_index(["user_id", "top_song_number"]).sort_index()


def _expected(cases: list[Case], horizon: str, k: int) -> dict[str, dict[str, float]]:
    """By trec_eval: what was recommended in which order, and what of it was relevant."""
    run, relevant = {}, {}
    for number, case in enumerate(cases):
        hits = case.hits[horizon]
        run[str(number)] = {f"track {place}": float(k - place) for place in range(len(hits))}
        relevant[str(number)] = {f"track {place}": int(hit) for place, hit in enumerate(hits)}
    evaluator = pytrec_eval.RelevanceEvaluator(relevant, {f"success.{k}", "recip_rank", f"ndcg_cut.{k}"})
    return dict(evaluator.evaluate(run))


@pytest.mark.parametrize("k", sorted({SEED_K, 3, 8}))
@pytest.mark.parametrize("horizon", HORIZONS)
def test_ranking_metrics_are_those_of_trec_eval(models: CompiledModels, k: int, horizon: str) -> None:
    cases = _cases(k)
    computed, expected = _computed(models, cases, k), _expected(cases, horizon, k)
    assert len(computed) == len(cases) == CASES
    names = {
        f"{horizon}_hit": f"success_{k}",
        f"{horizon}_reciprocal_rank": "recip_rank",
        f"{horizon}_ndcg": f"ndcg_cut_{k}",
    }
    # Of a list without tracks trec_eval says nothing; here it is a miss.
    assert set(expected) == {str(number) for number, case in enumerate(cases) if case.tracks > 0}
    nothing = dict.fromkeys(names.values(), 0.0)
    theirs = pd.DataFrame([expected.get(str(number), nothing) for number in range(CASES)])
    ours = computed.loc[[(case.user_id, case.top_song_number) for case in cases]]
    assert list(ours["predicted_tracks"]) == [case.tracks for case in cases]
    for column, name in names.items():
        np.testing.assert_allclose(ours[column], theirs[name], rtol=0, atol=1e-9, err_msg=column)
    # The cases reach every first place and many orders of hits.
    assert theirs["recip_rank"].round(6).nunique() == k + 1
    assert theirs[f"ndcg_cut_{k}"].round(6).nunique() > k
    assert set(theirs[f"success_{k}"]) == {0, 1}
