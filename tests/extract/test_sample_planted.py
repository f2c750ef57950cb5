"""What is planted in the sample's recommendations and feedback is really in the files, counted in plain pandas."""

from __future__ import annotations

import json
import re
import zipfile
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from extract.raw.tables import AUDIO_FEATURES
from spotiflow.demo.sample import SampleManifest, write_sample
from spotiflow.demo.sample.settings import LAST_DAY

FEATURES = list(AUDIO_FEATURES)
LISTENED_MS = 30_000
WEEKS = [date(2026, 8, 10) + timedelta(weeks=number) for number in range(12)]
END = pd.Timestamp("2026-11-02T12:00")  # UTC; the sample's last day is over everywhere
TOP_SONGS = 5

TITLES_ONLY = "cohort-14"  # this listener's last two months are in account data alone, without ids


@dataclass(frozen=True)
class Planted:
    folder: Path
    manifest: SampleManifest
    given: pd.DataFrame  # a recommended track
    plays: pd.DataFrame  # a play of a track with an id: listener, track, end, milliseconds, Monday of its local week
    features: pd.DataFrame  # of complete tracks, by id
    feedback: pd.DataFrame


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    folder = tmp_path_factory.mktemp("planted")
    manifest = write_sample(folder)
    files = []
    for one in manifest.recommendations:
        rows = pd.read_csv(folder / one.file, keep_default_na=False)
        files.append(rows.assign(recommender=one.recommender, version=one.version))
    given = pd.concat(files, ignore_index=True)
    given["as_of"] = pd.to_datetime(given["as_of"]).dt.tz_localize(None)
    given["variant"] = given["variant"].fillna("")
    features = pd.read_csv(folder / manifest.catalogue).dropna(subset=FEATURES).set_index("track_id")[FEATURES]
    feedback = pd.read_json(folder / manifest.feedback, lines=True)
    feedback["when"] = pd.to_datetime(feedback["when"]).dt.tz_localize(None)
    return Planted(folder, manifest, given, _plays(folder, manifest), features, feedback)


def _plays(folder: Path, manifest: SampleManifest) -> pd.DataFrame:
    catalogue = pd.read_csv(folder / manifest.catalogue).drop_duplicates(["track_name", "artist_name"])
    ids = catalogue.set_index(["track_name", "artist_name"])["track_id"].to_dict()
    rows: set[tuple[str, str, str, int]] = set()
    for listener in manifest.listeners:
        own: set[tuple[str, str, int]] = set()
        for export in listener.exports:
            with zipfile.ZipFile(folder / export) as archive:
                for name in archive.namelist():
                    if Path(name).name.startswith(("Streaming_History_", "endsong_")):
                        own |= {
                            (row["spotify_track_uri"].split(":")[2], row["ts"], row["ms_played"])
                            for row in json.loads(archive.read(name))
                            if str(row["spotify_track_uri"]).startswith("spotify:track:")
                            and row["ts"] is not None
                            and row["ts"] < "2090"
                            and 0 <= row["ms_played"] <= 86_400_000
                        }
        last = datetime.fromisoformat(max(end for _, end, _ in own)) + timedelta(seconds=10)
        for name in listener.pages:
            own |= {
                (item["track"]["id"], item["played_at"], item["track"]["duration_ms"])
                for item in json.loads((folder / name).read_bytes())["items"]
                if datetime.fromisoformat(item["played_at"]) > last
            }
        if listener.label == TITLES_ONLY:
            own |= _plays_without_ids(folder, listener.exports, ids, last)
        rows |= {(listener.label, *one) for one in own}
    plays = pd.DataFrame(sorted(rows), columns=["account", "track_id", "ended_at", "ms"])
    zones = {listener.label: ZoneInfo(listener.timezone) for listener in manifest.listeners}
    aware = [datetime.fromisoformat(text) for text in plays["ended_at"]]
    local = [moment.astimezone(zones[account]).date() for moment, account in zip(aware, plays["account"], strict=True)]
    plays["week_start"] = [(day - timedelta(days=day.weekday())).isoformat() for day in local]
    plays["ended_at"] = pd.to_datetime([moment.replace(tzinfo=None) for moment in aware])
    plays["is_listen"] = plays["ms"] >= LISTENED_MS
    return plays


