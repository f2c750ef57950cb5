"""The sample's files: the same bytes every time, every trap really in them, and data worth looking at."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from extract.raw.tables import AUDIO_FEATURES
from extract.report import LoadError
from spotiflow.demo.sample import SampleManifest, write_sample
from spotiflow.demo.sample.exports import FIELDS, PRIVATE_MARKS
from spotiflow.demo.sample.manifest import MANIFEST, sha256
from spotiflow.demo.sample.settings import FIRST_DAY, LAST_DAY, SEED, WEEKS

Row = dict[str, Any]

ROOT = Path(__file__).resolve().parents[2]
FEATURED = ("maren", "theo", "priya", "jonah", "isla")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sample")


@pytest.fixture(scope="module")
def manifest(folder: Path) -> SampleManifest:
    return write_sample(folder)


@pytest.fixture(scope="module")
def histories(folder: Path, manifest: SampleManifest) -> dict[str, dict[str, list[Row]]]:
    """label -> "zip/file" -> rows, read with nothing but the standard library."""
    found: dict[str, dict[str, list[Row]]] = {}
    for listener in manifest.listeners:
        files = found.setdefault(listener.label, {})
        for export in listener.exports:
            with zipfile.ZipFile(folder / export) as archive:
                for name in archive.namelist():
                    base = Path(name).name
                    if base.startswith(("Streaming_History_", "endsong_")):
                        files[f"{Path(export).name}/{base}"] = json.loads(archive.read(name))
    return found


@pytest.fixture(scope="module")
def titled(folder: Path, manifest: SampleManifest) -> dict[str, list[Row]]:
    """Rows of the account data: label → rows."""
    found: dict[str, list[Row]] = {}
    for listener in manifest.listeners:
        for export in listener.exports:
            with zipfile.ZipFile(folder / export) as archive:
                for name in archive.namelist():
                    if Path(name).name.startswith("StreamingHistory_"):
                        found.setdefault(listener.label, []).extend(json.loads(archive.read(name)))
    return found


@pytest.fixture(scope="module")
def catalogue(folder: Path, manifest: SampleManifest) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((folder / manifest.catalogue).read_text(encoding="utf-8"))))


def rows_of(histories: dict[str, dict[str, list[Row]]], label: str) -> list[Row]:
    return [row for rows in histories[label].values() for row in rows]


def plays_of(histories: dict[str, dict[str, list[Row]]], label: str) -> list[Row]:
    """Believable plays of tracks with an id, each counted once."""
    unique = {
        (row["ts"], row["spotify_track_uri"], row["ms_played"]): row
        for row in rows_of(histories, label)
        if is_believable(row) and str(row["spotify_track_uri"]).startswith("spotify:track:")
    }
    return [unique[key] for key in sorted(unique)]


def is_believable(row: Row) -> bool:
    return row["ts"] is not None and row["ts"] < "2090" and 0 <= row["ms_played"] <= 86_400_000


def moment(row: Row) -> datetime:
    return datetime.fromisoformat(row["ts"])


def week_of(row: Row, zone: str) -> int:
    return (moment(row).astimezone(ZoneInfo(zone)).date() - FIRST_DAY).days // 7


# ---- the same bytes ----


def test_same_seed_same_bytes_in_another_process(folder: Path, manifest: SampleManifest, tmp_path: Path) -> None:
    """Neither the hash seed, nor the time zone, nor the locale of a process shows in the files."""
    code = (
        "import sys; from pathlib import Path; from spotiflow.demo.sample.writing import write_sample; "
        "write_sample(Path(sys.argv[1]))"
    )
    environment = os.environ | {"PYTHONHASHSEED": "12345", "TZ": "Asia/Tokyo", "LC_ALL": "C", "PYTHONUTF8": "0"}
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, env=environment, check=True)
    written = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert written == {*manifest.files, MANIFEST}
    for name in written:
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes(), name


@pytest.mark.long
def test_another_seed_gives_another_sample(manifest: SampleManifest, tmp_path: Path) -> None:
    other = write_sample(tmp_path, seed=SEED + 1)
    same = {name for name, digest in other.files.items() if manifest.files.get(name) == digest}
    assert not same
    assert other.fingerprint != manifest.fingerprint


def test_whole_sample_is_not_written_again(folder: Path, manifest: SampleManifest) -> None:
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    assert write_sample(folder) == manifest
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()} == before


def test_damaged_sample_is_written_anew(folder: Path, manifest: SampleManifest, tmp_path: Path) -> None:
    first = manifest
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    (tmp_path / first.catalogue).write_text("track_id\n")
    (tmp_path / first.listeners[0].exports[0]).unlink()
    outsider = tmp_path.parent / f"{tmp_path.name}-outsider"
    outsider.write_text("not of the sample")
    stored = json.loads((tmp_path / MANIFEST).read_text())
    stored["files"] |= {"old/leftover.json": sha256(b"old"), f"../{outsider.name}": "0"}
    (tmp_path / MANIFEST).write_text(json.dumps(stored))
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "leftover.json").write_bytes(b"old")

    again = write_sample(tmp_path)
    assert again == first
    assert again.is_intact(tmp_path)
    assert not (tmp_path / "old" / "leftover.json").exists()
    assert outsider.exists(), "a manifest must not make the sample remove files outside its folder"


@pytest.mark.long
def test_sample_of_an_earlier_version_gets_the_files_that_it_lacks(
    folder: Path, manifest: SampleManifest, tmp_path: Path
) -> None:
    """Before recommenders were planted, a manifest listed none; what lies there is written anew, and whole."""
    stored = json.loads((folder / MANIFEST).read_text())
    planted = [one["file"] for one in stored.pop("recommendations")] + [stored.pop("feedback")]
    assert len(planted) == 7
    stored["files"] = {name: digest for name, digest in stored["files"].items() if name not in planted}
    for name in stored["files"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    (tmp_path / MANIFEST).write_text(json.dumps(stored))
    assert write_sample(tmp_path) == manifest
    assert manifest.is_intact(tmp_path)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"seed": 1}', "not json", '{"listeners": 3}'])
def test_unreadable_manifest_is_no_manifest(tmp_path: Path, content: str) -> None:
    (tmp_path / MANIFEST).write_text(content)
    assert SampleManifest.read(tmp_path) is None


def test_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(LoadError, match=r"The sample cannot be written to .*taken"):
        write_sample(tmp_path / "taken")


# ---- what is in the ZIPs ----


def test_each_zip_looks_like_one_from_spotify(folder: Path, manifest: SampleManifest) -> None:
    for listener in manifest.listeners:
        for export in listener.exports:
            with zipfile.ZipFile(folder / export) as archive:
                assert archive.testzip() is None
                names = [Path(name).name for name in archive.namelist()]
                assert "Userdata.json" in names
                if "account_data" in export:
                    assert "StreamingHistory_music_0.json" in names
                    continue
                assert "ReadMeFirst_ExtendedStreamingHistory.pdf" in names
                assert any(name.startswith(("Streaming_History_Audio_2026_", "endsong_")) for name in names)
                assert {member.compress_type for member in archive.infolist()} == {zipfile.ZIP_STORED}
                assert len({member.date_time for member in archive.infolist()}) == 1


def test_three_generations_of_the_format(histories: dict[str, dict[str, list[Row]]]) -> None:
    fields_of = {"theo": (1, 21), "priya": (2, 19), "jonah": (3, 23), "isla": (3, 23)}
    for label, (version, count) in fields_of.items():
        assert {tuple(row) for row in rows_of(histories, label)} == {FIELDS[version]}
        assert len(FIELDS[version]) == count
    assert {name.split("/")[0] for name in histories["maren"]} == {"my_spotify_data_august.zip", "my_spotify_data.zip"}
    assert {tuple(row) for row in rows_of(histories, "maren")} == {FIELDS[2], FIELDS[3]}
    cohort = {tuple(rows_of(histories, label)[0]) for label in histories if label.startswith("cohort-")}
    assert cohort == set(FIELDS.values())


def test_account_data_says_what_the_extended_export_says(
    histories: dict[str, dict[str, list[Row]]], titled: dict[str, list[Row]]
) -> None:
    """Title, artist, minute and milliseconds of each play; one listener's last two months stand nowhere else."""
    assert set(titled) == {"theo", "cohort-14"}
    for label, rows in titled.items():
        music = Counter(
            (row["endTime"], row["trackName"], row["artistName"], row["msPlayed"]) for row in rows if "trackName" in row
        )
        extended = Counter(
            (
                row["ts"][:16].replace("T", " "),
                row["master_metadata_track_name"],
                row["master_metadata_album_artist_name"],
                row["ms_played"],
            )
            for row in rows_of(histories, label)
            if is_believable(row) and row["master_metadata_track_name"] and not row["episode_name"]
        )
        assert set(extended) <= set(music), label
        only = {end for end, *_ in set(music) - set(extended)}
        assert (min(only) > "2026-08-29") if label == "cohort-14" else not only
    assert any("podcastName" in row for row in titled["theo"])


