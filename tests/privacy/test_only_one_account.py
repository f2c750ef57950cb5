"""A site of one account alone holds nothing of anybody else: every file of it is searched, and what it was made from.

Three small accounts share some music and have some each to themselves; files for several of them at once are loaded,
services were asked in their names, and rows of each were rejected. The long tests hold the result against a place that
never knew the others, and against the sample.
"""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from extract.raw.loader import load_tables
from extract.raw.tables import (
    AUDIO_FEATURES,
    AUDIO_FEATURES_TABLE,
    POLL_LOG,
    RECENTLY_PLAYED,
    RECOMMENDATION_REQUESTS,
    RECOMMENDATIONS,
    REJECTED_ROWS,
    TABLES,
    TRACKS,
    RawTable,
)
from extract.sources.spotify_api.accounts import KnownAccount, remember_account
from spotiflow.demo.sample.manifest import SampleManifest
from spotiflow.privacy import personal_site
from spotiflow.pseudonyms import sample_user_id, user_id_for
from spotiflow.recommend import LOCAL
from spotiflow.settings import Settings
from tests.conftest import Place
from tests.extract.exports import record, write_json
from tests.privacy.scanner import found

pytestmark = pytest.mark.long

LOCAL_NAMES = [recommender.name for recommender in LOCAL]
START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
MONDAY = START.date()
# Files for everybody, and what services were asked in nobody's name.
SHARED_FILES = ("answers-for-all.csv", "thumbs-of-all.csv", "tracks-of-all.csv", "zzrejected-by-a-service")


@dataclass(frozen=True)
class Person:
    """An account with words of its own, which occur nowhere else."""

    label: str
    name: str
    number: int
    export: str

    def own_track(self, number: int) -> str:
        """The id of a track that only this account played."""
        return f"{self.label[:3]}Own{number:016d}"

    @property
    def own_tracks(self) -> list[str]:
        return [self.own_track(number) for number in range(4)]

    @property
    def polled(self) -> str:
        return self.own_track(50)

    @property
    def asked(self) -> str:
        """A track that a service recommended to this account alone."""
        return self.own_track(60)

    @property
    def saved(self) -> str:
        return self.own_track(70)

    @property
    def words(self) -> list[str]:
        """Titles, artists and albums of its own, a rejected row's title, file names."""
        kinds = ("Title", "Artist", "Album", "Unplayable", "Recommended", "Polled")
        return [*(f"{kind} of {self.label}" for kind in kinds), self.export]

    @property
    def ids(self) -> list[str]:
        return [*self.own_tracks, self.polled, self.asked, self.saved, f"{self.label[:3]}Artist"]


ANA = Person("ana-quince", "Ana Quince-Zedler", 1, "endsong_11.json")
BEN = Person("ben-phone", "Benedikt Xylander", 2, "endsong_22.json")
CLEO = Person("cleo-attic", "Cleo Wiesengrund", 3, "endsong_33.json")
PEOPLE = (ANA, BEN, CLEO)
# Played by everybody, known to no catalogue.
SHARED = "sharedByAll00000000000"


def everything_of(person: Person, home: Path) -> list[str]:
    """What must not be found where the person does not belong."""
    return [user_id_for(person.label, home), person.label, person.name, *person.ids, *person.words]


@dataclass
class Household:
    """Three accounts in one warehouse, and what was said when one of them got a site."""

    place: Place
    inputs: Path
    catalogue: list[str]  # track ids; the last one nobody plays
    said: dict[str, str] = field(default_factory=dict)

    @property
    def home(self) -> Path:
        return self.place.folder / "home"

    def own(self, person: Person) -> Settings:
        return personal_site.settings_of(self.place.settings, user_id_for(person.label, self.home))

    def run(self, *arguments: object) -> None:
        done = self.place.run(*arguments)
        words = " ".join(map(str, arguments))
        assert done.code in (0, 3), f"{words}\n{done.text}"
        self.said[words] = done.text


