"""In whatever order inputs arrive, and however often models ran in between: the marts end up the same.

Each arrival is followed by a dbt run of the models that may be incremental. In between the definitions change and a
listener moves to another time zone. In the end one full refresh must change nothing, and a warehouse into which
everything was loaded at once must say the same of the listening.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
import pandas as pd
import pytest

from extract.raw.loader import load_tables
from extract.raw.tables import RECOMMENDATIONS
from tests.conftest import Parsed, Place
from tests.extract.exports import record, write_json
from tests.histories.building import NO_TESTS, Workshop, load_catalogue, load_everything, load_export_files, load_pages
from tests.histories.definitions import BEGINNING, draw, read_seed, with_other_minimum, write_seed
from tests.histories.generator import Batch, History, Page, Track, generate, write_catalogue
from tests.histories.test_histories import SEED

pytestmark = pytest.mark.long

LISTENERS = 5
# What an arrival is followed by: as a rule the plays alone, sometimes what is made of them.
PLAYS = ("-s", "+fct_plays", *NO_TESTS)
PLAYS_TABLE = "intermediate.int_plays"
PLAYS_AND_DAYS = ("-s", "+fct_plays", "+daily_listening", *NO_TESTS)
# These tell of loads, not of listening: table → columns; none: all of it.
ABOUT_LOADS: dict[str, set[str]] = {
    "load_history": set(),
    "rejected_row_counts": set(),
    "listening_gaps": {"closed_at"},
}


@dataclass(frozen=True)
class Arrival:
    """One thing that comes in."""

    what: str
    load: Callable[[Path], None]  # into this warehouse


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory, parsed: Parsed) -> Workshop:
    return Workshop(tmp_path_factory.mktemp("arrivals"), parsed)


def arrivals(rng: np.random.Generator, batch: Batch, folder: Path) -> list[Arrival]:
    """The batch's inputs one by one, in a random order; catalogues in three parts, time zones wrong at first."""
    found: list[Arrival] = []
    movers = {history.label for history in batch.histories if rng.random() < 0.4}
    for history in batch.histories:
        zone = "Asia/Tokyo" if history.label in movers else history.timezone
        for path in history.exports:
            found.append(_export(history, path, zone))
        for pages in np.array_split(np.arange(len(history.pages)), 2):
            if len(pages):
                found.append(_polls(history, pages, zone))
    listed = [track for track in batch.tracks if track.is_listed]
    for number, part in enumerate(np.array_split(rng.permutation(len(listed)), 3)):
        path = write_catalogue(folder / f"features-{number}.csv", [listed[int(place)] for place in part])
        found.append(Arrival(path.name, lambda warehouse, path=path: load_catalogue(warehouse, path)))  # type: ignore[misc, return-value]
    found.append(Arrival("recommendations", lambda warehouse: _recommendations(warehouse, batch)))
    found = [found[int(place)] for place in rng.permutation(len(found))]
    # Listeners who moved say so some time after their first arrival: the same file once more, with the right zone.
    for history in batch.histories:
        own = [place for place, arrival in enumerate(found) if arrival.what.startswith(f"{history.label} ")]
        if history.label in movers and own:
            move = _moving(history, found[own[-1]])
            found.insert(int(rng.integers(own[-1] + 1, len(found) + 1)), move)
    return found


def _export(history: History, path: Path, zone: str) -> Arrival:
    return Arrival(
        f"{history.label} {path.name}", lambda warehouse: load_export_files(warehouse, [(history, [path])], zone)
    )


def _polls(history: History, places: Sequence[int], zone: str) -> Arrival:
    pages = [history.pages[int(place)] for place in places]
    return Arrival(
        f"{history.label} polls {places[0]} to {places[-1]}",
        lambda warehouse: load_pages(warehouse, [(history, pages)], zone),
    )