def test_size(
    manifest: SampleManifest, histories: dict[str, dict[str, list[Row]]], titled: dict[str, list[Row]]
) -> None:
    counted = sum(len(rows_of(histories, label)) for label in histories)
    assert manifest.rows == counted + sum(map(len, titled.values()))
    assert 60_000 <= counted <= 110_000
    assert len(histories) == 45
    assert [listener.label for listener in manifest.listeners if listener.display_name] == list(FEATURED)
    for label in FEATURED:
        assert 40 <= len(plays_of(histories, label)) / (WEEKS * 7) <= 75, label


def test_private_fields_hold_recognisable_nonsense(folder: Path, manifest: SampleManifest) -> None:
    theo = next(listener for listener in manifest.listeners if listener.label == "theo")
    content = (folder / theo.exports[0]).read_bytes()
    for mark in PRIVATE_MARKS:
        assert mark.encode() in content, mark


# ---- traps, counted from the files ----


def test_overlapping_exports_of_one_account(histories: dict[str, dict[str, list[Row]]]) -> None:
    by_zip: dict[str, dict[tuple[Any, ...], Row]] = defaultdict(dict)
    for name, rows in histories["maren"].items():
        for row in rows:
            by_zip[name.split("/")[0]][row["ts"], row["spotify_track_uri"], row["ms_played"]] = row
    old, new = by_zip["my_spotify_data_august.zip"], by_zip["my_spotify_data.zip"]
    both = set(old) & set(new)
    assert len(both) > 2_000
    assert len(set(old) - both) > 2_000
    assert len(set(new) - both) > 2_000
    album = "master_metadata_album_album_name"
    retitled = sum(old[key][album] != new[key][album] for key in both)
    assert retitled > 10
    assert sum(old[key]["skipped"] != new[key]["skipped"] for key in both) > 500
    assert "my_spotify_data.zip/Streaming_History_Audio_2026_0.json" not in histories["maren"]


