"""The export reader: every version, every packaging, every kind of damage."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extract.report import LoadReport
from extract.spotify_export import ExportSource, load_exports
from extract.spotify_export.inputs import HistoryFile
from extract.spotify_export.reader import open_scratch, read_file
from extract.spotify_export.repair import repair
from tests.extract.conftest import Query
from tests.extract.exports import NO_MUSIC, TRACK, record, version_1, version_3, write_json, write_zip

USER = "a" * 32


def load(warehouse: Path, *paths: Path, user_id: str = USER) -> LoadReport:
    return load_exports(warehouse, [ExportSource(user_id, paths, "Europe/London")])


@pytest.fixture
def audio(tmp_path: Path) -> Path:
    return tmp_path / "Streaming_History_Audio_2024_0.json"


def stored(query: Query) -> list[tuple[object, ...]]:
    return query(
        "select columns(c -> c != '_dlt_load_id') from raw_spotify.streaming_history order by all",
    )


@pytest.mark.parametrize(
    ("make", "name"), [(version_1, "extended_v1"), (dict, "extended_v2"), (version_3, "extended_v3")]
)
def test_each_version_of_the_format_gives_the_same_row(make, name, audio, warehouse, query):
    write_json(audio, [make(record())])
    load(warehouse, audio)
    assert stored(query) == [
        (
            USER,
            dt.datetime(2024, 3, 1, 12),
            TRACK,
            200_000,
            "track",
            "0123456789abcdefghijkl",
            "Paper Boats",
            "The Lanterns",
            "Harbour",
            "trackdone",
            "trackdone",
            False,
            None,
            False,
            False,
            name,
        )
    ]


def test_overlapping_exports_of_all_versions_merge_into_one_play(tmp_path, warehouse, query):
    files = [
        write_json(tmp_path / f"endsong_{number}.json", [make(record())])
        for number, make in enumerate((version_1, dict, version_3))
    ]
    load(warehouse, *files)
    assert query("select export_format from raw_spotify.streaming_history") == [("extended_v3",)]
    load(warehouse, files[2])
    assert len(stored(query)) == 1


def test_kinds_of_content_are_told_apart_and_counted(audio, warehouse, query):
    rows = [
        record(),
        record(ts="2024-03-01T12:01:00Z", spotify_track_uri="spotify:local:The+Lanterns::Demo:201"),
        record(ts="2024-03-01T12:02:00Z", spotify_track_uri=None),
        record(ts="2024-03-01T12:03:00Z", **NO_MUSIC),
        record(
            ts="2024-03-01T12:04:00Z",
            **{**NO_MUSIC, "episode_name": "Talk", "spotify_episode_uri": "spotify:episode:e"},
        ),
        version_3(record(ts="2024-03-01T12:05:00Z", **{**NO_MUSIC, "audiobook_uri": "spotify:show:b"})),
    ]
    write_json(audio, [version_3(row) for row in rows])
    report = load(warehouse, audio).files[0]
    assert (report.rows_read, report.rows_loaded) == (6, 3)
    assert report.set_aside == Counter(unknown=1, episode=1, audiobook=1)
    kinds = query("select content_kind, track_id from raw_spotify.streaming_history order by ended_at")
    assert [kind for kind, _ in kinds] == ["track", "track", "track", "unknown", "episode", "audiobook"]
    assert kinds[1][1].startswith("local:")
    assert kinds[2][1].startswith("title:")
    assert [track_id for _, track_id in kinds[3:]] == [None, None, None]


def test_music_inside_video_files_is_kept(tmp_path, warehouse, query):
    video = write_json(tmp_path / "Streaming_History_Video_2024.json", [record()])
    load(warehouse, video)
    assert len(stored(query)) == 1


def test_same_time_and_track_with_another_length_are_two_plays_and_exact_repeats_one(audio, warehouse, query):
    write_json(audio, [record(), record(), record(ms_played=0)])
    report = load(warehouse, audio).files[0]
    assert (report.rows_read, report.rows_loaded, report.repeated) == (3, 2, 1)
    assert len(stored(query)) == 2


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"ms_played": -1}, "ms_played negative"),
        ({"ms_played": 86_400_001}, "ms_played longer than a day"),
        ({"ms_played": None}, "ms_played missing"),
        ({"ms_played": "long"}, "ms_played is not a whole number"),
        ({"ts": None}, "end time (ts) missing"),
        ({"ts": "yesterday"}, "end time (ts) is not a time"),
        ({"ts": "infinity"}, "end time (ts) is not a time"),
        ({"ts": "2099-01-01T00:00:00Z"}, "end time (ts) more than 24 hours in the future"),
        ({"ts": "1970-01-01T00:00:00Z"}, "end time (ts) before Spotify existed"),
    ],
)
def test_impossible_rows_are_kept_aside_with_file_row_and_reason(changes, reason, audio, warehouse, query):
    write_json(audio, [record(), record(**changes)])
    report = load(warehouse, audio)
    assert report.ok
    assert report.files[0].rejected == Counter({reason: 1})
    ((file, row, said, fields),) = query('select file, "row", reason, fields from raw_spotify.rejected_rows')
    assert (file, row, said) == (audio.name, 2, reason)
    assert json.loads(fields)["track_name"] == "Paper Boats"


def test_the_limits_themselves_are_accepted(audio, warehouse, query):
    soon = dt.datetime.now(dt.UTC) + dt.timedelta(hours=23)
    rows = [
        record(ms_played=0),
        record(ms_played=86_400_000),
        record(ts="2006-01-01T00:00:00Z"),
        record(ts=f"{soon:%Y-%m-%dT%H:%M:%SZ}"),
    ]
    write_json(audio, rows)
    assert load(warehouse, audio).rows_rejected == 0
    assert len(stored(query)) == 4


def test_private_fields_never_pass(audio, warehouse):
    write_json(audio, [version_1(record()), version_1(record(ms_played=-5))])
    load(warehouse, audio)
    folder = warehouse.parent
    everything = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    for secret in (b"secret-user", b"secret-agent", b"203.0.113.7"):
        assert secret not in everything


def test_packaging_does_not_matter(tmp_path, warehouse, query):
    one = json.dumps([record(), record(ms_played=-1)]).encode()
    two = json.dumps([record(), record(ts="2024-03-02T12:00:00Z")]).encode()
    folder = tmp_path / "MyData"
    folder.mkdir()
    (folder / "endsong_0.json").write_bytes(one)
    (folder / "endsong_1.json").write_bytes(two)
    (folder / "Userdata.json").write_text("{}")
    archive = write_zip(
        tmp_path / "my_spotify_data.zip",
        {
            "MyData/endsong_0.json": one,
            "MyData/endsong_1.json": two,
            "MyData/Userdata.json": b"{}",
            "MyData/ReadMe.pdf": b"%PDF",
            "__MACOSX/MyData/endsong_0.json": b"not a list",
        },
    )

    def everything() -> list[list[tuple[object, ...]]]:
        return [
            query(f"select columns(c -> c not in ('_dlt_load_id', 'loaded_at')) from raw_spotify.{table} order by all")
            for table in ("streaming_history", "rejected_rows", "accounts", "load_log")
        ]

    assert load(warehouse, archive).rows_new == 2
    first = everything()
    assert load(warehouse, folder).rows_new == 0
    assert load(warehouse, folder / "endsong_0.json", folder / "endsong_1.json").rows_new == 0
    assert load(warehouse, archive, folder).rows_new == 0
    assert everything() == first


def test_the_log_says_what_each_file_brought(tmp_path, warehouse, query):
    """Span and new plays of a file, and when it came first: whatever is loaded after it, and however often."""
    oldest, middle, newest = ("2024-01-01T00:00:00Z", "2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z")
    podcast = record(ts="2025-01-01T00:00:00Z", spotify_track_uri=None, spotify_episode_uri="spotify:episode:e")
    one = write_json(tmp_path / "endsong_0.json", [record(ts=middle), record(ts=oldest), podcast])
    two = write_json(tmp_path / "endsong_1.json", [record(ts=middle), record(ts=newest), record(ts=newest)])
    no_music = write_json(tmp_path / "endsong_2.json", [podcast])
    log = "select file, rows_new, oldest_played_at::varchar, newest_played_at::varchar from raw_spotify.load_log"
    expected = [
        ("endsong_0.json", 2, "2024-01-01 00:00:00", "2024-02-01 00:00:00"),
        ("endsong_1.json", 1, "2024-02-01 00:00:00", "2024-03-01 00:00:00"),
        ("endsong_2.json", 0, None, None),
    ]
    load(warehouse, one)
    assert query(f"{log} order by file") == expected[:1]
    times = "select first_loaded_at, loaded_at from raw_spotify.load_log where file = 'endsong_0.json'"
    ((first, latest),) = query(times)
    assert first == latest
    load(warehouse, one, two, no_music)
    assert query(f"{log} order by file") == expected
    ((first_now, latest_now),) = query(times)
    assert first_now == first < latest_now

    # All three in one go: a play that two files have is new in the first.
    other = warehouse.with_name("other.duckdb")
    load(other, one, two, no_music)
    with duckdb.connect(str(other), read_only=True) as connection:
        assert connection.execute(f"{log} order by file").fetchall() == expected


@pytest.mark.parametrize(
    ("content", "sentence", "rows"),
    [
        (b"", "The file is empty", 0),
        (b"<!DOCTYPE html><html></html>", "not a JSON list of plays: row 1 begins with “<!DOCTYPE html><html”", 0),
        (b'{"a": 1}', "not a JSON list", 0),
        ('[{"ts": "é"}]'.encode("utf-16"), "written in UTF-16", 0),
        (b"[1, 2, 3]", "damaged at row 1 and 2 more (not an object)", 0),
        (b'[{"endTime": "2024-01-01 10:00", "artistName": "a", "trackName": "b", "msPlayed": 1}]', "account data", 0),
        (b'[{"title": "x", "when": 1}]', "of another shape: row 1 has the fields title, when", 0),
        (b"[%s, %s" % ((json.dumps(record()).encode(),) * 2), "cut off after row 2", 1),
        (b"[%s, " % json.dumps(record()).encode(), "cut off after row 1", 1),
        (b"[%s]" % (json.dumps(record()).encode() + b', {"ts": 2024 1}'), "damaged at row 2", 1),
        (b"[%s" % (json.dumps(record()).encode() + b', {"ts": "2024'), "cut off at row 2", 1),
        (b'[{"ts": nope}, %s]' % json.dumps(record()).encode(), "damaged at row 1", 1),
        (b"[%s] and more" % json.dumps(record()).encode(), "after the end of its list", 1),
        (b"[%s %s]" % ((json.dumps(record()).encode(),) * 2), "no comma after row 1", 1),
        (
            json.dumps([record(), record(master_metadata_track_name="é")], ensure_ascii=False).encode("latin-1"),
            "damaged at row 2 (not UTF-8 text)",
            1,
        ),
    ],
)
def test_a_damaged_file_is_named_with_its_row_and_the_others_load(content, sentence, rows, tmp_path, warehouse, query):
    damaged = tmp_path / "endsong_0.json"
    damaged.write_bytes(content)
    good = write_json(tmp_path / "endsong_1.json", [record(ts="2024-04-01T00:00:00Z")])
    report = load(warehouse, damaged, good)
    (problem,) = report.problems
    assert problem.file == "endsong_0.json"
    assert sentence in (problem.problem or "")
    assert not report.ok
    assert len(stored(query)) == 1 + rows
    logged = dict(query("select file, problem from raw_spotify.load_log"))
    assert logged == {"endsong_0.json": problem.problem, "endsong_1.json": None}


def test_nothing_is_written_when_nothing_can_be_read(tmp_path, warehouse):
    empty = tmp_path / "empty"
    empty.mkdir()
    not_a_zip = tmp_path / "export.zip"
    not_a_zip.write_bytes(b"PK\x03\x04 cut")
    no_history = write_zip(tmp_path / "photos.zip", {"a.png": b"", "b.png": b"", "c.png": b"", "d.png": b""})
    account_data = write_zip(tmp_path / "account.zip", {"MyData/StreamingHistory_music_0.json": b"[]"})
    report = load(warehouse, empty, not_a_zip, no_history, account_data, tmp_path / "absent")
    sentences = [problem.problem or "" for problem in report.problems]
    assert len(sentences) == 5
    for sentence, part in zip(
        sentences,
        (
            "folder holds no streaming history",
            "not a whole ZIP",
            "only a.png, b.png, c.png, …",
            "account data",
            "absent",
        ),
        strict=True,
    ):
        assert part in sentence
    assert not warehouse.exists()


def test_a_damaged_member_of_a_zip_does_not_stop_the_others(tmp_path, warehouse, query):
    good = json.dumps([record()]).encode()
    archive = write_zip(tmp_path / "export.zip", {"endsong_0.json": good, "endsong_1.json": b"[" + b" " * 500 + b"]"})
    content = bytearray(archive.read_bytes())
    at = content.index(b" " * 400)
    content[at : at + 5] = b"XXXXX"  # the checksum no longer holds
    archive.write_bytes(bytes(content))
    report = load(warehouse, archive)
    (problem,) = report.problems
    assert problem.file == "endsong_1.json"
    assert "cannot be unpacked" in (problem.problem or "")
    assert len(stored(query)) == 1


def test_an_account_s_rows_are_its_own(audio, warehouse, query):
    write_json(audio, [record()])
    load(warehouse, audio, user_id="a" * 32)
    load(warehouse, audio, user_id="b" * 32)
    assert query("select count(*), count(distinct user_id) from raw_spotify.streaming_history") == [(2, 2)]


_TIMES = st.integers(0, 30).map(lambda second: f"2024-03-01T12:00:{second:02d}Z")
_RECORDS = st.builds(
    record,
    ts=st.one_of(_TIMES, st.none(), st.text(max_size=5)),
    ms_played=st.one_of(st.integers(-5, 90_000_000), st.none(), st.text(max_size=3)),
    spotify_track_uri=st.sampled_from([TRACK, None, "spotify:track:b", "spotify:local:x"]),
    master_metadata_track_name=st.one_of(st.none(), st.text(max_size=6)),
    skipped=st.sampled_from([True, False, None]),
)


@settings(max_examples=150, deadline=None)
@given(rows=st.lists(_RECORDS, min_size=1, max_size=40), cut=st.integers(0, 60))
def test_no_row_is_lost_silently(rows, cut, tmp_path_factory):
    folder = tmp_path_factory.mktemp("random")
    file = folder / "endsong_0.json"
    content = json.dumps(rows).encode()
    file.write_bytes(content[: len(content) - cut] if cut < len(content) - 1 else content[:-1])
    with open_scratch(folder) as connection:
        report = read_file(connection, HistoryFile(file.name, file, "hash"), USER, folder)
        accepted = connection.execute("select count(*) from accepted").fetchone()
        rejected = connection.execute("select count(*) from rejected").fetchone()
    accounted = report.rows_loaded + report.set_aside.total() + report.repeated + report.rejected.total()
    assert accounted == report.rows_read
    assert accepted == (report.rows_loaded + report.set_aside.total(),)
    assert rejected == (report.rejected.total(),)
    assert (report.problem is None) == (cut == 0)
    if cut == 0:
        assert report.rows_read == len(rows)


@given(
    before=st.lists(st.dictionaries(st.text(max_size=3), st.integers() | st.text(max_size=5) | st.none()), max_size=5),
    after=st.lists(st.dictionaries(st.text(max_size=3), st.integers()), max_size=5),
    damage=st.sampled_from([b'{"a": nope}', b'{"a": "unterminated}', b"[1]", b"7", b'{"a" 1}']),
)
@settings(max_examples=200, deadline=None)
def test_repair_keeps_every_whole_record_before_the_damage(before, after, damage, tmp_path_factory):
    folder = tmp_path_factory.mktemp("repair")
    parts = [json.dumps(row).encode() for row in before] + [damage] + [json.dumps(row).encode() for row in after]
    (folder / "broken.json").write_bytes(b"[" + b", ".join(parts) + b"]")
    found = repair(folder / "broken.json", folder / "repaired.json")
    repaired = json.loads((folder / "repaired.json").read_text(encoding="utf-8"))
    assert repaired[: len(before)] == before
    assert repaired[len(before)] is None
    assert len(before) + 1 in found.broken
    assert found.problem
