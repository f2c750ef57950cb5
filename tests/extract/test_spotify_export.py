"""The export reader: every version, every packaging, every kind of damage."""

from __future__ import annotations

import datetime as dt
import json
import zipfile
from collections import Counter
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extract.raw.store import Store
from extract.report import LoadReport
from extract.sources.spotify_export import ExportSource, read_exports
from extract.sources.spotify_export.inputs import HistoryFile
from extract.sources.spotify_export.reader import open_scratch, read_file
from extract.sources.spotify_export.repair import repair
from extract.sources.spotify_export.titles import title_hash
from tests.extract.conftest import Query
from tests.extract.exports import NO_MUSIC, TRACK, record, version_1, version_3, write_json, write_zip
from tests.extract.reading import merge_batch

USER = "a" * 32


def load(warehouse: Path, *paths: Path, user_id: str = USER) -> LoadReport:
    return merge_batch(warehouse, read_exports([ExportSource(user_id, paths, "Europe/London")], Store(warehouse)))


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
        (b"[1, 2, 3]", "damaged at row 1 and 2 more (not an object)", 0),
        (b'[{"title": "x", "when": 1}]', "another format: row 1 has the fields title, when", 0),
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
    report = load(warehouse, empty, not_a_zip, no_history, tmp_path / "absent")
    sentences = [problem.problem or "" for problem in report.problems]
    assert len(sentences) == 4
    for sentence, part in zip(
        sentences,
        (
            "folder contains no streaming history",
            "incomplete or damaged",
            "only a.png, b.png, c.png, …",
            "absent",
        ),
        strict=True,
    ):
        assert part in sentence
    assert not warehouse.exists()


def test_a_zip_that_is_made_to_fill_the_disk_is_refused_and_the_others_load(tmp_path, warehouse, query):
    archive = tmp_path / "my_spotify_data.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as content:
        content.writestr("endsong_0.json", b"[" + b" " * (80 * 1024**2) + b"]")
        content.writestr("endsong_1.json", json.dumps([record()]))
    (problem,) = load(warehouse, archive).problems
    assert problem.file == "endsong_0.json"
    assert "made to fill the disk" in (problem.problem or "")
    assert len(stored(query)) == 1


def test_names_in_a_zip_lead_nowhere_and_a_zip_inside_is_named(tmp_path, warehouse, query):
    row = [json.dumps([record(ts=f"2024-03-0{day}T12:00:00Z")]).encode() for day in (1, 2, 3)]
    members = {
        "../../../endsong_0.json": row[0],
        "..\\..\\endsong_1.json": row[1],
        "/etc/endsong_2.json": row[2],
        "MyData/inner.zip": b"PK",
    }
    (tmp_path / "deep" / "er").mkdir(parents=True)
    report = load(warehouse, write_zip(tmp_path / "deep" / "er" / "my.zip", members))
    assert len(stored(query)) == 3
    assert [(file.file, file.problem) for file in report.problems] == [
        ("inner.zip", "It is a ZIP inside my.zip. Unpack my.zip and load the folder.")
    ]
    assert not list(tmp_path.rglob("endsong_*"))


def test_an_encrypted_zip_says_what_to_do(tmp_path, warehouse):
    archive = write_zip(tmp_path / "my.zip", {"endsong_0.json": json.dumps([record()]).encode()})
    content = bytearray(archive.read_bytes())
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + flags] |= 1  # the mark of an encrypted member
    archive.write_bytes(bytes(content))
    (problem,) = load(warehouse, archive).problems
    assert "encrypted. Unpack the ZIP with its password" in (problem.problem or "")
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


def test_a_file_saved_in_utf_16_is_read_all_the_same(audio, warehouse, query):
    row = record(master_metadata_track_name="Pâpier 船")
    audio.write_bytes(json.dumps([row], ensure_ascii=False).encode("utf-16"))
    report = load(warehouse, audio)
    assert report.ok
    assert "UTF-16" in (report.files[0].note or "")
    assert query("select track_name from raw_spotify.streaming_history") == [("Pâpier 船",)]


# ---- account data ----


def titled(end: str | None = "2024-03-01 12:00", ms_played: object = 200_000, **fields: object) -> dict[str, object]:
    return {
        "endTime": end,
        "artistName": "The Lanterns",
        "trackName": "Paper Boats",
        "msPlayed": ms_played,
        **fields,
    }