def _export(person: Person, catalogue: list[str], folder: Path) -> Path:
    """Eight weeks: songs of the catalogue, one that everybody plays, and own ones; the first own one most of all."""
    tracks = [person.own_track(0), *catalogue[:6], person.own_track(0), SHARED, *person.own_tracks[1:]]
    rows = [
        record(
            f"{START + timedelta(days=day, hours=person.number, minutes=4 * place):%Y-%m-%dT%H:%M:%SZ}",
            spotify_track_uri=f"spotify:track:{track}",
            master_metadata_track_name=f"Title of {person.label}"
            if track in person.own_tracks
            else f"Song {track[:6]}",
            master_metadata_album_artist_name=f"Artist of {person.label}" if track in person.own_tracks else "A Band",
            master_metadata_album_album_name=f"Album of {person.label}" if track in person.own_tracks else "A Record",
        )
        for day in range(0, 56, 2)
        for place, track in enumerate(tracks)
    ]
    rows.append(record("2026-03-03T10:00:00Z", -5, master_metadata_track_name=f"Unplayable of {person.label}"))
    return write_json(folder / person.label / person.export, rows)


def _write_csv(path: Path, rows: list[dict[str, Any]]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    return path


def _of_services(person: Person, user_id: str, catalogue: list[str]) -> dict[str, list[Any]]:
    """What polls and services left of an account: plays, requests, answers, tracks and features that it was about."""
    at = datetime(2026, 4, 20, 12, 0)
    answer = {
        "recommender": "reccobeats",
        "user_id": user_id,
        "week_start": MONDAY,
        "seed_track_id": person.own_track(0),
        "recommender_version": "1",
        "requested_at": at,
        "as_of": at,
    }
    title = f"Recommended of {person.label}"
    rows: list[tuple[RawTable, dict[str, Any]]] = [
        (
            RECENTLY_PLAYED,
            {
                "user_id": user_id,
                "played_at": at - timedelta(minutes=4 * person.number),
                "track_id": person.polled,
                "track_name": f"Polled of {person.label}",
                "artist_id": f"{person.label[:3]}Artist",
                "artist_name": f"Artist of {person.label}",
                "duration_ms": 200_000,
            },
        ),
        (RECOMMENDATIONS, answer | {"rank": 1, "track_id": person.asked}),
        (RECOMMENDATION_REQUESTS, answer | {"outcome": "answered", "tracks": 1}),
        (TRACKS, {"track_id": person.asked, "provider": "reccobeats", "track_name": title, "artist_name": "A Band"}),
        # A service was asked about a song of the catalogue, because this account plays it and nobody else does.
        (
            TRACKS,
            {"track_id": catalogue[-1 - person.number], "provider": "reccobeats", "track_name": title},
        ),
        *(
            (
                AUDIO_FEATURES_TABLE,
                {
                    "track_id": track,
                    "provider": "reccobeats",
                    "is_found": True,
                    "checked_at": at,
                    "matched_by": "track_id",
                }
                | dict.fromkeys(AUDIO_FEATURES, 0.5),
            )
            for track in (person.own_track(0), person.polled, person.asked)
        ),
        *(
            (
                POLL_LOG,
                {
                    "user_id": who,
                    "requested_at": at + timedelta(seconds=person.number),
                    "endpoint": endpoint,
                    "status_code": 200,
                    "outcome": "ok",
                    "attempt": 1,
                    "service": service,
                },
            )
            for who, endpoint, service in (
                (user_id, "me/player/recently-played", "spotify"),
                ("", f"zzasked-for-{person.label}", "reccobeats"),
            )
        ),
        (
            REJECTED_ROWS,
            {
                "rejection_id": f"rejected-{person.label}",
                "source": "audio_features",
                "file": "zzrejected-by-a-service",
                "row": 1,
                "reason": "energy is outside 0 to 1",
                "fields": json.dumps({"track_id": person.own_track(1)}),
            },
        ),
    ]
    tables: dict[str, list[Any]] = {}
    for table, row in rows:
        tables.setdefault(table.name, []).append(table.from_rows([row]))
    return tables


def household(folder: Path, catalogue_file: Path, people: Iterable[Person] = PEOPLE) -> Household:
    """Load the accounts, and what several of them have in common."""
    people = list(people)
    inputs = folder / "inputs"
    inputs.mkdir(parents=True)
    with catalogue_file.open(newline="") as file:
        rows = list(csv.DictReader(file))[:40]
    _write_csv(inputs / "tracks-of-all.csv", rows)
    there = Household(Place(folder / "place"), inputs, [row["track_id"] for row in rows])
    for person in people:
        export = _export(person, there.catalogue, inputs)
        there.run(
            *("load", "export", export, "--account", person.label),
            *("--timezone", "Europe/London", "--display-name", person.name),
        )
    there.run("load", "features", inputs / "tracks-of-all.csv")
    for person in people:
        user_id = user_id_for(person.label, there.home)
        load_tables(there.place.warehouse, _of_services(person, user_id, there.catalogue))
    answers = [
        {
            "account": person.label,
            "week_start": MONDAY,
            "seed_track_id": person.own_track(0),
            "rank": rank,
            "track_id": track if person is not ANA or rank < 9 else "not a track",
        }
        for person in people
        for rank, track in ((1, there.catalogue[7]), (2, SHARED), (9, there.catalogue[8]))
    ]
    thumbs = [
        {"account": person.label, "track": track, "feedback": "saved", "when": "2026-04-01T10:00:00Z"}
        for person in people
        for track in (person.saved, there.catalogue[0])
    ]
    _write_csv(inputs / "answers-for-all.csv", answers)
    _write_csv(inputs / "thumbs-of-all.csv", thumbs)
    there.run("load", "recommendations", inputs / "answers-for-all.csv", "--recommender", "ours", "--version", "1")
    there.run("load", "feedback", inputs / "thumbs-of-all.csv")
    return there


@pytest.fixture(scope="module")
def catalogue_file(sample_data: Place) -> Path:
    manifest = SampleManifest.read(sample_data.sample_folder)
    assert manifest is not None
    return sample_data.sample_folder / manifest.catalogue


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory, catalogue_file: Path) -> Household:
    """Three accounts are loaded, and Ana gets a site of her own. Everybody's was never built: it is not needed."""
    there = household(tmp_path_factory.mktemp("only"), catalogue_file)
    before = there.place.warehouse.read_bytes()
    there.run("refresh", "--only", ANA.label)
    assert there.place.warehouse.read_bytes() == before, "everybody's warehouse is not touched"
    return there


