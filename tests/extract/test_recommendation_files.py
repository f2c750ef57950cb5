"""A team's own recommendations: what is read, what is rejected and why, and what the report says of the rest."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from extract.raw.loader import load_tables
from extract.raw.tables import ACCOUNTS, AUDIO_FEATURES
from extract.report import LoadError
from extract.sources.table_files import Listeners, read_recommendations
from extract.sources.table_files.remarks import Known, add_remarks
from extract.stored import FirstLoad, LogKey, Stored
from spotiflow.recommend.file_recommender import load_answers, own_name, own_version
from tests.conftest import PROJECT, Completed, Place
from tests.extract.conftest import Query
from tests.extract.reading import Read, read_whole

NOW = dt.datetime(2026, 11, 24, 12)
MONDAY = dt.date(2026, 11, 16)
USER_IDS = {"me": "u1", "partner": "u2"}
A, B, C, D = ("A" * 22, "B" * 22, "C" * 22, "D" * 22)
HEADER = "account,week_start,seed_track_id,rank,track_id"


def listeners(account: str | None = None) -> Listeners:
    return Listeners(lambda label: USER_IDS.get(label, "stranger"), USER_IDS.values(), account)


def read(path: Path, account: str | None = None, stored: Stored | None = None, now: dt.datetime = NOW) -> Read:
    return read_whole(read_recommendations(path, "ours", "1", listeners(account), 100, stored=stored, now=now))


def csv_of(folder: Path, *lines: str, header: str = HEADER, name: str = "answers.csv") -> Path:
    path = folder / name
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


def answer(song: str, *tracks: str, week: str = "2026-11-16") -> list[str]:
    return [f"me,{week},{song},{rank},{track}" for rank, track in enumerate(tracks, start=1)]


def test_an_answer_is_read_with_its_question(tmp_path: Path) -> None:
    path = csv_of(
        tmp_path,
        f"me,2026-11-16,{A},1,spotify:track:{B},2026-11-23T01:00:00+01:00,blue",
        f"me,2026-11-16,{A},2,https://open.spotify.com/track/{C}?si=x,2026-11-23T00:00:00Z,blue",
        f"partner,2026-11-16,title:abc,1,{B},2026-11-23 00:00:00,blue",
        header=f"{HEADER},as_of,variant",
    )
    found = read(path)
    assert (found.file.rows_read, found.file.rows_loaded, found.file.rejected.total()) == (3, 3, 0)
    told = ("1", NOW, dt.datetime(2026, 11, 23), "blue")
    assert sorted(found.rows("recommendations")) == [
        ("ours", "u1", MONDAY, A, 1, B, *told),
        ("ours", "u1", MONDAY, A, 2, C, *told),
        ("ours", "u2", MONDAY, "title:abc", 1, B, *told),
    ]
    assert sorted(found.rows("recommendation_requests", "user_id", "outcome", "tracks", "as_of")) == [
        ("u1", "file", 2, dt.datetime(2026, 11, 23)),
        ("u2", "file", 1, dt.datetime(2026, 11, 23)),
    ]
    assert found.rows("load_log", "source", "file", "rows_read", "rows_loaded") == [
        ("recommendations", "answers.csv", 3, 3)
    ]


BROKEN = {
    f",2026-11-16,{A},1,{B}": "account or user_id missing",
    f"stranger,2026-11-16,{A},1,{B}": "unknown listener",
    f"me,,{A},1,{B}": "week_start missing",
    f"me,16.11.2026,{A},1,{B}": "week_start is not a date such as 2026-11-16",
    f"me,2026-11-17,{A},1,{B}": "week_start is not a Monday",
    f"me,2026-12-07,{A},1,{B}": "week_start is in the future",
    f"me,2026-11-16,,1,{B}": "seed_track_id missing",
    f"me,2026-11-16,a song,1,{B}": "seed_track_id is not a track id",
    f"me,2026-11-16,{A},,{B}": "rank missing",
    f"me,2026-11-16,{A},0,{B}": "rank is not a whole number above 0",
    f"me,2026-11-16,{A},1.5,{B}": "rank is not a whole number above 0",
    f"me,2026-11-16,{A},nan,{B}": "rank is not a whole number above 0",
    f"me,2026-11-16,{A},first,{B}": "rank is not a whole number above 0",
    f"me,2026-11-16,{A},101,{B}": "rank is larger than 100",
    f"me,2026-11-16,{A},3,": "track_id missing",
    f"me,2026-11-16,{A},3,title:x": "track_id is not a Spotify track id",
    f"me,2026-11-16,{A},1,{D}": "rank occurred earlier with another track",
}


def test_every_row_is_judged_for_itself(tmp_path: Path) -> None:
    """All the broken rows in one file, between good ones."""
    good = answer(A, B, C)
    found = read(csv_of(tmp_path, good[0], *BROKEN, good[1]))
    assert (found.file.rows_read, found.file.rows_loaded) == (len(BROKEN) + 2, 2)
    lines = [good[0], *BROKEN]
    assert {lines[row - 1]: reason for row, reason in found.rows("rejected_rows", "row", "reason")} == BROKEN


def test_a_column_and_the_option_must_name_the_same_listener(tmp_path: Path) -> None:
    found = read(csv_of(tmp_path, f"me,2026-11-16,{A},1,{B}", f"partner,2026-11-16,{A},1,{B}"), account="me")
    assert found.rows("recommendations", "user_id") == [("u1",)]
    assert dict(found.file.rejected) == {"account and user_id are different listeners": 1}


def test_what_is_kept_of_a_rejected_row_names_no_account(tmp_path: Path) -> None:
    found = read(csv_of(tmp_path, f"somebody@example.org,2026-11-16,{A},1,{B}", f"me,2026-11-16,{A},1,{B}"))
    ((user_id, fields),) = found.rows("rejected_rows", "user_id", "fields")
    assert user_id is None
    assert json.loads(fields) == {"week_start": "2026-11-16", "seed_track_id": A, "rank": "1", "track_id": B}
    assert "somebody" not in str([table.to_pylist() for table in found.tables.values()])


def test_reading_the_same_file_again_changes_no_moment(tmp_path: Path) -> None:
    """Without as_of, the model may have known everything until the file came; and that is when it came first."""
    path = csv_of(tmp_path, f"me,2026-11-16,{A},1,{B}")
    first = read(path)
    key = first.rows("load_log", "user_id", "source", "file", "content_hash")[0]

    class Before(Stored):
        def first_loads(self) -> dict[LogKey, FirstLoad]:
            return {key: FirstLoad(NOW, None)}

    again = read(path, stored=Before(), now=NOW + dt.timedelta(days=3))
    assert again.rows("recommendations") == first.rows("recommendations")
    assert first.rows("recommendations", "requested_at", "as_of") == [(NOW, NOW)]


def test_repeats_count_once(tmp_path: Path) -> None:
    line = f"me,2026-11-16,{A},1,{B}"
    found = read(csv_of(tmp_path, line, line, f"me,2026-11-16,{A},3,{C}"))
    assert (found.file.rows_read, found.file.rows_loaded, found.file.repeated) == (3, 2, 1)
    assert found.rows("recommendation_requests", "tracks") == [(2,)]


def test_two_moments_or_variants_in_one_answer_are_refused(tmp_path: Path) -> None:
    lines = [
        f"me,2026-11-16,{A},1,{B},2026-11-23,x",
        f"me,2026-11-16,{A},2,{C},2026-11-24,x",
        f"me,2026-11-16,{A},3,{D},x,x",
        f"me,2026-11-16,{A},4,{D},2026-11-23,y",
    ]
    found = read(csv_of(tmp_path, *lines, header=f"{HEADER},as_of,variant"))
    assert found.file.rows_loaded == 1
    assert dict(found.file.rejected) == {
        "requested_at or as_of differs within one answer": 1,
        "as_of is not a time such as 2026-11-23T00:00:00Z": 1,
        "variant differs within one answer": 1,
    }


# ---- formats ----


def test_parquet_with_types_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "answers.parquet"
    duckdb.sql(
        f"select date '2026-11-16' as week_start, '{A}' as seed_track_id, 1::tinyint as rank, '{B}' as track_id, "
        "timestamptz '2026-11-23 00:00:00+00' as as_of"
    ).write_parquet(str(path))
    found = read(path, account="partner")
    assert found.rows("recommendations", "user_id", "as_of") == [("u2", dt.datetime(2026, 11, 23))]


@pytest.mark.parametrize("name", ["knn", "Ours", "", "a" * 41, "our model", "-x"])
def test_names_that_cannot_be(name: str) -> None:
    with pytest.raises(ValueError, match="recommender"):
        own_name(name, frozenset({"knn", "file"}))


@pytest.mark.parametrize("version", ["", " 1", "x" * 41, "1/2"])
def test_versions_that_cannot_be(version: str) -> None:
    with pytest.raises(ValueError, match="version"):
        own_version(version)


# ---- remarks about what was read ----

KNOWN = [f"{number:022d}" for number in range(11)]
"""Ids of ten tracks with title and features, and one (the last) that has a title and no features."""


def remarks_about(path: Path, top_songs: pa.Table | None = None, k: int = 5) -> str:
    """The remarks, in one line."""

    def facts(tracks: pa.Table) -> pa.Table:
        ids = tracks["track_id"].to_pylist()
        has_features = [track in KNOWN[:-1] for track in ids]
        return tracks.append_column("has_title", [[track in KNOWN for track in ids]]).append_column(
            "has_features", [has_features]
        )

    with read_recommendations(path, "ours", "1", listeners(), 100, now=NOW) as batch:
        add_remarks(batch, Known(top_songs, facts, k))
        return " ".join((batch.file.note or "").split())


def test_a_sound_file_gets_no_remarks(tmp_path: Path) -> None:
    lines = [f"{line},2026-11-23" for line in answer(A, *KNOWN[:5])]
    assert remarks_about(csv_of(tmp_path, *lines, header=f"{HEADER},as_of")) == ""


def test_a_file_that_does_not_say_what_the_model_knew(tmp_path: Path) -> None:
    assert "Without a column as_of" in remarks_about(csv_of(tmp_path, *answer(A, *KNOWN[:5])))


def test_gaps_between_ranks_are_explained(tmp_path: Path) -> None:
    said = remarks_about(csv_of(tmp_path, f"me,2026-11-16,{A},1,{B}", f"me,2026-11-16,{A},3,{C}"))
    assert "1 of 1 answers skip ranks (from row 1 on)" in said


def test_answers_for_other_songs_than_top_songs_are_pointed_out(tmp_path: Path) -> None:
    songs = pa.table({"user_id": ["u1"], "week_start": [MONDAY], "seed_track_id": [A]})
    said = remarks_about(csv_of(tmp_path, f"me,2026-11-16,{A},1,{B}", f"me,2026-11-16,{B},1,{C}"), songs)
    assert "1 of 2 answers are for songs that were not Top Songs of that week (from row 2 on)" in said


def test_unknown_tracks_are_named_with_what_to_do(tmp_path: Path) -> None:
    said = remarks_about(csv_of(tmp_path, *answer(A, *KNOWN[:4], B), *answer(B, C, D, *KNOWN[:2], KNOWN[-1])))
    assert (
        "3 recommendations are of tracks that are unknown here, neither title nor audio features (rows 5, 6 and 7): "
        "loaded, but without features they take no part in predictions."
    ) in said
    assert "1 recommendation is of a track with a title but without all seven audio features (row 10)" in said
    assert "spotiflow load features" in said


def test_the_song_itself_and_repeated_tracks_are_named(tmp_path: Path) -> None:
    said = remarks_about(csv_of(tmp_path, *answer(KNOWN[0], KNOWN[0], *KNOWN[1:5], KNOWN[1])))
    assert "2 recommendations are of the song itself, or of a track that the answer has already (rows 1 and 6)" in said
    assert "1 of 1 answers does not have 5 tracks (from row 1 on): 1 has fewer" in said


def test_answers_of_another_length_are_named(tmp_path: Path) -> None:
    lines = [*answer(A, *KNOWN[:5]), *answer(B, *KNOWN[:3]), *answer(C, *KNOWN[:7]), *answer(D, *KNOWN[:6])]
    assert (
        "3 of 4 answers do not have 5 tracks (from rows 6, 9 and 16 on): 1 has fewer: its prediction uses those; "
        "2 have more: all are kept, the first 5 count."
    ) in remarks_about(csv_of(tmp_path, *lines))


def test_variants_of_an_experiment_are_counted(tmp_path: Path) -> None:
    lines = [f"{line},three" for line in answer(A, *KNOWN[:3])] + [f"{line},five" for line in answer(B, *KNOWN[:5])]
    said = remarks_about(csv_of(tmp_path, *lines, header=f"{HEADER},variant"))
    assert "Variants: five (1 answer, 1 listener), three (1 answer, 1 listener)." in said


# ---- into the warehouse ----


def test_a_new_answer_replaces_the_old_one_as_a_whole(warehouse: Path, tmp_path: Path, query: Query) -> None:
    def load(path: Path, version: str) -> int:
        options = {"most_ranks": 100, "similarity_k": 5, "now": NOW}
        return load_answers(warehouse, path, "ours", version, USER_IDS.__getitem__, **options).rows_loaded

    path = csv_of(tmp_path, *answer(A, B, C, D))
    with pytest.raises(LoadError, match="nobody to recommend for"):
        load(path, "1")
    rows = [{"user_id": user_id, "timezone": "Europe/London", "is_sample": False} for user_id in USER_IDS.values()]
    load_tables(warehouse, {"accounts": [ACCOUNTS.from_rows(rows)]})
    assert load(path, "1") == 3
    assert load(csv_of(tmp_path, *answer(A, D), name="shorter.csv"), "2") == 1
    assert query(
        """
        select tracks."rank", tracks.track_id, requests.tracks, requests.recommender_version
        from raw_spotify.recommendations as tracks
        inner join raw_spotify.recommendation_requests as requests on tracks._dlt_load_id = requests._dlt_load_id
        """
    ) == [(1, D, 1, "2")]


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


def told(done: Completed) -> str:
    """What a command said, in one line."""
    return " ".join(done.text.split())


def test_a_sound_file_is_loaded_without_remarks(place, tmp_path, catalogue, query_of):
    lines = [f"{line},2026-11-23" for line in answer(A, *catalogue[:5])]
    done = run(place, csv_of(tmp_path, *lines, header=f"{HEADER},as_of"))
    assert done.code == 0, done.text
    assert "5 rows loaded from 1 file" in done.out
    for word in ("rejected", "unknown", "not have", "row "):
        assert word not in told(done).replace("5 rows", ""), done.out
    assert (
        query_of("select user_id = (select user_id from raw_spotify.accounts) from raw_spotify.recommendations")
        == [(True,)] * 5
    )


def test_rejected_rows_are_named_by_reason(place, tmp_path, catalogue, query_of):
    """Sound rows of the same answers are loaded; exit code 3 says that not all of the file was."""
    good = answer(A, *catalogue[:5])
    twice = [f"me,2026-11-16,{A},1,{catalogue[5]}", f"me,2026-11-16,{A},2,{catalogue[6]}"]
    missing = [f"me,2026-11-16,{A},{rank}," for rank in range(6, 11)]
    others = [f"me,2026-11-16,,6,{B}", f"you,2026-11-16,{A},1,{B}", f"me,2026-11-16,{A},6,{catalogue[-1]}"]
    done = run(place, csv_of(tmp_path, *good, *twice, *missing, *others), name="judged")
    assert done.code == 3, done.text
    assert "6 rows loaded from 1 file" in done.out
    assert "rejected, kept in raw_spotify.rejected_rows: 9 rows" in done.out
    assert "2  rank occurred earlier with another track: rows 6 and 7" in done.out
    assert "5  track_id missing: rows 8, 9, 10 and 2 more" in done.out
    assert "1  seed_track_id missing: row 13" in done.out
    assert "1  unknown listener: row 14" in done.out
    assert "1 recommendation is of a track with a title but without all seven audio features (row 15)" in told(done)
    assert "Row 1 is the first record" in done.out
    assert query_of("select track_id from raw_spotify.recommendations where recommender = 'judged' order by rank") == [
        (track,) for track in [*catalogue[:5], catalogue[-1]]
    ]


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
    assert "1 of 2 answers does not have 3 tracks (from row 4 on): 1 has more" in told(done)


@pytest.fixture
def query_of(place: Place) -> Query:
    def ask(sql: str) -> list[tuple[object, ...]]:
        with duckdb.connect(str(place.warehouse), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    return ask


def run(place: Place, path: Path, *more: str, name: str = "ours") -> Completed:
    return place.run("load", "recommendations", path, "--recommender", name, "--version", "1", *more)


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