def _plays_without_ids(
    folder: Path, exports: tuple[str, ...], ids: dict[tuple[str, str], str], after: datetime
) -> set[tuple[str, str, int]]:
    found = set()
    for export in exports:
        with zipfile.ZipFile(folder / export) as archive:
            for name in archive.namelist():
                for row in (
                    json.loads(archive.read(name)) if Path(name).name.startswith("StreamingHistory_music") else ()
                ):
                    track_id = ids.get((row["trackName"], row["artistName"]))
                    end = f"{row['endTime'].replace(' ', 'T')}:00+00:00"
                    if track_id is not None and datetime.fromisoformat(end) > after:
                        found.add((track_id, end, row["msPlayed"]))
    assert found
    return found


QUESTION = ["account", "week_start", "seed_track_id"]
ANSWER = ["recommender", "version", "variant", *QUESTION]


@pytest.fixture(scope="module")
def top_songs(planted: Planted) -> pd.DataFrame:
    """The first five songs of each listener's week, by the same order as everywhere."""
    songs = planted.plays.groupby(["account", "week_start", "track_id"])
    songs = songs.agg(listens=("is_listen", "sum"), ms=("ms", "sum")).reset_index().query("listens > 0")
    order = [True, True, False, False, True]
    songs = songs.sort_values(["account", "week_start", "listens", "ms", "track_id"], ascending=order)
    songs = songs.groupby(["account", "week_start"]).head(TOP_SONGS)
    weeks = [week.isoformat() for week in WEEKS]
    songs = songs[songs["week_start"].isin(weeks)]
    return songs.rename(columns={"track_id": "seed_track_id"})[QUESTION]


@pytest.fixture(scope="module")
def scores(planted: Planted, top_songs: pd.DataFrame) -> pd.DataFrame:
    """Of each recommender, version and variant: mean similarity, hit rates, share of novel tracks."""
    rows = planted.given.merge(top_songs, on=QUESTION)
    first = planted.plays.groupby(["account", "track_id"])["ended_at"].min().rename("first").reset_index()
    rows = rows.merge(first, on=["account", "track_id"], how="left")
    rows["is_novel"] = ~(rows["first"] < rows["as_of"])
    listens = planted.plays[planted.plays["is_listen"]][["account", "track_id", "ended_at"]]
    later = rows[["account", "track_id", "as_of"]].drop_duplicates().merge(listens, on=["account", "track_id"])
    later = later[later["ended_at"] >= later["as_of"]]
    later = later.groupby(["account", "track_id", "as_of"])["ended_at"].min().rename("listened").reset_index()
    rows = rows.merge(later, on=["account", "track_id", "as_of"], how="left")
    for days in (7, 28):
        within = (rows["listened"] - rows["as_of"]) < pd.Timedelta(days=days)
        rows[f"hit_{days}"] = within.astype(float).where(rows["as_of"] + pd.Timedelta(days=days) <= END)
    answers = rows.groupby(ANSWER)[["hit_7", "hit_28"]].max().join(rows.groupby(ANSWER)["is_novel"].mean())
    predicted = rows.join(planted.features, on="track_id").groupby(ANSWER)[FEATURES].mean()
    actual = planted.features.reindex(predicted.index.get_level_values("seed_track_id")).set_index(predicted.index)
    answers["similarity"] = 100 - 100 * (predicted - actual).abs().mean(axis=1, skipna=False)
    return answers.groupby(["recommender", "version", "variant"]).mean()


def test_the_manifest_lists_the_files_in_the_order_of_loading(planted: Planted) -> None:
    listed = [(one.file, one.recommender, one.version) for one in planted.manifest.recommendations]
    assert listed == [
        ("recommendations/mirror.csv", "mirror", "1"),
        ("recommendations/charts.csv", "charts", "1"),
        ("recommendations/dice.csv", "dice", "1"),
        ("recommendations/oracle.csv", "oracle", "1"),
        ("recommendations/house-blend-1.0.csv", "house-blend", "1.0"),
        ("recommendations/house-blend-2.0.csv", "house-blend", "2.0"),
    ]
    counts = planted.given.groupby(["recommender", "version"]).size()
    assert {(one.recommender, one.version): one.rows for one in planted.manifest.recommendations} == counts.to_dict()
    assert counts.max() < 26_000
    size = sum((planted.folder / one.file).stat().st_size for one in planted.manifest.recommendations)
    assert size + (planted.folder / planted.manifest.feedback).stat().st_size < 12_000_000