def test_the_words_are_there_to_be_found(three: Household) -> None:
    """Else the search would prove nothing."""
    traces = found(
        three.place.warehouse.parent,
        [word for one in PEOPLE for word in everything_of(one, three.home)],
        leave_out=personal_site.folder_of_all(three.place.settings),
    )
    for person in PEOPLE:
        for word in set(everything_of(person, three.home)) - {person.label}:
            assert any(trace.startswith(f"{word}: ") for trace in traces), word


def test_no_file_holds_a_word_of_the_others(three: Household) -> None:
    own = three.own(ANA)
    words = [word for other in (BEN, CLEO) for word in everything_of(other, three.home)]
    assert not found(own.warehouse.parent, [*words, *SHARED_FILES, "zzasked-for"])


def test_the_account_itself_is_found_in_published_file_and_site(three: Household) -> None:
    own = three.own(ANA)
    user_id = user_id_for(ANA.label, three.home)
    in_site = found(own.site, [user_id, ANA.name, f"Title of {ANA.label}"])
    in_published = found(own.published.parent, [user_id, ANA.name, f"Title of {ANA.label}"], leave_out=own.site)
    for word in (user_id, ANA.name, f"Title of {ANA.label}"):
        assert any(trace.startswith(f"{word}: ") and "/site/data/marts/" in trace for trace in in_site), word
        assert any(trace.startswith(f"{word}: ") and "published.duckdb (main." in trace for trace in in_published), word
    with duckdb.connect(str(own.published), read_only=True) as connection:
        top = connection.execute(
            "select track_id from weekly_top_songs where top_song_number = 1 order by week_start limit 1"
        ).fetchone()
        assert connection.execute("select listeners from publication").fetchone() == (1,)
    assert top == (ANA.own_track(0),)
    assert (own.site / "docs" / "index.html").is_file()


def test_its_label_is_written_nowhere(three: Household) -> None:
    assert not [
        path
        for path in three.own(ANA).warehouse.parent.rglob("*")
        if ANA.label in path.name or (path.is_file() and b'"ana-quince"' in path.read_bytes())
    ]


def test_everybody_s_site_stands_where_it_stood(three: Household) -> None:
    assert not three.place.published.exists()
    assert not three.place.site.exists()


def test_it_says_where_the_site_is_and_how_to_look_at_it(three: Household) -> None:
    said = three.said[f"refresh --only {ANA.label}"]
    assert f"The site is ready: {three.own(ANA).site / 'index.html'}" in said
    assert f"spotiflow serve --only {ANA.label}" in said
    status = three.place.run("status")
    assert status.code == 0
    assert ANA.name in status.out.partition("Personal sites")[2]


