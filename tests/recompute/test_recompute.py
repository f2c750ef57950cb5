"""The sample's marts equal an independent recomputation from its files; and a wrong mart would be noticed."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from tests.recompute.comparison import EXPECTATIONS, Comparison, compare, mart
from tests.recompute.conftest import SampleRecomputed
from tests.recompute.inputs import Definitions, Listener
from tests.recompute.recompute import SEEDS, Recomputed, distances, recompute
from tests.rounds import rounds


@dataclass(frozen=True)
class Case:
    """The sample's results, computed twice."""

    recomputed: Recomputed
    published: Path
    users: list[str]
    comparisons: dict[str, Comparison]


@pytest.fixture(scope="module")
def case(sample_recomputed: SampleRecomputed) -> Case:
    sample = sample_recomputed
    comparisons = {result.mart: result for result in compare(sample.recomputed, sample.published, sample.users)}
    return Case(sample.recomputed, sample.published, sample.users, comparisons)


@pytest.mark.parametrize("name", [expectation.mart for expectation in EXPECTATIONS])
def test_mart_equals_its_recomputation(case: Case, name: str) -> None:
    comparison = case.comparisons[name]
    assert comparison.rows_expected > 0
    assert comparison.values_compared > 0
    assert comparison.ok, str(comparison)


def test_the_sample_covers_what_is_hard(case: Case) -> None:
    """Without these the comparison would prove little."""
    plays, days, weeks = case.recomputed.plays, case.recomputed.days, case.recomputed.weeks
    assert set(plays["source"]) == {"extended_export", "account_data", "poll"}
    assert (plays["listened_ms"] == 0).any()
    assert (plays["listening_date"] != plays["played_at"].dt.normalize()).any(), "local dates differ from UTC"
    assert plays.duplicated(["user_id", "track_id", "played_at"]).any(), "two plays that end at the same second"
    assert (days["plays"] == 0).any(), "silent days"
    assert days["vibe"].dropna().nunique() > 1
    assert (weeks["listens"] > weeks["scored_listens"]).any()
    assert not weeks["is_complete_week"].all()
    reasons = days["score_null_reason"].dropna()
    assert set(reasons) == {"nothing played", "no listens", "no audio features"}
    assert {"skips not recorded", "nothing played"} <= set(days["skip_null_reason"].dropna())
    assert {"estimated durations", "unknown track lengths"} <= set(days["completion_null_reason"].dropna())
    assert weeks["minutes_change_pct_null_reason"].nunique() == 3
    assert {"no week before", "no score", "no score the week before"} <= set(weeks["score_change_null_reason"].dropna())
    assert (weeks["returning_tracks"] > 0).any()
    assert (plays["completion_pct"] == 100).any()
    assert case.recomputed.streaks["days"].max() > 7
    assert case.recomputed.similarity["similarity_pct"].notna().any()


def test_neighbours_by_brute_force(case: Case) -> None:
    """knn gives the nearest tracks: the stored ranks have the smallest of all distances, in order."""
    with duckdb.connect(str(case.published), read_only=True) as connection:
        given = mart(connection, "fct_recommendations", case.users)
    given = given[given["recommender"] == "knn"]
    ranks = int(Definitions.read(SEEDS).constants["recommendation_ranks"])
    given = given.sort_values("rank").groupby(["user_id", "week_start", "seed_track_id"])["track_id"].agg(tuple)
    # A song asked about in many weeks has one answer: the catalogue does not change between them.
    answers = given.reset_index()[["seed_track_id", "track_id"]].drop_duplicates()
    assert len(answers) > 0
    for seed, answer in answers.itertuples(index=False, name=None):
        expected = distances(case.recomputed.tracks, seed)
        assert len(answer) == min(ranks, len(expected))
        # Where two tracks are as near as rounding can tell, either order will do.
        assert expected[list(answer)].to_numpy() == pytest.approx(expected.head(ranks).to_numpy(), abs=1e-6)
        assert len(set(answer)) == len(answer)