def test_skipped_is_null_false_or_true(histories: dict[str, dict[str, list[Row]]], manifest: SampleManifest) -> None:
    theo = rows_of(histories, "theo")
    assert Counter(row["skipped"] for row in theo)[None] >= manifest.traps["theo"]["skipped_null"] > 2_000
    assert {row["skipped"] for row in theo} == {None, True, False}
    assert {row["skipped"] for row in rows_of(histories, "priya")} == {False}
    assert {row["skipped"] for row in rows_of(histories, "jonah")} == {True, False}
    assert any(row["reason_end"] == "fwdbtn" and row["skipped"] is not True for row in theo)


def test_offline_timestamp_comes_in_four_kinds(histories: dict[str, dict[str, list[Row]]]) -> None:
    def kind(value: int | None) -> str:
        return "null" if value is None else "zero" if value == 0 else "s" if value < 10**11 else "ms"

    kinds = Counter(kind(row["offline_timestamp"]) for row in rows_of(histories, "theo"))
    assert set(kinds) == {"null", "zero", "s", "ms"}
    assert min(kinds.values()) > 100
    assert sum(row["offline"] for row in rows_of(histories, "theo")) > 500


def test_exact_duplicates(histories: dict[str, dict[str, list[Row]]], manifest: SampleManifest) -> None:
    for label in ("theo", "priya", "jonah"):
        repeats = Counter(json.dumps(row) for rows in histories[label].values() for row in rows)
        surplus = sum(count - 1 for count in repeats.values())
        traps = manifest.traps[label]
        assert surplus >= traps["exact_duplicates"] + traps.get("repeated_at_file_boundary", 0) > 10
    first, second = histories["theo"].values()
    assert first[-5:] == second[:5]


