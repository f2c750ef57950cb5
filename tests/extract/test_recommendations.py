"""`knn` against a brute-force search in numpy, and the rules for which songs are asked about."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import duckdb
import numpy as np
import pytest

from extract.recommendations import recommend
from extract.report import LoadError
from extract.tables import AUDIO_FEATURES
from tests.extract.conftest import Query

MONDAY = dt.date(2026, 10, 19)
RANKS = 6


@pytest.fixture
def catalogue() -> tuple[list[str], np.ndarray]:
    random = np.random.default_rng(11)
    features = random.uniform(0, 100, (80, len(AUDIO_FEATURES)))
    features[41] = features[40]  # two tracks at one distance from everything
    return [f"t{number:03d}" for number in range(80)], features


@pytest.fixture
def marts(warehouse: Path, catalogue) -> duckdb.DuckDBPyConnection:
    """The part of a built warehouse that `recommend` reads; close it before calling."""
    warehouse.parent.mkdir(parents=True)
    connection = duckdb.connect(str(warehouse))
    columns = ", ".join(f"{feature}_pct double" for feature in AUDIO_FEATURES)
    connection.execute(
        f"""
        create schema marts;
        create schema definitions;
        create table definitions.diagnostic_constants as
            select * from (values
                ('recommendation_ranks', {RANKS}), ('recommended_top_songs', 2), ('recommended_weeks', 1)
            ) as c(constant, value);
        create table marts.dim_users as select 'u' as user_id, 'America/New_York' as timezone;
        create table marts.weekly_listening(user_id varchar, week_start date, is_complete_week boolean);
        create table marts.weekly_top_songs(user_id varchar, week_start date, top_song_number bigint, track_id varchar);
        create table marts.dim_tracks(
            track_id varchar, track_name varchar, artist_name varchar, provider varchar, has_all_features boolean,
            {columns}
        );
        create schema raw_spotify;
        create table raw_spotify.recommendations(
            recommender varchar, user_id varchar, week_start date, seed_track_id varchar, "rank" bigint,
            track_id varchar, recommender_version varchar, requested_at timestamp, as_of timestamp, _dlt_load_id varchar
        );
        """
    )
    track_ids, features = catalogue
    for track_id, row in zip(track_ids, features, strict=True):
        connection.execute(
            f"insert into marts.dim_tracks values ({', '.join('?' * 12)})",
            [track_id, f"Title {track_id}", "Artist", "catalogue", True, *row.tolist()],
        )
    connection.execute("update marts.dim_tracks set track_name = 'Title t000' where track_id = 't001'")
    for weeks_back, is_complete in ((0, False), (1, True), (2, True)):
        week = MONDAY - dt.timedelta(weeks=weeks_back - 1)
        connection.execute("insert into marts.weekly_listening values ('u', ?, ?)", [week, is_complete])
        for number, track_id in enumerate(("t000", "t040", "t002"), start=1):
            connection.execute("insert into marts.weekly_top_songs values ('u', ?, ?, ?)", [week, number, track_id])
    return connection


def brute_force(catalogue, seed: str, leave_out: set[str]) -> list[str]:
    track_ids, features = catalogue
    scaled = (features - features.mean(axis=0)) / features.std(axis=0)
    distance = np.sqrt(((scaled - scaled[track_ids.index(seed)]) ** 2).sum(axis=1)).round(9)
    order = sorted(zip(distance, track_ids, strict=True))
    return [track_id for _, track_id in order if track_id not in leave_out][:RANKS]


def answers(query: Query) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for seed, track_id in query('select seed_track_id, track_id from raw_spotify.recommendations order by 1, "rank"'):
        found.setdefault(seed, []).append(track_id)
    return found


def test_neighbours_equal_a_brute_force_search(marts, catalogue, warehouse, query):
    marts.close()
    report = recommend(warehouse)
    assert report.rows_new == 2 * RANKS
    # t001 has the title and artist of t000: the same recording is no recommendation for itself.
    assert answers(query) == {
        "t000": brute_force(catalogue, "t000", {"t000", "t001"}),
        "t040": brute_force(catalogue, "t040", {"t040"}),
    }
    assert answers(query)["t040"][0] == "t041"


def test_only_top_songs_of_the_last_complete_weeks_are_asked_about(marts, warehouse, query):
    marts.close()
    recommend(warehouse)
    assert query(
        "select distinct week_start, as_of, recommender, recommender_version from raw_spotify.recommendations"
    ) == [
        # The end of the listener's own week: Monday 00:00 in New York, when UTC is four hours ahead.
        (MONDAY, dt.datetime(2026, 10, 26, 4), "knn", "1")
    ]
    assert set(answers(query)) == {"t000", "t040"}


def test_an_unchanged_refresh_writes_nothing_and_a_changed_catalogue_does(marts, warehouse, query):
    marts.close()
    recommend(warehouse)
    before = query("select * from raw_spotify.recommendations order by all")
    assert recommend(warehouse).rows_new == 0
    assert query("select * from raw_spotify.recommendations order by all") == before
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("update marts.dim_tracks set has_all_features = false where track_id = ?", [before[0][5]])
    assert recommend(warehouse).rows_new > 0
    assert before[0][5] not in answers(query)[before[0][3]]


def test_songs_without_features_get_no_answer_and_the_report_says_so(marts, warehouse, query):
    marts.execute("update marts.dim_tracks set has_all_features = false where track_id = 't000'")
    marts.close()
    report = recommend(warehouse)
    assert report.files[0].note == "1 of 2 Top Songs have no audio features, so knn cannot answer"
    assert set(answers(query)) == {"t040"}


def test_providers_are_not_mixed(marts, warehouse, query):
    marts.execute("update marts.dim_tracks set provider = 'other' where track_id in ('t040', 't050', 't060')")
    marts.close()
    recommend(warehouse)
    assert set(answers(query)["t040"]) == {"t050", "t060"}
    assert not {"t040", "t050", "t060"} & set(answers(query)["t000"])


def test_an_empty_catalogue_gives_no_answers(marts, warehouse):
    marts.execute("delete from marts.dim_tracks")
    marts.close()
    assert recommend(warehouse).rows_new == 0


def test_without_marts_the_sentence_says_what_to_run(warehouse):
    warehouse.parent.mkdir(parents=True)
    duckdb.connect(str(warehouse)).close()
    with pytest.raises(LoadError, match="spotiflow refresh"):
        recommend(warehouse)