def test_another_run_has_nothing_to_do(three: Household) -> None:
    published = three.own(ANA).published.read_bytes()
    done = three.place.run("refresh", "--only", ANA.label)
    assert done.code == 0, done.text
    assert "nothing of this account is new" in done.out
    assert three.own(ANA).published.read_bytes() == published


def test_unknown_labels_are_told_who_there_is(three: Household) -> None:
    for label in ("ann-quince", "ben"):
        done = three.place.run("refresh", "--only", label)
        assert done.code == 1
        assert f"No account called '{label}' is loaded here" in done.err
        assert "Traceback" not in done.text
        for person in PEOPLE:
            assert person.name in done.err
    remember_account(three.home, user_id_for(BEN.label, three.home), KnownAccount(BEN.label))
    done = three.place.run("refresh", "--only", "ben")
    assert f"Labels: {BEN.label}." in done.err
    assert BEN.name not in done.err
    done = three.place.run("refresh", "--only", "No Label")
    assert done.code == 2
    done = three.place.run("serve", "--only", CLEO.label)
    assert done.code == 1
    assert f"spotiflow refresh --only {CLEO.label}" in done.err


def test_without_anything_loaded(tmp_path: Path) -> None:
    done = Place(tmp_path).run("refresh", "--only", "me")
    assert done.code == 1
    assert "No listening is loaded yet" in done.err


def test_own_rows_are_all_there(three: Household) -> None:
    """Taking the account out loses nothing of it."""
    user_id = user_id_for(ANA.label, three.home)
    with duckdb.connect() as connection:
        connection.execute(f"attach '{three.place.warehouse}' as everybody (read_only)")
        connection.execute(f"attach '{three.own(ANA).warehouse}' as own (read_only)")
        for table in ("accounts", "streaming_history", "recently_played", "feedback", "load_log"):
            both = [
                connection.execute(
                    f"select * from {database}.raw_spotify.{table} where user_id = ? order by all", [user_id]
                ).fetchall()
                for database in ("everybody", "own")
            ]
            assert both[0] == both[1], table
            assert both[0], table
            assert connection.execute(f"select count(*) from own.raw_spotify.{table}").fetchone() == (len(both[0]),)
        recommenders = connection.execute("select distinct recommender from own.raw_spotify.recommendations").fetchall()
        held = connection.execute("select count(*) from own.raw_spotify.tracks where provider = 'catalogue'").fetchone()
        asked = connection.execute(
            "select track_id from own.raw_spotify.tracks where provider = 'reccobeats'"
        ).fetchall()
    assert {"reccobeats", "ours", "knn", "popular"} == {name for (name,) in recommenders}
    assert held == (40,)
    assert asked == [(ANA.asked,)], "of services, only what was asked because of this account"