def test_account_data_is_read_and_titles_are_counted(tmp_path, warehouse, query):
    rows = [
        titled(),
        titled(),  # an exact repeat
        titled(ms_played=0),  # another play
        titled(trackName=" PAPER  boats", ms_played=5),  # the same title
        titled(trackName="Unheard", ms_played=6),
    ]
    write_json(tmp_path / "MyData" / "StreamingHistory0.json", rows)
    podcast = {"endTime": "2024-03-01 13:00", "podcastName": "Talk", "episodeName": "One", "msPlayed": 9}
    write_json(tmp_path / "MyData" / "StreamingHistory_podcast_0.json", [podcast])
    book = titled("2024-03-01 14:00", trackName="Chapter 1", artistName="A Writer")
    write_json(tmp_path / "MyData" / "StreamingHistory_audiobook_0.json", [book])
    write_json(tmp_path / "MyData" / "endsong_0.json", [record(ts="2023-01-01T00:00:00Z")])
    report = load(warehouse, tmp_path / "MyData")
    assert report.ok
    assert report.rows_new == 5
    outcomes = {file.file: (file.rows_read, file.rows_loaded, file.repeated) for file in report.files}
    assert outcomes["StreamingHistory0.json"] == (5, 4, 1)
    assert [file.set_aside for file in report.files if file.set_aside] == [Counter(audiobook=1), Counter(episode=1)]
    assert "3 of 4 plays match a known track" in (report.note or "")
    plays = query(
        "select ended_at, content_uri, ms_played, track_id, export_format from raw_spotify.streaming_history "
        "where content_kind = 'track' and export_format = 'account_data' order by ms_played"
    )
    assert {(end, track, form) for end, _, _, track, form in plays} == {
        (dt.datetime(2024, 3, 1, 12), None, "account_data")
    }
    known, unheard = (f"spotiflow:title:{title_hash(name, 'the lanterns')}" for name in ("paper boats", "unheard"))
    assert [(uri, milliseconds) for _, uri, milliseconds, _, _ in plays] == [
        (known, 0), (known, 5), (unheard, 6), (known, 200_000)
    ]  # fmt: skip
    assert load(warehouse, tmp_path / "MyData").rows_new == 0


def test_account_data_in_a_zip_finds_tracks_that_the_warehouse_knows(tmp_path, audio, warehouse, query):
    write_json(audio, [record()])
    assert load(warehouse, audio).note is None
    content = json.dumps([titled(), titled("2024-04-01 12:00", trackName="Unheard")]).encode()
    report = load(
        warehouse, write_zip(tmp_path / "my.zip", {"Spotify Account Data/StreamingHistory_music_0.json": content})
    )
    assert "1 of 2 plays match a known track" in (report.note or "")
    assert len(stored(query)) == 3


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"msPlayed": -1}, "msPlayed negative"),
        ({"msPlayed": None}, "msPlayed missing"),
        ({"endTime": None}, "end time (endTime) missing"),
        ({"endTime": "noon"}, "end time (endTime) is not a time"),
        ({"endTime": "2099-01-01 00:00"}, "end time (endTime) more than 24 hours in the future"),
    ],
)
def test_impossible_rows_of_account_data_are_kept_aside(changes, reason, tmp_path, warehouse, query):
    file = write_json(tmp_path / "StreamingHistory1.json", [titled(), titled() | changes])
    assert load(warehouse, file).files[0].rejected == Counter({reason: 1})
    ((row, fields),) = query('select "row", fields from raw_spotify.rejected_rows')
    assert row == 2
    assert json.loads(fields)["track_name"] == "Paper Boats"


def test_the_log_says_what_the_export_spans(tmp_path, warehouse, query):
    """The files of one ZIP or folder are one export; account data and extended history are two."""
    folder = tmp_path / "MyData"
    write_json(folder / "endsong_0.json", [record(ts="2024-01-01T00:00:00Z"), record(ts="2024-02-01T00:00:00Z")])
    write_json(folder / "endsong_1.json", [record(ts="2024-05-01T00:00:00Z"), record(ts="2024-06-01T00:00:00Z")])
    write_json(folder / "StreamingHistory0.json", [titled("2024-08-01 00:00")])
    spans = "select file, covered_from::date::varchar, covered_to::date::varchar from raw_spotify.load_log order by 1"
    expected = [
        ("StreamingHistory0.json", "2024-08-01", "2024-08-01"),
        ("endsong_0.json", "2024-01-01", "2024-06-01"),
        ("endsong_1.json", "2024-01-01", "2024-06-01"),
    ]
    load(warehouse, folder)
    assert query(spans) == expected
    load(warehouse, folder / "endsong_1.json")  # again, on its own: it is still part of its export
    assert query(spans) == expected


# ---- whatever comes ----


_TIMES = st.integers(0, 30).map(lambda second: f"2024-03-01T12:00:{second:02d}Z")
_RECORDS = st.builds(
    record,
    ts=st.one_of(_TIMES, st.none(), st.text(max_size=5)),
    ms_played=st.one_of(st.integers(-5, 90_000_000), st.none(), st.text(max_size=3)),
    spotify_track_uri=st.sampled_from([TRACK, None, "spotify:track:b", "spotify:local:x"]),
    master_metadata_track_name=st.one_of(st.none(), st.text(max_size=6)),
    skipped=st.sampled_from([True, False, None]),
)


@settings(max_examples=50, deadline=None)
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