def test_every_answer_is_whole(planted: Planted) -> None:
    """Ranks from 1 on, five different tracks (three in one variant), never the song; known at the end of the week."""
    answers = planted.given.groupby(ANSWER)
    shape = answers.agg(
        tracks=("track_id", "nunique"),
        rows=("rank", "size"),
        first=("rank", "min"),
        last=("rank", "max"),
        moments=("as_of", "nunique"),
    ).reset_index()
    assert (shape["tracks"] == shape["rows"]).all()
    assert (shape["rows"] == shape["last"]).all()
    assert (shape["first"] == 1).all()
    assert (shape["moments"] == 1).all()
    assert (shape["rows"] == shape["variant"].map({"": 5, "five": 5, "three": 3})).all()
    assert (planted.given["track_id"] != planted.given["seed_track_id"]).all()
    zones = {listener.label: ZoneInfo(listener.timezone) for listener in planted.manifest.listeners}
    for account, week_start, as_of in (
        planted.given[["account", "week_start", "as_of"]].drop_duplicates().itertuples(index=False, name=None)
    ):
        end = date.fromisoformat(week_start) + timedelta(days=7)
        assert datetime(end.year, end.month, end.day, tzinfo=zones[account]).timestamp() == as_of.timestamp()
    asked = pd.to_datetime(planted.given["requested_at"]).dt.tz_localize(None)
    assert (asked == planted.given["as_of"]).all()


def test_the_last_twelve_weeks_and_their_top_songs_are_answered(planted: Planted, top_songs: pd.DataFrame) -> None:
    assert WEEKS[-1] + timedelta(days=6) == LAST_DAY
    given = planted.given
    assert {date.fromisoformat(text) for text in given["week_start"]} == set(WEEKS)
    for name in ("charts", "dice", "oracle", "house-blend"):
        answered = given[given["recommender"] == name][QUESTION].drop_duplicates()
        found = top_songs.merge(answered, on=QUESTION, how="left", indicator=True)["_merge"] == "both"
        assert found.mean() > 0.995, name
    mirrored = given[given["recommender"] == "mirror"]["seed_track_id"]
    assert set(mirrored) <= set(planted.features.index), "without features there is nothing to mirror"


def test_the_second_version_takes_over_with_an_experiment(planted: Planted) -> None:
    blend = planted.given[planted.given["recommender"] == "house-blend"]
    weeks = blend.groupby("version")["week_start"].unique().map(set)
    assert weeks["1.0"] == {week.isoformat() for week in WEEKS[:3]}
    assert weeks["2.0"] == {week.isoformat() for week in WEEKS[3:]}
    assert set(blend[blend["version"] == "1.0"]["variant"]) == {""}
    variants = blend[blend["version"] == "2.0"].groupby("account")["variant"].unique()
    assert (variants.map(len) == 1).all(), "a listener is in one variant"
    sizes = variants.map(lambda own: own[0]).value_counts()
    assert set(sizes.index) == {"three", "five"}
    assert abs(sizes["three"] - sizes["five"]) <= 4


def test_the_readme_says_what_can_be_counted(scores: pd.DataFrame) -> None:
    """The table of README.md, row by row, to a percentage point: titles without ids are matched more simply here."""
    text = (Path(__file__).parents[2] / "spotiflow" / "demo" / "sample" / "README.md").read_text(encoding="utf-8")
    said = {}
    for line in text.splitlines():
        who, *_, similarity, soon, later, novel = line.strip("| ").split(" | ") if line.count(" | ") == 5 else [""] * 6
        if found := re.match(r"`([a-z-]+)`(?: (\d\.\d))?(?:.* variant `(\w+)`)?", who):
            name, version, variant = found.groups()
            numbers = [int(text.removesuffix(" %")) for text in (similarity, soon, later, novel)]
            said[name, version or "1", variant or ""] = numbers
    counted = 100 * scores[["hit_7", "hit_28", "is_novel"]]
    counted.insert(0, "similarity", scores["similarity"])
    assert set(said) == set(counted.index)
    for key, numbers in said.items():
        assert numbers == pytest.approx(counted.loc[key].tolist(), abs=1), key