@pytest.mark.parametrize("table", sorted(TABLES))
def test_a_table_that_is_taken_whole_would_be_noticed(
    three: Household, table: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The search sees each table: whatever condition is lost, words of others are found."""
    condition = personal_site._is_own
    monkeypatch.setattr(
        personal_site, "_is_own", lambda name, present: "true" if name == table else condition(name, present)
    )
    user_id = user_id_for(ANA.label, three.home)
    personal_site.take(three.place.settings, user_id, tmp_path / "own.duckdb", LOCAL_NAMES, wait=True, say=print)
    words = [word for other in (BEN, CLEO) for word in everything_of(other, three.home)]
    assert found(tmp_path, [*words, *SHARED_FILES, "zzasked-for"])


def test_what_a_former_run_left_of_others_goes_first(three: Household, tmp_path: Path) -> None:
    """Whatever lies in the folder: it is kept only if it shows this account alone."""
    place = Place(tmp_path / "place")
    place.warehouse.parent.mkdir(parents=True)
    shutil.copy2(three.place.warehouse, place.warehouse)
    shutil.copytree(three.home, place.folder / "home")
    own = personal_site.settings_of(place.settings, user_id_for(ANA.label, three.home))
    own.site.mkdir(parents=True)
    (own.site / "index.html").write_text(BEN.name)
    shutil.copy2(three.own(ANA).published, own.published)
    personal_site.remove_what_shows_others(own, user_id_for(ANA.label, three.home))
    assert own.published.exists()
    with duckdb.connect(str(own.published)) as connection:
        connection.execute("update dim_users set user_id = 'somebody else'")
    personal_site.remove_what_shows_others(own, user_id_for(ANA.label, three.home))
    assert not own.published.exists()
    assert not own.site.exists()


# --- longer ------------------------------------------------------------------------------------------------------


def test_it_equals_a_place_that_never_knew_the_others(three: Household, tmp_path: Path, catalogue_file: Path) -> None:
    """Every published table; so no median, pool, rank or average over others is in one."""
    shutil.copytree(three.home, tmp_path / "place" / "home")  # one key: the same pseudonyms
    alone = household(tmp_path, catalogue_file, [ANA])
    alone.run("refresh", "--no-site")
    moments = {"loaded_at", "first_loaded_at", "requested_at", "as_of", "load_record_id"}
    compared = 0
    with duckdb.connect() as connection:
        connection.execute(f"attach '{three.own(ANA).published}' as own (read_only)")
        connection.execute(f"attach '{alone.place.published}' as alone (read_only)")
        tables = connection.execute(
            "select table_name, list(column_name order by column_index) from duckdb_columns() "
            "where database_name = 'alone' and not internal group by all order by all"
        ).fetchall()
        for table, names in tables:
            # Loads of files for several accounts are left out of one, and counted in the other.
            if table in ("publication", "load_history", "rejected_row_counts"):
                continue
            columns = ", ".join(f'"{name}"' for name in names if name not in moments)
            one, other = (
                connection.execute(f"select {columns} from {database}.{table} order by all").fetchall()
                for database in ("own", "alone")
            )
            assert one == other, table
            compared += len(one)
    assert compared > 200


def test_in_everybody_s_tables_the_others_are_found(three: Household) -> None:
    three.run("refresh", "--no-site")
    words = [user_id_for(BEN.label, three.home), CLEO.name, f"Title of {BEN.label}"]
    traces = found(three.place.published.parent, words, leave_out=personal_site.folder_of_all(three.place.settings))
    for word in words:
        assert any(trace.startswith(f"{word}: ") and three.place.published.name in trace for trace in traces), word
    # The personal site is made from the same warehouse as before.
    three.run("refresh", "--only", BEN.label, "--no-site")
    words = [word for other in (ANA, CLEO) for word in everything_of(other, three.home)]
    assert not found(three.own(BEN).warehouse.parent, words)


def test_a_sample_listener_alone(sample_build: Place, tmp_path: Path) -> None:
    place = Place(tmp_path / "place")
    shutil.copytree(
        sample_build.folder / "data", place.warehouse.parent, ignore=shutil.ignore_patterns("*.lock*", "only")
    )
    manifest = SampleManifest.read(place.sample_folder)
    assert manifest is not None
    done = place.run("refresh", "--only", "theo")
    assert done.code == 0, done.text
    own = personal_site.settings_of(place.settings, sample_user_id("theo"))
    with duckdb.connect(str(place.warehouse), read_only=True) as connection:
        names = {
            name
            for (name,) in connection.execute(
                "select display_name from raw_spotify.accounts where display_name is not null"
            ).fetchall()
        }
        of_others = [
            word
            for row in connection.execute(
                """
                with played as (
                    select user_id, track_id, track_name from raw_spotify.streaming_history where track_id is not null
                ),
                held as (select track_id from raw_spotify.tracks where provider = 'catalogue'
                    union select track_id from raw_spotify.audio_features where provider = 'catalogue'),
                own as (select track_id from raw_spotify.recommendations where user_id = $own
                    union select track_id from raw_spotify.feedback where user_id = $own)
                select track_id, any_value(track_name) from played
                where track_id not in (from held) and track_id not in (from own)
                group by track_id having bool_and(user_id <> $own)
                    and any_value(track_name) not in (select track_name from played where user_id = $own
                        union select track_name from raw_spotify.tracks)
                """,
                {"own": sample_user_id("theo")},
            ).fetchall()
            for word in row
        ]
    ids = [sample_user_id(one.label) for one in manifest.listeners]
    others = [one for one in ids if one != sample_user_id("theo")]
    # Labels of the cohort; the featured ones are first names, which are words in texts as well.
    labels = [one.label for one in manifest.listeners if one.label.startswith("cohort-")]
    assert of_others, "there are tracks that only others played"
    assert not found(own.warehouse.parent, [*others, *labels, *of_others])
    assert not found(own.published.parent, [name for name in names if name != "Theo"], leave_out=own.site)
    in_site = found(own.site, [sample_user_id("theo")])
    assert any("/data/marts/" in trace for trace in in_site)
    everybody = found(sample_build.site, others[:5])
    assert all(any(trace.startswith(one) and "/data/marts/" in trace for trace in everybody) for one in others[:5])