def test_same_end_other_length(histories: dict[str, dict[str, list[Row]]], manifest: SampleManifest) -> None:
    for label in ("theo", "priya", "jonah"):
        lengths = defaultdict(set)
        for row in plays_of(histories, label):
            lengths[row["ts"], row["spotify_track_uri"]].add(row["ms_played"])
        twins = sum(len(values) > 1 for values in lengths.values())
        assert twins >= manifest.traps[label]["same_end_other_length"] - 1 > 5


def test_podcasts_and_audiobooks_inside_audio_files(
    histories: dict[str, dict[str, list[Row]]], manifest: SampleManifest
) -> None:
    for label in FEATURED:
        episodes = [
            row
            for name, rows in histories[label].items()
            for row in rows
            if row["spotify_episode_uri"] and ("Audio" in name or "endsong" in name)
        ]
        assert all(row["spotify_track_uri"] is None and row["episode_name"] for row in episodes)
        assert len(episodes) >= manifest.traps[label]["podcasts"] > 0
    chapters = [row for row in rows_of(histories, "isla") if row["audiobook_uri"]]
    assert len(chapters) == manifest.traps["isla"]["audiobooks"] == 70


def test_music_inside_video_files(histories: dict[str, dict[str, list[Row]]], manifest: SampleManifest) -> None:
    video = histories["jonah"]["my_spotify_data.zip/Streaming_History_Video_2026.json"]
    assert len(video) == manifest.traps["jonah"]["music_in_video_files"] > 20
    assert all(str(row["spotify_track_uri"]).startswith("spotify:track:") for row in video)
    elsewhere = {
        (row["ts"], row["spotify_track_uri"])
        for name, rows in histories["jonah"].items()
        if "Video" not in name
        for row in rows
    }
    assert not elsewhere & {(row["ts"], row["spotify_track_uri"]) for row in video}


def test_zero_and_short_plays(histories: dict[str, dict[str, list[Row]]]) -> None:
    for label in FEATURED:
        plays = plays_of(histories, label)
        short = sum(row["ms_played"] < 30_000 for row in plays) / len(plays)
        assert 1 / 3 < short < 2 / 3, (label, short)
        assert sum(row["ms_played"] == 0 for row in plays) > 10


def test_overlapping_plays(histories: dict[str, dict[str, list[Row]]], manifest: SampleManifest) -> None:
    plays = sorted(plays_of(histories, "jonah"), key=lambda row: row["ts"])
    overlaps = sum(
        moment(later) - timedelta(milliseconds=later["ms_played"]) < moment(earlier) - timedelta(seconds=2)
        for earlier, later in pairwise(plays)
    )
    assert overlaps >= manifest.traps["jonah"]["overlapping_plays"] * 0.8 > 30


def test_local_tracks_titles_without_uri_and_nameless_rows(
    histories: dict[str, dict[str, list[Row]]], manifest: SampleManifest
) -> None:
    theo, traps = rows_of(histories, "theo"), manifest.traps["theo"]
    assert sum(str(row["spotify_track_uri"]).startswith("spotify:local:") for row in theo) == traps["local_files"] > 20
    titles = [row for row in theo if row["spotify_track_uri"] is None and row["master_metadata_track_name"]]
    assert len(titles) == traps["titles_without_id"] > 10
    nothing = [
        row
        for row in theo
        if not (row["spotify_track_uri"] or row["master_metadata_track_name"] or row["spotify_episode_uri"])
    ]
    assert len(nothing) == traps["nameless"] > 3


