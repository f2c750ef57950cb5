"""A team's own recommendations: what is loaded, what is rejected and why, and what the report says of the rest."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from pathlib import Path

import duckdb
import pytest

from extract.raw.loader import load_tables
from extract.raw.tables import ACCOUNTS, AUDIO_FEATURES, TABLES
from extract.report import LoadError, LoadReport
from extract.sources.table_files import OwnModel, load_answer_files, load_recommendations
from extract.sources.table_files.recommendations import own_name, own_version
from tests.conftest import PROJECT, Completed, Place
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


def test_several_files_are_one_load_and_answer_each_question_once(listeners, warehouse, tmp_path, query: Query):
    first = csv_of(tmp_path, f"me,2026-11-09,{A},1,{B}", name="first.csv")
    second = csv_of(tmp_path, f"me,2026-11-16,{A},1,{C}", name="second.csv")
    files = [(first, OwnModel("ours", "1")), (second, OwnModel("ours", "2")), (first, OwnModel("theirs", "1"))]
    report = load_answer_files(warehouse, files, LISTENERS.__getitem__, 100, now=NOW)
    assert [(file.file, file.rows_loaded) for file in report.files] == [
        ("first.csv", 1),
        ("second.csv", 1),
        ("first.csv", 1),
    ]
    assert query("select recommender, recommender_version, track_id from raw_spotify.recommendations order by all") == [
        ("ours", "1", B),
        ("ours", "2", C),
        ("theirs", "1", B),
    ]
    assert query("select count(distinct _dlt_load_id) from raw_spotify.recommendation_requests") == [(1,)]
    with pytest.raises(ValueError, match="answers 1 questions of ours a second time"):
        load_answer_files(warehouse, [files[0], (first, OwnModel("ours", "3"))], LISTENERS.__getitem__, 100, now=NOW)


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


@pytest.fixture(scope="module")
def catalogue(place: Place, tmp_path_factory) -> list[str]:
    """Ids of ten tracks whose title and features are loaded, and one (the last) that has a title and no features."""
    ids = [f"{number:022d}" for number in range(11)]
    path = tmp_path_factory.mktemp("catalogue") / "features.csv"
    features = ",".join(AUDIO_FEATURES)
    lines = [f"{track},Title,Artist,{','.join(['0.5'] * 7)}" for track in ids[:-1]]
    path.write_text("\n".join([f"track_id,track_name,artist_name,{features}", *lines, f"{ids[-1]},T,A,,,,,,,"]) + "\n")
    done = place.run("load", "features", path)
    assert done.code == 0, done.text
    return ids


def answer(song: str, *tracks: str, week: str = "2026-11-16") -> list[str]:
    return [f"me,{week},{song},{rank},{track}" for rank, track in enumerate(tracks, start=1)]


def told(done: Completed) -> str:
    """What a command said, in one line."""
    return " ".join(done.text.split())


def test_a_sound_file_is_loaded_without_remarks(place, tmp_path, catalogue):
    lines = [f"{line},2026-11-23" for line in answer(A, *catalogue[:5])]
    done = run(place, csv_of(tmp_path, *lines, header=f"{HEADER},as_of"))
    assert done.code == 0, done.text
    assert "5 rows loaded from 1 file" in done.out
    for word in ("rejected", "unknown", "other than", "row "):
        assert word not in told(done).replace("5 rows", ""), done.out


def test_rejected_rows_are_named_by_reason(place, tmp_path, catalogue, query_of):
    """Sound rows of the same answers are loaded; exit code 3 says that not all of the file was."""
    good = answer(A, *catalogue[:5])
    twice = [f"me,2026-11-16,{A},1,{catalogue[5]}", f"me,2026-11-16,{A},2,{catalogue[6]}"]
    missing = [f"me,2026-11-16,{A},{rank}," for rank in range(6, 11)]
    done = run(place, csv_of(tmp_path, *good, *twice, *missing, f"me,2026-11-16,,6,{B}"), name="judged")
    assert done.code == 3, done.text
    assert "5 rows loaded from 1 file" in done.out
    assert "rejected, kept in raw_spotify.rejected_rows: 8 rows" in done.out
    assert "2  rank occurs before with another track: rows 6 and 7" in done.out
    assert "5  track_id missing: rows 8, 9, 10 and 2 more" in done.out
    assert "1  seed_track_id missing: row 13" in done.out
    assert "Row 1 is the first record" in done.out
    assert query_of("select track_id from raw_spotify.recommendations where recommender = 'judged' order by rank") == [
        (track,) for track in catalogue[:5]
    ]


def test_unknown_tracks_are_loaded_and_named_with_what_to_do(place, tmp_path, catalogue, query_of):
    lines = [*answer(A, *catalogue[:4], B), *answer(B, C, D, *catalogue[:2], catalogue[-1])]
    done = run(place, csv_of(tmp_path, *lines), name="adventurous")
    assert done.code == 0, done.text
    assert (
        "3 recommendations are of tracks that are unknown here, neither title nor audio features (rows 5, 6 and 7): "
        "loaded, but without features they have no part in a prediction."
    ) in told(done)
    assert "1 recommendation is of a track with a title but without all seven audio features (row 10)" in told(done)
    assert "spotiflow load features" in told(done)
    assert query_of("select count(*) from raw_spotify.recommendations where recommender = 'adventurous'") == [(10,)]


def test_the_song_itself_and_repeated_tracks_are_named(place, tmp_path, catalogue):
    known = catalogue[0]
    lines = answer(known, known, *catalogue[1:5], catalogue[1])
    done = run(place, csv_of(tmp_path, *lines), name="circular")
    assert done.code == 0, done.text
    assert (
        "2 recommendations are of the song itself, or of a track that stands in the answer before (rows 1 and 6)"
        in (told(done))
    )
    assert "1 of 1 answers has other than 5 tracks (from row 1 on): 1 has fewer" in told(done)


def test_answers_of_another_length_are_named(place, tmp_path, catalogue):
    lines = [
        *answer(A, *catalogue[:5]),
        *answer(B, *catalogue[:3]),
        *answer(C, *catalogue[:7]),
        *answer(D, *catalogue[:6]),
    ]
    done = run(place, csv_of(tmp_path, *lines), name="uneven")
    assert done.code == 0, done.text
    assert (
        "3 of 4 answers have other than 5 tracks (from rows 6, 9 and 16 on): 1 has fewer: its prediction rests on "
        "fewer; 2 have more: all are kept, the first 5 count."
    ) in told(done)


def test_k_is_that_of_the_definitions(place, tmp_path, catalogue):
    """Where teams predict from three tracks, answers of three are whole."""
    project = tmp_path / "project"
    for name in ("seeds", "dbt_project.yml"):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        source = PROJECT / name
        shutil.copytree(source, project / name) if source.is_dir() else shutil.copy(source, project / name)
    constants = project / "seeds" / "definitions" / "diagnostic_constants.csv"
    text = constants.read_text(encoding="utf-8")
    assert "similarity_k,5," in text
    constants.write_text(text.replace("similarity_k,5,", "similarity_k,3,"), encoding="utf-8")
    other = Place(place.folder, project)
    path = csv_of(tmp_path, *answer(A, *catalogue[:3]), *answer(B, *catalogue[:5]))
    done = run(other, path, name="short")
    assert done.code == 0, done.text
    assert "1 of 2 answers has other than 3 tracks (from row 4 on): 1 has more" in told(done)


def test_an_experiment_comes_in_one_file(place, tmp_path, catalogue, query_of):
    """Songs or listeners are in one variant each; another variant in the same answer is refused."""
    lines = [f"{line},three" for line in answer(A, *catalogue[:3])]
    lines += [f"{line},five" for line in answer(B, *catalogue[:5])]
    lines.append(f"me,2026-11-16,{A},4,{catalogue[3]},five")
    done = run(place, csv_of(tmp_path, *lines, header=f"{HEADER},variant"), name="experiment")
    assert done.code == 3, done.text
    assert "1  variant differs within one answer: row 9" in done.out
    assert "Variants: five (1 answer, 1 listener), three (1 answer, 1 listener)." in told(done)
    stored = "from raw_spotify.recommendations where recommender = 'experiment'"
    assert query_of(f"select variant, count(*) {stored} group by variant order by variant") == [
        ("five", 5),
        ("three", 3),
    ]


@pytest.fixture
def query_of(place: Place) -> Query:
    def ask(sql: str) -> list[tuple[object, ...]]:
        with duckdb.connect(str(place.warehouse), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    return ask


def run(place: Place, path: Path, *more: str, name: str = "ours") -> Completed:
    return place.run("load", "recommendations", path, "--recommender", name, "--version", "1", *more)


def test_command_loads_and_says_what_it_left_out(place, tmp_path, query_of):
    done = run(place, csv_of(tmp_path, f"me,2026-11-16,{A},1,{B}", f"you,2026-11-16,{A},1,{B}"), name="told")
    assert done.code == 3, done.text
    assert "1 row loaded from 1 file" in done.out
    assert "1  no listener of this warehouse: row 2" in done.out
    assert query_of("select track_id from raw_spotify.recommendations where recommender = 'told'") == [(B,)]


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
