"""`knn` against a brute-force search in numpy, `popular` against plain pandas, and which songs are asked about."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from extract.raw.tables import AUDIO_FEATURES, TABLES
from extract.report import LoadError, LoadReport
from spotiflow.recommend import LOCAL, recommend
from spotiflow.recommend.knn import Knn
from spotiflow.recommend.popular import Popular
from spotiflow.recommend.recommender import RANKED, Answers, Recommender, answers_table
from tests.conftest import PROJECT
from tests.extract.conftest import Query
from tests.sharing import mostly_long

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
                ('recommendation_ranks', {RANKS}), ('recommended_top_songs', 2), ('recommended_weeks', 1),
                ('recommended_weeks_of_services', 1)
            ) as c(constant, value);
        create table definitions.recommenders as select * from (values
            ('knn', true, null), ('popular', true, null), ('service', true, 30), ('switched_off', false, 30)
        ) as r(recommender, is_asked_by_default, ask_again_after_days);
        create table marts.dim_users as select 'u' as user_id, 'America/New_York' as timezone;
        create table marts.weekly_listening(user_id varchar, week_start date, is_complete_week boolean);
        create table marts.weekly_top_songs(user_id varchar, week_start date, top_song_number bigint, track_id varchar);
        create table marts.dim_tracks(
            track_id varchar, track_name varchar, artist_name varchar, provider varchar, features_matched_by varchar,
            features_track_id varchar, has_all_features boolean,
            {columns}
        );
        create table marts.fct_plays(
            user_id varchar, track_id varchar, played_at timestamp, is_listen boolean, listened_ms bigint
        );
        create schema raw_spotify;
        create table raw_spotify._dlt_loads(
            load_id varchar, schema_name varchar, status bigint, inserted_at timestamptz, schema_version_hash varchar
        );
        """
    )
    for table in TABLES.values():
        connection.register("empty", table.empty())
        connection.execute(f"create table raw_spotify.{table.name} as select *, ''::varchar as _dlt_load_id from empty")
        connection.unregister("empty")
    track_ids, features = catalogue
    for track_id, row in zip(track_ids, features, strict=True):
        connection.execute(
            f"insert into marts.dim_tracks values ({', '.join('?' * 14)})",
            [track_id, f"Title {track_id}", "Artist", "catalogue", "track_id", track_id, True, *row.tolist()],
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
    report = recommend(warehouse, recommenders=[Knn()])
    assert report.rows_new == 2 * RANKS
    # t001 has the title and artist of t000: the same recording is no recommendation for itself.
    assert answers(query) == {
        "t000": brute_force(catalogue, "t000", {"t000", "t001"}),
        "t040": brute_force(catalogue, "t040", {"t040"}),
    }
    assert answers(query)["t040"][0] == "t041"


def test_only_top_songs_of_the_last_complete_weeks_are_asked_about(marts, warehouse, query):
    marts.close()
    recommend(warehouse, recommenders=[Knn()])
    assert query(
        "select distinct week_start, as_of, recommender, recommender_version from raw_spotify.recommendations"
    ) == [
        # The end of the listener's own week: Monday 00:00 in New York, when UTC is four hours ahead.
        (MONDAY, dt.datetime(2026, 10, 26, 4), "knn", "1")
    ]
    assert set(answers(query)) == {"t000", "t040"}


def test_an_unchanged_refresh_writes_nothing_and_a_changed_catalogue_does(marts, warehouse, query):
    marts.close()
    recommend(warehouse, recommenders=[Knn()])
    before = query("select * from raw_spotify.recommendations order by all")
    assert recommend(warehouse, recommenders=[Knn()]).rows_new == 0
    assert query("select * from raw_spotify.recommendations order by all") == before
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("update marts.dim_tracks set has_all_features = false where track_id = ?", [before[0][5]])
    assert recommend(warehouse, recommenders=[Knn()]).rows_new > 0
    assert before[0][5] not in answers(query)[before[0][3]]


def test_songs_without_features_get_no_answer_and_the_report_says_so(marts, warehouse, query):
    marts.execute("update marts.dim_tracks set has_all_features = false where track_id = 't000'")
    marts.close()
    report = recommend(warehouse, recommenders=[Knn()])
    assert report.files[0].note == "1 of 2 Top Songs have no audio features, so knn cannot answer"
    assert set(answers(query)) == {"t040"}


def test_a_song_found_by_title_is_not_given_its_own_twin(marts, catalogue, warehouse, query):
    """t002 has the features of t003, under another title: it asks like it, gets not it, and is nobody's neighbour."""
    marts.execute(
        "update marts.dim_tracks set features_matched_by = 'title_and_artist', features_track_id = 't003', "
        + ", ".join(
            f"{feature}_pct = (select twin.{feature}_pct from marts.dim_tracks as twin where twin.track_id = 't003')"
            for feature in AUDIO_FEATURES
        )
        + " where track_id = 't002'"
    )
    marts.execute("update marts.weekly_top_songs set track_id = 't002' where track_id = 't000'")
    marts.close()
    recommend(warehouse, recommenders=[Knn()])
    track_ids, features = catalogue
    others = [track_id for track_id in track_ids if track_id != "t002"]
    pool = (others, np.delete(features, track_ids.index("t002"), axis=0))
    assert answers(query)["t002"] == brute_force(pool, "t003", {"t003"})
    assert all("t002" not in given for given in answers(query).values())


def test_providers_are_not_mixed(marts, warehouse, query):
    marts.execute("update marts.dim_tracks set provider = 'other' where track_id in ('t040', 't050', 't060')")
    marts.close()
    recommend(warehouse, recommenders=[Knn()])
    assert set(answers(query)["t040"]) == {"t050", "t060"}
    assert not {"t040", "t050", "t060"} & set(answers(query)["t000"])


def test_an_empty_catalogue_gives_no_answers(marts, warehouse):
    marts.execute("delete from marts.dim_tracks")
    marts.close()
    assert recommend(warehouse, recommenders=[Knn()]).rows_new == 0


def test_without_marts_the_sentence_says_what_to_run(warehouse):
    warehouse.parent.mkdir(parents=True)
    duckdb.connect(str(warehouse)).close()
    with pytest.raises(LoadError, match="spotiflow refresh"):
        recommend(warehouse, recommenders=[Knn()])


# ---- popular ----


def plays_of_some(random: np.random.Generator) -> pd.DataFrame:
    """Plays of two listeners around the end of a week in New York; few tracks, so that many are equally popular."""
    rows = 400
    end = dt.datetime(2026, 10, 26, 4)
    return pd.DataFrame(
        {
            "user_id": random.choice(["u", "v"], rows),
            "track_id": [f"t{number:03d}" for number in random.integers(0, 40, rows)],
            "played_at": [end + dt.timedelta(hours=float(hours)) for hours in random.uniform(-200, 60, rows)],
            "is_listen": random.random(rows) < 0.7,
            "listened_ms": random.integers(1, 4, rows) * 60_000,
        }
    )


def most_played(plays: pd.DataFrame, as_of: dt.datetime, leave_out: set[str]) -> list[str]:
    """`popular` once more, in plain pandas."""
    heard = plays[plays["is_listen"] & (plays["played_at"] < as_of) & ~plays["track_id"].isin(leave_out)]
    ranked = heard.groupby("track_id")["listened_ms"].agg(["size", "sum"]).reset_index()
    ranked = ranked.sort_values(["size", "sum", "track_id"], ascending=[False, False, True])
    return list(ranked["track_id"].head(RANKS))


@pytest.mark.parametrize("seed", mostly_long(range(5), 0))
def test_popular_equals_a_count_in_pandas(marts, warehouse, query, seed):
    plays = plays_of_some(np.random.default_rng(seed))
    marts.register("plays", plays)
    marts.execute("insert into marts.fct_plays select * from plays")
    marts.execute("update definitions.diagnostic_constants set value = 2 where constant = 'recommended_weeks'")
    marts.close()
    recommend(warehouse, recommenders=[Popular()])
    found: dict[tuple[dt.datetime, str], list[str]] = {}
    for as_of, song, track_id in query(
        'select as_of, seed_track_id, track_id from raw_spotify.recommendations order by 1, 2, "rank"'
    ):
        found.setdefault((as_of, song), []).append(track_id)
    assert {as_of for as_of, _ in found} == {dt.datetime(2026, 10, 19, 4), dt.datetime(2026, 10, 26, 4)}
    for as_of in {as_of for as_of, _ in found}:
        # t001 has the title and artist of t000.
        assert found[as_of, "t000"] == most_played(plays, as_of, {"t000", "t001"})
        assert found[as_of, "t040"] == most_played(plays, as_of, {"t040"})


def test_popular_sees_no_play_after_the_week(marts, warehouse, query):
    """What ends at that very moment belongs to the time after; what ends a moment before, to the week."""
    end = dt.datetime(2026, 10, 26, 4)
    before = end - dt.timedelta(microseconds=1)
    for track_id, played_at, is_listen in (("a", before, True), ("b", end, True), ("c", before, False)):
        marts.execute("insert into marts.fct_plays values ('v', ?, ?, ?, 60000)", [track_id, played_at, is_listen])
    marts.close()
    recommend(warehouse, recommenders=[Popular()])
    assert answers(query) == {"t000": ["a"], "t040": ["a"]}


def test_popular_without_plays_is_empty_and_says_nothing(marts, warehouse, query):
    marts.close()
    report = recommend(warehouse, recommenders=[Popular()])
    assert (report.rows_new, report.problems) == (0, [])
    assert query("select distinct outcome, tracks from raw_spotify.recommendation_requests") == [("empty", 0)]


# ---- whole answers, asked once ----


class Service:
    """A service that gives what it is told to; it remembers what it was asked."""

    name = "service"
    is_local = False
    now: dt.datetime

    def __init__(self, tracks: dict[str, list[str]], problem: str | None = None, version: str = "1") -> None:
        self.tracks, self.problem, self.version = tracks, problem, version
        self.asked: list[str] = []

    def answer(self, questions, ranks, warehouse, progress):
        self.asked = sorted(set(questions["seed_track_id"].to_pylist()))
        rows = [
            (song, rank, track_id)
            for song in self.asked
            for rank, track_id in enumerate(self.tracks.get(song, []), start=1)
        ]
        answered = pa.table({"seed_track_id": pa.array([s for s in self.asked if s in self.tracks], pa.string())})
        return Answers(
            answers_table((("seed_track_id", pa.string()), *RANKED), rows), answered, self.now, problem=self.problem
        )


NOW = dt.datetime(2026, 11, 2, 12)


def ask(warehouse: Path, *recommenders: Recommender, days: int = 0) -> LoadReport:
    now = NOW + dt.timedelta(days=days)
    for recommender in recommenders:
        if isinstance(recommender, Service):
            recommender.now = now
    return recommend(warehouse, recommenders=recommenders, now=now)


def test_a_service_is_asked_once(marts, warehouse, query):
    marts.close()
    service = Service({"t000": ["a", "b"], "t040": ["c"]})
    assert ask(warehouse, service).rows_new == 3
    assert service.asked == ["t000", "t040"]
    assert ask(warehouse, service, days=100).rows_new == 0
    assert service.asked == []
    assert set(query("select as_of, requested_at from raw_spotify.recommendations")) == {(NOW, NOW)}
    assert ask(warehouse, Service({"t000": ["z"], "t040": ["z"]}, version="2"), days=101).rows_new == 2


def test_a_song_that_a_service_does_not_know_is_asked_again_after_a_month(marts, warehouse):
    marts.close()
    service = Service({"t000": ["a"], "t040": []})
    for days, asked in ((0, ["t000", "t040"]), (29, []), (30, ["t040"]), (59, []), (60, ["t040"])):
        ask(warehouse, service, days=days)
        assert service.asked == asked, days


def test_one_that_fails_stops_no_other_and_what_it_gave_is_kept(marts, warehouse, query):
    marts.close()
    failing = Service({"t000": ["a"]}, problem="It asks for a pause. Come back at 15:00.")
    report = ask(warehouse, failing, Knn())
    assert [file.problem for file in report.files] == [failing.problem, None]
    assert query("select recommender, count(*) from raw_spotify.recommendations group by 1 order by 1") == [
        ("knn", 2 * RANKS),
        ("service", 1),
    ]
    again = Service({"t040": ["b"]})
    ask(warehouse, again)
    assert again.asked == ["t040"]


def test_recommenders_that_the_seed_switches_off_are_not_asked(marts, warehouse):
    marts.close()
    off = Service({})
    off.name = "switched_off"
    assert ask(warehouse, off).files == []


def test_a_shorter_answer_belongs_to_one_load_and_the_longer_one_to_another(marts, warehouse, query):
    """How `int_recommendations` tells them apart: a question and the tracks of its answer came with one load."""
    marts.close()
    ask(warehouse, Service({"t000": ["a", "b", "c"], "t040": ["x"]}))
    ask(warehouse, Service({"t000": ["b"], "t040": []}, version="2"))
    current = query(
        """
        select tracks.seed_track_id, tracks.track_id
        from raw_spotify.recommendations as tracks
        inner join raw_spotify.recommendation_requests as requests
            on tracks.seed_track_id = requests.seed_track_id and tracks._dlt_load_id = requests._dlt_load_id
        """
    )
    assert current == [("t000", "b")]
    assert query("select seed_track_id, outcome, tracks from raw_spotify.recommendation_requests order by 1") == [
        ("t000", "answered", 1),
        ("t040", "empty", 0),
    ]


def test_the_seed_and_the_code_name_the_same_recommenders():
    with (PROJECT / "seeds" / "definitions" / "recommenders.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["recommender"]: row for row in csv.DictReader(file)}
    assert {name for name, row in rows.items() if row["is_local"] == "true"} - {"file"} == {one.name for one in LOCAL}
    assert all(one.is_local for one in LOCAL)