def test_rows_to_be_rejected(histories: dict[str, dict[str, list[Row]]], manifest: SampleManifest) -> None:
    found: Counter[str] = Counter()
    for label in ("theo", "jonah"):
        for row in rows_of(histories, label):
            found["rejected_negative"] += row["ms_played"] < 0
            found["rejected_longer_than_a_day"] += row["ms_played"] > 86_400_000
            found["rejected_without_end"] += row["ts"] is None
            found["rejected_far_future"] += str(row["ts"]) > "2090" and row["ts"] is not None
    expected = Counter(manifest.traps["theo"]) + Counter(manifest.traps["jonah"])
    assert found == Counter({trap: count for trap, count in expected.items() if trap.startswith("rejected_")})
    assert min(found.values()) > 1
    assert 86_400_001 in {row["ms_played"] for row in rows_of(histories, "theo")}


def test_one_title_under_several_ids(histories: dict[str, dict[str, list[Row]]], manifest: SampleManifest) -> None:
    ids = {
        row["spotify_track_uri"]
        for row in plays_of(histories, "theo")
        if row["master_metadata_track_name"] == "Last Bus to Saltmarsh"
    }
    assert len(ids) == 2
    assert manifest.traps["catalogue"]["reissues"] == 14


def test_plays_run_over_local_midnight(histories: dict[str, dict[str, list[Row]]], manifest: SampleManifest) -> None:
    zones = {listener.label: listener.timezone for listener in manifest.listeners}
    for label in ("maren", "jonah", "isla"):
        zone = ZoneInfo(zones[label])
        over = sum(
            moment(row).astimezone(zone).date()
            != (moment(row) - timedelta(milliseconds=row["ms_played"])).astimezone(zone).date()
            for row in plays_of(histories, label)
        )
        assert over >= 10, (label, over)


@pytest.mark.parametrize(
    ("label", "begin", "end"),
    [
        # the repeated hour, both times through
        ("maren", datetime(2026, 10, 25, 0, tzinfo=UTC), datetime(2026, 10, 25, 2, tzinfo=UTC)),
        ("theo", datetime(2026, 10, 25, 0, tzinfo=UTC), datetime(2026, 10, 25, 2, tzinfo=UTC)),
        ("jonah", datetime(2026, 11, 1, 5, tzinfo=UTC), datetime(2026, 11, 1, 7, tzinfo=UTC)),
        # the hour before and after the one that does not exist
        ("isla", datetime(2026, 10, 3, 15, tzinfo=UTC), datetime(2026, 10, 3, 17, tzinfo=UTC)),
    ],
)
def test_plays_inside_the_hours_of_clock_changes(
    histories: dict[str, dict[str, list[Row]]], manifest: SampleManifest, label: str, begin: datetime, end: datetime
) -> None:
    zone = ZoneInfo(next(listener.timezone for listener in manifest.listeners if listener.label == label))
    assert begin.astimezone(zone).utcoffset() != end.astimezone(zone).utcoffset()
    middle = begin + timedelta(hours=1)
    ends = [moment(row) for row in plays_of(histories, label)]
    assert sum(begin <= moment < middle for moment in ends) >= 5
    assert sum(middle <= moment < end for moment in ends) >= 5


# ---- stories ----


def test_every_week_is_there_and_nothing_beyond(
    histories: dict[str, dict[str, list[Row]]], manifest: SampleManifest
) -> None:
    assert FIRST_DAY.weekday() == 0
    assert LAST_DAY.weekday() == 6
    assert WEEKS == 26
    zones = {listener.label: listener.timezone for listener in manifest.listeners}
    for label in histories:
        weeks = {week_of(row, zones[label]) for row in plays_of(histories, label)}
        assert weeks <= set(range(WEEKS)), label
    for label in ("maren", "priya", "jonah", "isla"):
        assert {week_of(row, zones[label]) for row in plays_of(histories, label)} == set(range(WEEKS))


def test_theos_holiday_is_silent(histories: dict[str, dict[str, list[Row]]]) -> None:
    zone = ZoneInfo("Europe/London")
    days = {moment(row).astimezone(zone).date() for row in rows_of(histories, "theo") if is_believable(row)}
    holiday = {date(2026, 8, 10) + timedelta(days=number) for number in range(14)}
    # the evening before may run over midnight
    assert not {day for day in days & holiday if day > date(2026, 8, 10)}
    assert len(days) > 160