def _moving(history: History, arrival: Arrival) -> Arrival:
    def load(warehouse: Path) -> None:
        if history.exports:
            load_export_files(warehouse, [(history, history.exports[:1])])
        else:
            load_pages(warehouse, [(history, history.pages[:1])])

    return Arrival(f"{history.label} is in {history.timezone}, not where {arrival.what} said", load)


def _recommendations(warehouse: Path, batch: Batch) -> None:
    load_tables(warehouse, {RECOMMENDATIONS.name: [RECOMMENDATIONS.from_rows(batch.recommendations)]})


# ---- what tables hold ----


def rows(warehouse: Path, name: str) -> pd.DataFrame:
    """Every row and column of a table, in the order of all columns."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return connection.execute(f"select * from {name} order by all").df()


def contents(warehouse: Path, but: Mapping[str, set[str]] | None = None) -> dict[str, list[tuple[Any, ...]]]:
    """Every mart, and the stored plays, as the rows that they hold; without the tables or columns of `but`."""
    but = but or {}
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        names = [
            f"marts.{name}"
            for (name,) in connection.execute(
                "select table_name from information_schema.tables where table_schema = 'marts' order by 1"
            ).fetchall()
            if but.get(name) != set()
        ]
        return {
            name: connection.execute(
                f"select {_columns(but.get(name.split('.')[1]))} from {name} order by all"
            ).fetchall()
            for name in [*names, "intermediate.int_plays"]
        }


def _columns(but: set[str] | None) -> str:
    return f"* exclude ({', '.join(sorted(but))})" if but else "*"


def differences(
    left: dict[str, list[tuple[Any, ...]]], right: dict[str, list[tuple[Any, ...]]], about: str = ""
) -> list[str]:
    """Tables whose rows differ, with one row of each side that the other lacks."""
    assert left.keys() == right.keys()
    found = []
    for name in left:
        if left[name] != right[name]:
            only = [row for row in left[name] if row not in right[name]][:1]
            others = [row for row in right[name] if row not in left[name]][:1]
            found.append(f"{name}{about}: {len(left[name])} and {len(right[name])} rows; {only} against {others}")
    return found


# ---- orders ----


def check_order(workshop: Workshop, seed: int, listeners: int) -> None:
    """One random order, with runs, changes of definitions and moves in between, against one full refresh."""
    rng = np.random.default_rng([seed, 50])
    place = workshop.place(f"order-{seed}")
    last, *others = (draw(seed + number) for number in range(3))
    batch = generate(seed, listeners, place.folder / "files", last.mondays)
    order = arrivals(rng, batch, place.folder / "files")
    log = []
    others[0].write(workshop.project, {})
    for number, arrival in enumerate(order):
        log.append(arrival.what)
        arrival.load(place.warehouse)
        if number in (len(order) // 3, 2 * len(order) // 3):  # the definitions change, and aliases become known
            changed = others[1] if number < len(order) // 2 else last
            changed.write(workshop.project, batch.aliases)
            log.append("definitions changed")
        if rng.random() < 0.7:
            workshop.build(place, *(PLAYS_AND_DAYS if rng.random() < 0.3 else PLAYS))
            log.append("run")
    workshop.build(place, *PLAYS)
    with_other_minimum(last).write(workshop.project, batch.aliases)  # at the end, so that nothing else hides it
    workshop.build(place, *NO_TESTS)
    step_by_step = contents(place.warehouse)
    assert len(step_by_step["marts.fct_plays"]) > 0
    workshop.build(place, "--full-refresh", *NO_TESTS)
    again = f"\nSPOTIFLOW_HISTORIES_SEED={seed}, in the order: {'; '.join(log)}"
    wrong = differences(step_by_step, contents(place.warehouse), " after a full refresh")
    assert not wrong, "\n".join(wrong) + again

    at_once = workshop.place(f"at-once-{seed}")
    load_everything(at_once.warehouse, batch)
    workshop.build(at_once, *NO_TESTS)
    # The full refresh is what came step by step: that has just been shown.
    wrong = differences(
        contents(place.warehouse, ABOUT_LOADS), contents(at_once.warehouse, ABOUT_LOADS), " loaded at once"
    )
    assert not wrong, "\n".join(wrong) + again


def test_a_random_order_ends_like_a_full_refresh(workshop: Workshop) -> None:
    check_order(workshop, SEED, 3)


@pytest.mark.parametrize("number", range(1, 3))
def test_more_random_orders(workshop: Workshop, number: int) -> None:
    check_order(workshop, SEED + number, LISTENERS)


# ---- an export that comes late ----


LONDON = "Europe/London"
SONG = Track("spotify:track:0123456789abcdefghijkl", "Paper Boats", "The Lanterns", 200_000)


def _polled(folder: Path, ends: Sequence[datetime], label: str) -> History:
    """A listener whose plays of `SONG` ended then, and were polled once a month."""
    pages = []
    for first in range(0, len(ends), 30):
        # Each page begins with plays that the one before it knew: nothing was lost.
        shown = sorted(ends[max(0, first - 10) : first + 30], reverse=True)
        path = folder / f"{label}-{first}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"items": [_item(end) for end in shown]}), encoding="utf-8")
        pages.append(Page(shown[0] + timedelta(minutes=1), path))
    return History(label, LONDON, (), (), tuple(pages), ())


def _item(end: datetime) -> dict[str, Any]:
    return {
        "played_at": end.isoformat(timespec="milliseconds") + "Z",
        "track": {
            "id": SONG.track_id,
            "name": SONG.name,
            "type": "track",
            "duration_ms": SONG.length_ms,
            "artists": [{"id": "artist", "name": SONG.artist}],
        },
    }


def _mark(place: Place, name: str) -> None:
    """Falsify every row: rows that are written anew lose the mark."""
    with duckdb.connect(str(place.warehouse)) as connection:
        connection.execute(f"update {name} set listened_ms = listened_ms + 1000000000")


def _unmark(place: Place, name: str) -> None:
    """Put right what is still marked."""
    with duckdb.connect(str(place.warehouse)) as connection:
        connection.execute(f"update {name} set listened_ms = listened_ms - 1000000000 where listened_ms >= 1000000000")


def _days(place: Place, name: str, marked: bool) -> set[tuple[str, date]]:
    """Listener and date of the rows that carry the mark, or of those that do not."""
    condition = "listened_ms >= 1000000000" if marked else "coalesce(listened_ms, 0) < 1000000000"
    with duckdb.connect(str(place.warehouse), read_only=True) as connection:
        found = connection.execute(f"select distinct user_id, listening_date from {name} where {condition}").fetchall()
    return {(str(user), day) for user, day in found}


def test_an_export_that_comes_late_restates_the_days_it_touches(workshop: Workshop) -> None:
    """Three months of polls, then an export of two days: those days know how long was listened; others stay."""
    workshop.restore_seeds()
    place = workshop.place("late")
    start = datetime(2026, 3, 2, 20, 0, 0, 500_000)
    ends = [start + timedelta(days=day) for day in range(90)]
    listener = _polled(place.folder / "pages", ends, "late")
    other = _polled(place.folder / "pages", ends[:20], "other")
    load_pages(place.warehouse, [(listener, listener.pages), (other, other.pages)])
    workshop.build(place, *NO_TESTS)

    # The 10th day: what the poll saw, 40 s long. The 50th: the same, and a song at 23:59:30 that no poll saw.
    tenth, fiftieth = ends[10].date(), ends[50].date()
    plays = [(ends[10], 40_000), (ends[50], 199_000), (datetime(*fiftieth.timetuple()[:3], 22, 59, 30), 31_000)]
    export = write_json(
        place.folder / "export" / "Streaming_History_Audio_1.json",
        [
            record(end.strftime("%Y-%m-%dT%H:%M:%SZ"), listened_ms, spotify_track_uri=SONG.uri)
            for end, listened_ms in plays
        ],
    )
    before = {name: rows(place.warehouse, name) for name in ("marts.fct_plays", "marts.daily_listening")}
    _mark(place, PLAYS_TABLE)
    load_export_files(place.warehouse, [(listener, [export])])
    workshop.build(place, *PLAYS)

    touched = {("late", tenth), ("late", fiftieth)}
    assert _days(place, PLAYS_TABLE, marked=False) >= touched
    # A play can change the estimate of the one after it: so the days around it are made anew too.
    allowed = {("late", day + timedelta(days=days)) for _, day in touched for days in range(-2, 3)}
    assert _days(place, PLAYS_TABLE, marked=False) <= allowed, "rows of other days were made anew"
    _unmark(place, PLAYS_TABLE)
    workshop.build(place, *NO_TESTS)

    after = {name: rows(place.warehouse, name) for name in before}
    for name, table in after.items():
        untouched = ~table["listening_date"].dt.date.isin([tenth, fiftieth]) | (table["user_id"] == "other")
        old = before[name]
        old = old[~old["listening_date"].dt.date.isin([tenth, fiftieth]) | (old["user_id"] == "other")]
        pd.testing.assert_frame_equal(old.reset_index(drop=True), table[untouched].reset_index(drop=True))
    days = after["marts.daily_listening"].set_index(["user_id", "listening_date"])
    assert days.loc[("late", pd.Timestamp(tenth)), "minutes_listened"] == pytest.approx(40 / 60)
    assert days.loc[("late", pd.Timestamp(fiftieth)), ["plays", "minutes_listened"]].tolist() == [2, 230 / 60]
    assert days.loc[("late", pd.Timestamp(tenth)), "plays"] == 1
    assert ZoneInfo(LONDON).utcoffset(datetime(2026, 4, 21)) == timedelta(hours=1)  # so 22:59:30 UTC is still that day


def test_two_versions_that_change_places_restate_a_day_in_two_weeks(workshop: Workshop) -> None:
    """Sunday evening and Monday morning in Tokyo lie on one date of UTC, under two listen rules: then they swap."""
    place = workshop.place("swapped")
    monday = datetime(2026, 3, 2)
    moments = [monday - timedelta(hours=14), monday - timedelta(hours=8)]  # 10:00 and 16:00 UTC on 1 March
    export = write_json(
        place.folder / "export" / "Streaming_History_Audio_1.json",
        [record(moment.strftime("%Y-%m-%dT%H:%M:%SZ"), 45_000) for moment in moments],
    )
    load_export_files(place.warehouse, [(History("tokyo", "Asia/Tokyo", (), (export,), (), ()), [export])])
    seeds = workshop.project / "seeds" / "definitions"
    workshop.restore_seeds()
    others = [row for row in read_seed(seeds / "definition_versions.csv") if row["family"] != "listen_rules"]
    rules = [{"version": 1, "minimum_listened_ms": 30_000}, {"version": 2, "minimum_listened_ms": 60_000}]
    write_seed(seeds / "listen_rules.csv", [rule | {"minimum_track_share": 0} for rule in rules])
    found = []
    for first, second in ((1, 2), (2, 1)):
        dated = [
            {"family": "listen_rules", "version": version, "valid_from": start}
            for version, start in ((first, BEGINNING), (second, monday.date()))
        ]
        said = {"recorded_on": "2026-01-01", "rationale": "Swapped."}
        write_seed(seeds / "definition_versions.csv", [*others, *(row | said for row in dated)])
        workshop.build(place, *PLAYS)
        table = rows(place.warehouse, "marts.fct_plays").sort_values("played_at")
        found.append(list(zip(table["listen_rules_version"], table["is_listen"], strict=True)))
    assert found == [[(1, True), (2, False)], [(2, False), (1, True)]]