def test_each_recommender_is_as_good_as_was_planted(scores: pd.DataFrame) -> None:
    similarity, novel = scores["similarity"], 100 * scores["is_novel"]
    hit_7, hit_28 = 100 * scores["hit_7"], 100 * scores["hit_28"]
    mirror, charts, dice, oracle = ((name, "1", "") for name in ("mirror", "charts", "dice", "oracle"))
    first, three, five = (("house-blend", *rest) for rest in (("1.0", ""), ("2.0", "three"), ("2.0", "five")))
    # mirror clones features, of known tracks, and knows nothing of what comes
    assert similarity[mirror] > 95
    assert similarity.drop(mirror).max() < similarity[mirror] - 5
    assert novel[mirror] < 0.5
    assert hit_7[mirror] < hit_7[oracle] / 2
    assert hit_28[mirror] < hit_28[oracle] - 25
    # oracle knows, for most songs, without looking at features
    assert 62 < hit_7[oracle] < 78
    assert hit_7.drop(oracle).max() < hit_7[oracle] - 10
    assert hit_28.drop(oracle).max() < hit_28[oracle] - 10
    assert similarity[oracle] < similarity[dice] + 5
    assert novel[oracle] > 60
    # dice is chance
    assert hit_7[dice] == hit_7.min()
    assert hit_28[dice] == hit_28.min()
    assert novel[dice] > 85
    assert hit_7[charts] > hit_7[dice] + 5
    # the house blend: a little better than chance, then much better; five tracks find more than three
    assert hit_7[dice] + 3 < hit_7[first] < hit_7[dice] + 12
    assert hit_7[three] > hit_7[first] + 15
    assert hit_7[five] > hit_7[three] + 8
    assert abs(similarity[three] - similarity[five]) < 3
    assert similarity[five] > similarity[first] + 5


def test_three_tracks_are_as_good_as_five_track_for_track(planted: Planted) -> None:
    """The variants differ in length alone: the share of their tracks that is listened to is about the same."""
    blend = planted.given[(planted.given["recommender"] == "house-blend") & (planted.given["variant"] != "")]
    blend = blend[blend["as_of"] + pd.Timedelta(days=7) <= END]
    listens = planted.plays[planted.plays["is_listen"]][["account", "track_id", "ended_at"]]
    later = blend.merge(listens, on=["account", "track_id"])
    later = later[(later["ended_at"] >= later["as_of"]) & (later["ended_at"] < later["as_of"] + pd.Timedelta(days=7))]
    found = later.drop_duplicates([*QUESTION, "track_id"]).groupby("variant").size() / blend.groupby("variant").size()
    assert abs(found["three"] - found["five"]) < 0.03
    assert found.min() > 0.1


def test_feedback_prefers_what_is_good_and_happy(planted: Planted) -> None:
    feedback = planted.feedback
    assert 2_000 < len(feedback) < 5_000
    assert set(feedback["feedback"]) == {"saved", "liked", "disliked", "rating"}
    assert feedback["when"].max() < END + pd.Timedelta(days=1)
    assert feedback["account"].nunique() == 45
    ratings = feedback[feedback["feedback"] == "rating"].copy()
    assert set(ratings["rating_max"].dropna()) == {100}
    ratings["share"] = ratings["rating"] / ratings["rating_max"].fillna(5)
    ratings["track_id"] = ratings["track"].str.removeprefix("spotify:track:")
    assert ratings["share"].between(0, 1).all()
    happy = ratings.join(planted.features["valence"], on="track_id")
    assert happy["share"].corr(happy["valence"]) > 0.4
    thumbs = feedback[feedback["feedback"].isin(["liked", "disliked"])].rename(columns={"track": "track_id"})
    given = planted.given[["recommender", "version", "account", "track_id", "as_of"]].drop_duplicates()
    said = thumbs.merge(given, on=["account", "track_id"])
    said = said[(said["when"] >= said["as_of"]) & (said["when"] < said["as_of"] + pd.Timedelta(days=7))]
    liked = (said["feedback"] == "liked").groupby([said["recommender"], said["version"]]).mean()
    assert min(liked["oracle", "1"], liked["house-blend", "2.0"]) > liked["dice", "1"] + 0.25
    assert said.groupby(["recommender", "version"]).size().min() > 200