def test_an_obsession_shows_and_top_songs_differ(
    histories: dict[str, dict[str, list[Row]]], manifest: SampleManifest
) -> None:
    zones = {listener.label: listener.timezone for listener in manifest.listeners}
    for label in FEATURED:
        weekly: dict[int, Counter[str]] = defaultdict(Counter)
        for row in plays_of(histories, label):
            if row["ms_played"] >= 30_000:
                weekly[week_of(row, zones[label])][row["master_metadata_track_name"]] += 1
        tops = {week: counts.most_common(1)[0] for week, counts in weekly.items()}
        assert len({title for title, _ in tops.values()}) >= 10, label
        if label == "theo":
            before = sum(weekly[week]["Last Bus to Saltmarsh"] for week in range(19))
            assert before == 0
            assert [tops[week][0] for week in (20, 21)] == ["Last Bus to Saltmarsh"] * 2
            assert tops[20][1] >= 3 * weekly[20].most_common(2)[1][1]


def test_moods_drift_through_all_four_vibes(
    histories: dict[str, dict[str, list[Row]]], manifest: SampleManifest, catalogue: list[dict[str, str]]
) -> None:
    zones = {listener.label: listener.timezone for listener in manifest.listeners}
    valence = {row["track_id"]: 100 * float(row["valence"]) for row in catalogue if row["valence"]}
    vibes: dict[str, list[int]] = {}
    for label in FEATURED:
        weekly: dict[int, list[float]] = defaultdict(list)
        for row in plays_of(histories, label):
            track_id = row["spotify_track_uri"].split(":")[2]
            if row["ms_played"] >= 30_000 and track_id in valence:
                weekly[week_of(row, zones[label])].append(valence[track_id])
        means = [float(np.mean(weekly[week])) for week in sorted(weekly)]
        vibes[label] = [int(mean >= 25) + int(mean >= 50) + int(mean > 75) for mean in means]
    assert set(vibes["maren"]) == {0, 1, 2}
    assert vibes["maren"][0] == 2
    assert vibes["maren"][-1] == 0
    assert 3 in vibes["priya"]
    assert 3 in vibes["jonah"]
    assert {vibe for weeks in vibes.values() for vibe in weeks} == {0, 1, 2, 3}


# ---- the catalogue ----


def test_catalogue_is_plausible(catalogue: list[dict[str, str]], manifest: SampleManifest) -> None:
    assert 1_400 <= len(catalogue) <= 1_600
    assert manifest.tracks == len(catalogue) + manifest.traps["catalogue"]["tracks_outside_file"]
    ids = [row["track_id"] for row in catalogue]
    assert len(set(ids)) == len(ids)
    assert all(len(track_id) == 22 and track_id.isascii() and track_id.isalnum() for track_id in ids)
    complete = [row for row in catalogue if all(row[name] for name in AUDIO_FEATURES)]
    values = {name: np.array([float(row[name]) for row in complete]) for name in (*AUDIO_FEATURES, "tempo", "loudness")}
    for name in AUDIO_FEATURES:
        assert values[name].min() >= 0, name
        assert values[name].max() <= 1, name
        assert values[name].std() > 0.03, name

    def correlation(one: str, other: str) -> float:
        return float(np.corrcoef(values[one], values[other])[0, 1])

    assert -0.9 < correlation("energy", "acousticness") < -0.5
    assert 0.3 < correlation("danceability", "valence") < 0.85
    assert 0.5 < correlation("energy", "loudness") < 0.99
    assert correlation("danceability", "instrumentalness") < -0.1
    instrumental = values["instrumentalness"]
    assert (instrumental < 0.1).mean() > 0.5
    assert (instrumental > 0.7).mean() > 0.15
    assert ((instrumental > 0.3) & (instrumental < 0.6)).mean() < 0.05
    assert np.median(values["speechiness"]) < 0.07
    assert np.quantile(values["speechiness"], 0.97) > 0.2
    assert (values["liveness"] > 0.6).mean() < 0.10
    assert 100 < np.median(values["tempo"]) < 125
    assert values["loudness"].max() < 0
    seconds = np.array([int(row["duration_ms"]) / 1000 for row in catalogue])
    assert 60 < seconds.min() < seconds.max() < 900