def test_recommendations_are_for_the_top_songs(case: Case) -> None:
    """Asked for: the first Top Songs of each listener's last complete weeks, as far as they have features."""
    constants = Definitions.read(SEEDS).constants
    weeks = case.recomputed.weeks
    complete = weeks[weeks["is_complete_week"]].sort_values("week_start", ascending=False)
    complete = complete.groupby("user_id").head(int(constants["recommended_weeks"]))[["user_id", "week_start"]]
    songs = case.recomputed.top_songs.merge(complete, on=["user_id", "week_start"])
    songs = songs[songs["top_song_number"] <= constants["recommended_top_songs"]]
    scored = case.recomputed.tracks.index[case.recomputed.tracks["is_scored"]]
    wanted = set(
        songs[songs["track_id"].isin(scored)][["user_id", "week_start", "track_id"]].itertuples(index=False, name=None)
    )
    with duckdb.connect(str(case.published), read_only=True) as connection:
        given = mart(connection, "fct_recommendations", case.users)
    given = given[given["recommender"] == "knn"]
    answered = set(given[["user_id", "week_start", "seed_track_id"]].itertuples(index=False, name=None))
    assert answered == wanted


WRONG = [
    ("fct_plays", "update {} set listened_ms = listened_ms + 1 where play_id = (select min(play_id) from {})"),
    ("fct_plays", "delete from {} where play_id = (select min(play_id) from {})"),
    ("daily_listening", "update {} set minutes_listened = minutes_listened * 1.000001"),
    ("daily_listening", "update {} set vibe = 'Another' where vibe is not null"),
    ("weekly_listening", "update {} set energy_score = energy_score + 1e-8"),
    ("weekly_listening", "update {} set new_artists = new_artists + 1"),
    ("weekly_listening", "update {} set minutes_change_null_reason = null"),
    ("weekly_listening", "update {} set returning_tracks = returning_tracks + 1"),
    ("daily_listening", "update {} set skip_rate_pct = 100.0 * skipped_plays / plays"),
    ("daily_listening", "update {} set completion_pct = completion_pct + 1e-8"),
    ("daily_scores", "delete from {} where score_value is null"),
    ("weekly_scores", "update {} set score_change_pp = -score_change_pp where score_change_pp <> 0"),
    ("weekly_scores", "update {} set change_null_reason = 'no score' where change_null_reason is not null"),
    ("daily_track_listening", "update {} set listens = 0"),
    ("weekly_top_songs", "update {} set top_song_number = 3 - top_song_number where top_song_number < 3"),
    ("weekly_top_songs", "update {} set is_new_track = previous_top_song_number is null"),
    ("weekly_top_songs", "update {} set previous_top_song_number = top_song_number"),
    ("weekly_highlights", "update {} set obsession_listens = obsession_listens + 1"),
    ("weekly_highlights", "update {} set favourite_hour = 23 - favourite_hour"),
    ("weekly_highlights", "update {} set top_day = week_start"),
    ("weekly_highlights", "update {} set top_new_null_reason = 'nothing new'"),
    ("listener_shared_tracks", "update {} set listens = other_listens, other_listens = listens"),
    ("listener_shared_tracks", "delete from {} where shared_track_number > 9"),
    ("weekly_top_artists", "update {} set is_new_artist = not is_new_artist"),
    ("weekly_top_artists", "update {} set listens_share_pct = listens_share_pct / 100"),
    ("hourly_listening", "update {} set hour_of_day = (hour_of_day + 1) % 24"),
    ("listening_streaks", "update {} set is_longest = true"),
    ("fct_feature_similarity", "update {} set similarity_pct = 100 + difference_pp where difference_pp > 0"),
    ("fct_feature_similarity", "update {} set predicted_pct = null"),
    ("feature_engagement", "update {} set skip_rate_low_pct = skip_rate_low_pct + 1e-8"),
    ("feature_engagement", "update {} set repeat_rate_pct = repeat_rate_pct + 1e-8 where decile = 3"),
    ("feature_engagement", "delete from {} where measure_kind = 'score' and decile = 10"),
    ("feature_engagement_slopes", "update {} set slope_high_pp = slope_high_pp + 1e-8"),
    ("feature_engagement_slopes", "update {} set slope_pp = -slope_pp"),
    ("weekly_engagement", "update {} set unobserved_lost_listeners = 0"),
    ("weekly_engagement", "update {} set resurrected_listeners = 0, returning_listeners = active_listeners"),
    ("weekly_retention", "update {} set retention_pct = kept_listeners / cohort_listeners * 100"),
]


