"""A team's own recommendations: what is loaded, what is rejected and why, and what the report says of the rest."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import duckdb
import pytest

from extract.pipeline import load_tables
from extract.recommendations import OwnModel, load_recommendations
from extract.recommendations.own_model import own_name, own_version
from extract.report import LoadError, LoadReport
from extract.tables import ACCOUNTS, TABLES
from tests.conftest import Completed, Place
from tests.extract.conftest import Query

NOW = dt.datetime(2026, 11, 24, 12)
LISTENERS = {"me": "u1", "partner": "u2"}
A, B, C, D = ("A" * 22, "B" * 22, "C" * 22, "D" * 22)
HEADER = "account,week_start,seed_track_id,rank,track_id"


@pytest.fixture
def listeners(warehouse: Path) -> None:
    """A warehouse with two listeners."""
    rows = [{"user_id": user_id, "timezone": "Europe/London", "is_sample": False} for user_id in LISTENERS.values()]
    load_tables(warehouse, {"accounts": [ACCOUNTS.from_rows(rows)]})


def load(warehouse: Path, path: Path, version: str = "1", **options) -> LoadReport:
    model = OwnModel("ours", version)
    user_id_of = {**LISTENERS}
    return load_recommendations(
        warehouse, path, model, lambda label: user_id_of.get(label, "stranger"), 100, now=NOW, **options
    )


def csv_of(folder: Path, *lines: str, header: str = HEADER, name: str = "answers.csv") -> Path:
    path = folder / name
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


TRACKS = 'select user_id, seed_track_id, "rank", track_id from raw_spotify.recommendations order by 1, 2, 3'


def test_an_answer_is_loaded_with_its_question(listeners, warehouse, tmp_path, query: Query):
    path = csv_of(
        tmp_path,
        f"me,2026-11-16,{A},1,spotify:track:{B},2026-11-23T01:00:00+01:00,blue",
        f"me,2026-11-16,{A},2,https://open.spotify.com/track/{C}?si=x,2026-11-23T00:00:00Z,blue",
        f"partner,2026-11-16,title:abc,1,{B},2026-11-23 00:00:00,blue",
        header=f"{HEADER},as_of,variant",
    )
    report = load(warehouse, path)
    assert (report.rows_loaded, report.rows_rejected, report.ok) == (3, 0, True)
    assert query(TRACKS) == [("u1", A, 1, B), ("u1", A, 2, C), ("u2", "title:abc", 1, B)]
    assert query(
        """
        select distinct recommender, recommender_version, as_of, requested_at, variant from raw_spotify.recommendations
        """
    ) == [("ours", "1", dt.datetime(2026, 11, 23), NOW, "blue")]
    assert query("select user_id, outcome, tracks, as_of from raw_spotify.recommendation_requests order by 1") == [
        ("u1", "file", 2, dt.datetime(2026, 11, 23)),
        ("u2", "file", 1, dt.datetime(2026, 11, 23)),
    ]
    assert query("select source, file, rows_read, rows_loaded from raw_spotify.load_log") == [
        ("recommendations", "answers.csv", 3, 3)
    ]


BROKEN = {
    f",2026-11-16,{A},1,{B}": "account or user_id missing",
    f"stranger,2026-11-16,{A},1,{B}": "no listener of this warehouse",
    f"me,,{A},1,{B}": "week_start missing",
    f"me,16.11.2026,{A},1,{B}": "week_start is no date such as 2026-11-16",
    f"me,2026-11-17,{A},1,{B}": "week_start is not a Monday",
    f"me,2026-12-07,{A},1,{B}": "week_start lies in the future",
    f"me,2026-11-16,,1,{B}": "seed_track_id missing",
    f"me,2026-11-16,a song,1,{B}": "seed_track_id is not a track id",
    f"me,2026-11-16,{A},,{B}": "rank missing",
    f"me,2026-11-16,{A},0,{B}": "rank is not a whole number from 1 on",
    f"me,2026-11-16,{A},1.5,{B}": "rank is not a whole number from 1 on",
    f"me,2026-11-16,{A},nan,{B}": "rank is not a whole number from 1 on",
    f"me,2026-11-16,{A},first,{B}": "rank is not a whole number from 1 on",
    f"me,2026-11-16,{A},101,{B}": "rank is larger than 100",
    f"me,2026-11-16,{A},3,": "track_id missing",
    f"me,2026-11-16,{A},3,title:x": "track_id is not a Spotify track id",
    f"me,2026-11-16,{A},1,{D}": "rank occurs before with another track",
}


@pytest.mark.parametrize(("line", "reason"), BROKEN.items(), ids=[*BROKEN.values()])
def test_every_row_is_judged_for_itself(tmp_path, line, reason, judged):
    assert judged[line] == reason


@pytest.fixture(scope="module")
def judged(tmp_path_factory) -> dict[str, str]:
    """All the broken rows in one file, between good ones: row → why it was rejected."""
    folder = tmp_path_factory.mktemp("broken")
    warehouse = folder / "data" / "warehouse.duckdb"
    rows = [{"user_id": "u1", "timezone": "Europe/London", "is_sample": False}]
    load_tables(warehouse, {"accounts": [ACCOUNTS.from_rows(rows)]})
    good = [f"me,2026-11-16,{A},1,{B}", f"me,2026-11-16,{A},2,{C}"]
    report = load(warehouse, csv_of(folder, good[0], *BROKEN, good[1]))
    assert (report.rows_loaded, report.rows_rejected) == (2, len(BROKEN))
    assert report.files[0].rows_read == len(BROKEN) + 2
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        found = connection.execute('select "row", reason from raw_spotify.rejected_rows').fetchall()
    lines = [good[0], *BROKEN]
    return {lines[row - 1]: reason for row, reason in found}


def test_what_is_kept_of_a_rejected_row_names_no_account(listeners, warehouse, tmp_path, query: Query):
    load(warehouse, csv_of(tmp_path, f"somebody@example.org,2026-11-16,{A},1,{B}", f"me,2026-11-16,{A},1,{B}"))
    ((user_id, fields),) = query("select user_id, fields from raw_spotify.rejected_rows")
    assert user_id is None
    assert json.loads(fields) == {"week_start": "2026-11-16", "seed_track_id": A, "rank": "1", "track_id": B}
    for table in TABLES:
        assert "somebody" not in str(query(f"select * from raw_spotify.{table}"))


def test_a_new_answer_replaces_the_old_one_as_a_whole(listeners, warehouse, tmp_path, query: Query):
    lines = [f"me,2026-11-16,{A},{rank},{track}" for rank, track in enumerate((B, C, D), start=1)]
    load(warehouse, csv_of(tmp_path, *lines))
    load(warehouse, csv_of(tmp_path, lines[0], name="shorter.csv"), version="2")
    assert query(
        """
        select tracks."rank", tracks.track_id, requests.tracks, requests.recommender_version
        from raw_spotify.recommendations as tracks
        inner join raw_spotify.recommendation_requests as requests on tracks._dlt_load_id = requests._dlt_load_id
        """
    ) == [(1, B, 1, "2")]


def test_loading_the_same_file_again_changes_no_moment(listeners, warehouse, tmp_path, query: Query):
    """Without as_of, the model may have known everything until the file came; and that is when it came first."""
    path = csv_of(tmp_path, f"me,2026-11-16,{A},1,{B}")
    report = load(warehouse, path)
    assert "Without a column as_of" in (report.files[0].note or "")
    before = query("select * exclude (_dlt_load_id) from raw_spotify.recommendations")
    model = OwnModel("ours", "1")
    load_recommendations(warehouse, path, model, LISTENERS.__getitem__, 100, now=NOW + dt.timedelta(days=3))
    assert query("select * exclude (_dlt_load_id) from raw_spotify.recommendations") == before
    assert {(row[7], row[8]) for row in before} == {(NOW, NOW)}


def test_repeats_count_once_and_holes_are_explained(listeners, warehouse, tmp_path, query: Query):
    line = f"me,2026-11-16,{A},1,{B}"
    report = load(warehouse, csv_of(tmp_path, line, line, f"me,2026-11-16,{A},3,{C}"))
    (file,) = report.files
    assert (file.rows_read, file.rows_loaded, file.repeated) == (3, 2, 1)
    assert "1 of 1 answers lack ranks in between" in (file.note or "")
    assert query("select tracks from raw_spotify.recommendation_requests") == [(2,)]


def test_two_moments_in_one_answer_are_refused(listeners, warehouse, tmp_path, query: Query):
    lines = [f"me,2026-11-16,{A},1,{B},2026-11-23", f"me,2026-11-16,{A},2,{C},2026-11-24", f"me,2026-11-16,{A},3,{D},x"]
    report = load(warehouse, csv_of(tmp_path, *lines, header=f"{HEADER},as_of"))
    assert report.rows_loaded == 1
    assert dict(report.files[0].rejected) == {
        "requested_at or as_of differs within one answer": 1,
        "as_of is no time such as 2026-11-23T00:00:00Z": 1,
    }


def test_answers_for_other_songs_than_top_songs_are_pointed_out(listeners, warehouse, tmp_path):
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(
            f"create schema marts; create table marts.weekly_top_songs as "
            f"select 'u1' as user_id, date '2026-11-16' as week_start, '{A}' as track_id"
        )
    report = load(warehouse, csv_of(tmp_path, f"me,2026-11-16,{A},1,{B}", f"me,2026-11-16,{B},1,{C}"))
    assert "1 of 2 answers are for songs that were no Top Song of that week" in (report.files[0].note or "")


# ---- formats ----


def test_json_lines_with_broken_ones_between(listeners, warehouse, tmp_path, query: Query):
    good = {"user_id": "u1", "week_start": "2026-11-16", "seed_track_id": A, "rank": 1, "track_id": B}
    path = tmp_path / "answers.jsonl"
    path.write_text(
        "\n".join(
            [json.dumps(good), "{broken", "", "[1]", json.dumps(good | {"rank": 2, "track_id": C, "as_of": None})]
        )
    )
    report = load(warehouse, path)
    assert report.rows_loaded == 2
    assert dict(report.files[0].rejected) == {"not a JSON object": 2}
    assert query('select "row" from raw_spotify.rejected_rows order by 1') == [(2,), (3,)]  # empty lines are no rows


def test_parquet_with_types_of_its_own(listeners, warehouse, tmp_path, query: Query):
    path = tmp_path / "answers.parquet"
    duckdb.sql(
        f"select date '2026-11-16' as week_start, '{A}' as seed_track_id, 1::tinyint as rank, '{B}' as track_id, "
        "timestamptz '2026-11-23 00:00:00+00' as as_of"
    ).write_parquet(str(path))
    report = load(warehouse, path, account="partner")
    assert report.rows_loaded == 1
    assert query("select user_id, as_of from raw_spotify.recommendations") == [("u2", dt.datetime(2026, 11, 23))]


def test_a_csv_line_with_too_many_values_costs_that_line(listeners, warehouse, tmp_path):
    good = [f"me,2026-11-16,{A},{rank},{track}" for rank, track in enumerate((B, C, D), start=1)]
    report = load(warehouse, csv_of(tmp_path, good[0], f"{good[1]},and,more", good[2]))
    assert report.rows_loaded == 2
    assert [reason.partition(":")[0] for reason in report.files[0].rejected] == ["not a CSV line"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"PK\x03\x04rest", "ZIP or a spreadsheet"),
        (b"PAR1 and no more", "no Parquet file"),
        (b"week_start,rank\n2026-11-16,1\n", "lacks the columns account"),
    ],
    ids=["empty", "spreadsheet", "cut Parquet", "other columns"],
)
def test_a_file_that_is_none_is_explained(listeners, warehouse, tmp_path, query: Query, content, says):
    path = tmp_path / "answers.csv"
    path.write_bytes(content)
    with pytest.raises(LoadError, match=says):
        load(warehouse, path)
    assert query("select count(*) from raw_spotify.load_log") == [(0,)]


def test_nobody_to_recommend_for(warehouse, tmp_path):
    with pytest.raises(LoadError, match="nobody to recommend for"):
        load(warehouse, csv_of(tmp_path, f"me,2026-11-16,{A},1,{B}"))


@pytest.mark.parametrize("name", ["knn", "Ours", "", "a" * 41, "our model", "-x"])
def test_names_that_cannot_be(name):
    with pytest.raises(ValueError, match="recommender"):
        own_name(name, frozenset({"knn", "file"}))


@pytest.mark.parametrize("version", ["", " 1", "x" * 41, "1/2"])
def test_versions_that_cannot_be(version):
    with pytest.raises(ValueError, match="version"):
        own_version(version)


# ---- through the command line ----


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Place:
    """A warehouse with one account, `me`."""
    place = Place(tmp_path_factory.mktemp("own"))
    play = {
        "ts": "2026-11-18T10:00:00Z",
        "ms_played": 60_000,
        "spotify_track_uri": f"spotify:track:{A}",
        "master_metadata_track_name": "Song",
        "master_metadata_album_artist_name": "Artist",
    }
    export = place.folder / "endsong_0.json"
    export.write_text(json.dumps([play]))
    done = place.run("load", "export", export, "--account", "me", "--timezone", "Europe/London")
    assert done.code == 0, done.text
    return place


def run(place: Place, path: Path, *more: str, name: str = "ours") -> Completed:
    return place.run("load", "recommendations", path, "--recommender", name, "--version", "1", *more)


def test_command_loads_and_says_what_it_left_out(place, tmp_path):
    done = run(place, csv_of(tmp_path, f"me,2026-11-16,{A},1,{B}", f"you,2026-11-16,{A},1,{B}"))
    assert done.code == 0, done.text
    assert "1 row loaded from 1 file" in done.out
    assert "no listener of this warehouse" in done.out
    with duckdb.connect(str(place.warehouse), read_only=True) as connection:
        assert connection.execute("select recommender, track_id from raw_spotify.recommendations").fetchall() == [
            ("ours", B)
        ]


@pytest.mark.parametrize(
    ("name", "content", "code", "says"),
    [
        ("knn", "", 2, "is the name of a recommender that comes with SpotiFlow"),
        ("ours", "", 1, "is empty"),
        ("ours", "a,b\n1,2\n", 1, "lacks the columns"),
        ("ours", f"{HEADER}\nme,2026-11-17,{A},1,{B}\n", 1, "week_start is not a Monday"),
    ],
    ids=["reserved name", "empty", "other columns", "no good row"],
)
def test_command_explains_what_cannot_be_loaded(place, tmp_path, name, content, code, says):
    path = tmp_path / "answers.csv"
    path.write_text(content)
    done = run(place, path, name=name)
    assert done.code == code, done.text
    assert says in " ".join(done.text.replace("│", " ").split())
    assert "Traceback" not in done.text