def test_catalogue_has_gaps(
    catalogue: list[dict[str, str]], histories: dict[str, dict[str, list[Row]]], manifest: SampleManifest
) -> None:
    filled = [sum(bool(row[name]) for name in AUDIO_FEATURES) for row in catalogue]
    assert filled.count(0) == 6
    assert sum(0 < count < 7 for count in filled) == 10
    assert any(not row["valence"] and row["energy"] for row in catalogue)
    known = {row["track_id"] for row in catalogue}
    played = {row["spotify_track_uri"].split(":")[2] for label in histories for row in plays_of(histories, label)}
    assert 0 < len(played - known) <= manifest.traps["catalogue"]["tracks_outside_file"]
    assert len(played & known) > 1_200
    empty = {row["track_id"] for row, count in zip(catalogue, filled, strict=True) if count < 7}
    assert played & empty, "somebody listens to tracks with missing features"


# ---- recorded API pages ----


def test_pages_are_as_spotify_sends_them(folder: Path, manifest: SampleManifest) -> None:
    polled = [listener for listener in manifest.listeners if listener.pages]
    assert [listener.label for listener in polled] == ["maren", "isla"]
    quirks = 0
    for listener in polled:
        for name in listener.pages:
            page = json.loads((folder / name).read_bytes())
            assert set(page) == {"items", "next", "cursors", "limit", "href"}
            played = [item["played_at"] for item in page["items"]]
            assert 0 < len(played) <= 50
            assert played == sorted(played, reverse=True)
            assert all(len(text) == len("2026-10-29T07:30:00.123Z") for text in played)
            milliseconds = [round(datetime.fromisoformat(text).timestamp() * 1000) for text in played]
            assert int(page["cursors"]["before"]) == milliseconds[-1]
            assert milliseconds[0] - int(page["cursors"]["after"]) in (0, 1)
            quirks += milliseconds[0] - int(page["cursors"]["after"])
            for item in page["items"]:
                assert item["track"]["external_ids"]["isrc"]
                assert not {"popularity", "preview_url", "available_markets"} & set(item["track"])
    assert quirks > 0


def test_pages_overlap_and_lose_plays_once(folder: Path, manifest: SampleManifest) -> None:
    lost = {}
    for listener in manifest.listeners:
        seen: set[str] = set()
        for name in listener.pages:
            own = {item["played_at"] for item in json.loads((folder / name).read_bytes())["items"]}
            if seen:
                lost[listener.label] = lost.get(listener.label, 0) + (not own & seen)
            seen |= own
    assert lost == {"maren": 0, "isla": 1}


def test_polled_plays_are_the_exports_plays(
    folder: Path, manifest: SampleManifest, histories: dict[str, dict[str, list[Row]]]
) -> None:
    for listener in manifest.listeners:
        items = {
            (item["played_at"], item["track"]["uri"])
            for name in listener.pages
            for item in json.loads((folder / name).read_bytes())["items"]
        }
        if not items:
            continue
        ends = defaultdict(list)
        for row in plays_of(histories, listener.label):
            ends[row["spotify_track_uri"]].append(moment(row))
        last = max(end for moments in ends.values() for end in moments)
        off = {
            (played_at, uri): min(
                (abs((datetime.fromisoformat(played_at) - end).total_seconds()) for end in ends[uri]), default=1e9
            )
            for played_at, uri in items
        }
        known = [key for key in off if datetime.fromisoformat(key[0]) <= last]
        after = [key for key in off if datetime.fromisoformat(key[0]) > last + timedelta(seconds=10)]
        assert all(off[key] < 6 for key in known)
        assert sum(off[key] > 0.5 for key in known) > len(known) / 4, "not to the second the same"
        if listener.label == "isla":
            assert len(after) == manifest.traps["isla"]["polled_after_export"] > 50
        else:
            assert not after