def test_wrong_marts_are_noticed(case: Case, tmp_path: Path) -> None:
    """The comparison can fail: each change that a broken model might make is found, and in its mart alone."""
    for changes in rounds(WRONG):
        copy = tmp_path / "published.duckdb"
        shutil.copyfile(case.published, copy)
        with duckdb.connect(str(copy)) as connection:
            for name, change in changes.items():
                connection.execute(change.replace("{}", name))
        wrong = {result.mart for result in compare(case.recomputed, copy, case.users) if not result.ok}
        assert wrong == set(changes), changes


def test_inverted_and_unequal_weights(tmp_path: Path) -> None:
    """The recomputation itself, on a case done by hand: the present seeds have equal weights, none inverted."""
    seeds = tmp_path / "definitions"
    shutil.copytree(SEEDS, seeds)
    (seeds / "definition_versions.csv").write_text(
        "family,version,valid_from,recorded_on,rationale\n"
        "score_weights,1,1900-01-01,2026-01-01,x\n"
        "score_weights,2,2026-01-05,2026-01-01,x\n"
        "vibe_thresholds,1,1900-01-01,2026-01-01,x\n"
        "listen_rules,1,1900-01-01,2026-01-01,x\n"
    )
    (seeds / "score_weights.csv").write_text(
        "version,score,audio_feature,weight,inverted\n"
        "1,energy,danceability,1,false\n1,musicality,valence,1,false\n1,positivity,valence,1,false\n"
        "2,energy,danceability,2,false\n2,energy,energy,1,false\n2,energy,liveness,1,true\n"
        "2,musicality,acousticness,1,false\n2,musicality,instrumentalness,1,false\n2,positivity,valence,3,false\n"
    )
    (seeds / "vibe_thresholds.csv").write_text(
        "version,vibe,lower_pct,lower_inclusive,upper_pct,upper_inclusive\n"
        "1,Low,0,true,75,true\n1,High,75,false,100,true\n"
    )
    (seeds / "listen_rules.csv").write_text("version,minimum_listened_ms,minimum_track_share\n1,30000,0\n")
    (tmp_path / "endsong_0.json").write_text(
        '[{"ts": "2026-01-04T10:00:00Z", "ms_played": 29999, "spotify_track_uri": "spotify:track:a"},'
        ' {"ts": "2026-01-05T10:00:00Z", "ms_played": 30000, "spotify_track_uri": "spotify:track:a"}]'
    )
    catalogue = tmp_path / "features.csv"
    header = "track_id,danceability,energy,liveness,acousticness,instrumentalness,speechiness,valence"
    catalogue.write_text(f"{header}\na,0.6,0.8,0.1,0.3,0.1,0.05,0.75\n")
    nothing = pd.DataFrame(columns=["recommender", "user_id", "week_start", "seed_track_id", "rank", "track_id"])

    result = recompute([Listener("u", "Europe/London", [tmp_path])], catalogue, nothing, seeds)

    sunday, monday = (day for _, day in result.days.iterrows())
    assert (sunday["plays"], sunday["listens"]) == (1, 0)
    assert pd.isna(sunday["vibe"])
    assert pd.isna(sunday["energy_score"])
    assert (monday["plays"], monday["listens"], monday["minutes_listened"]) == (1, 1, 0.5)
    assert (sunday["score_weights_version"], monday["score_weights_version"]) == (1, 2)
    assert monday["energy_score"] == pytest.approx((2 * 60 + 80 + (100 - 10)) / 4)
    assert monday["musicality_score"] == pytest.approx(20)
    assert monday["vibe"] == "Low"  # 75 belongs to the lower band
