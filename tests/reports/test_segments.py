"""Segments: who is in one, what they listen to, and the files that a curator takes along."""

from __future__ import annotations

import csv
import datetime
import io
from pathlib import Path
from urllib.parse import quote_plus

import pytest
from playwright.sync_api import Page, Response, expect

from tests.reports.conftest import BuiltSite, Visitor
from tests.reports.words import count, number, percent
from tests.sharing import mostly_long

SEGMENT = "segment_kind = ? and segment = ?"
KINDS = {"vibe": "dominant_vibe", "sound cluster": "dominant_sound_cluster", "genre": "dominant_genre"}


def address(kind: str, segment: str | None = None) -> str:
    return f"/segments/?kind={quote_plus(kind)}" + (f"&segment={quote_plus(segment)}" if segment else "")


def segments_of(site: BuiltSite, kind: str) -> list[dict[str, object]]:
    return site.rows(
        f"""
        select {KINDS[kind]} as segment, count(*) as listeners from listener_segments
        where {KINDS[kind]} is not null group by 1 order by listeners desc, segment
        """
    )


def cells_of(page: Page, testid: str) -> list[list[str]]:
    return [
        [" ".join(cell.split()) for cell in row.locator("td").all_inner_texts()]
        for row in page.get_by_test_id(testid).all()
    ]


def shows(page: Page, site: BuiltSite, kind: str, segment: str) -> None:
    """The page shows this segment as published: its size, its listeners, its songs and artists."""
    column = KINDS[kind]
    expect(page.get_by_test_id("segment-title")).to_contain_text(segment)
    top = site.row(f"select * from segment_top_tracks where {SEGMENT}", kind, segment)
    expect(page.get_by_test_id("segment-listeners")).to_have_text(number(top["segment_listeners"]))
    expect(page.get_by_test_id("segment-listens")).to_have_text(number(top["segment_listens"]))

    members = site.rows(
        f"""
        select u.display_name, s.{column}_share_pct as share, s.listens, s.user_id
        from listener_segments as s join dim_users as u on u.user_id = s.user_id
        where s.{column} = ? order by share desc
        """,
        segment,
    )
    assert len(members) == top["segment_listeners"]
    if page.get_by_test_id("all-members").count():
        page.get_by_test_id("all-members").click()
    told = cells_of(page, "member")
    assert sorted(told) == sorted(
        [str(row["display_name"]), percent(row["share"]), number(row["listens"])] for row in members
    )
    assert [line[1] for line in told] == [percent(row["share"]) for row in members]
    links = page.get_by_test_id("member").locator("a").evaluate_all("all => all.map(one => one.getAttribute('href'))")
    assert sorted(links) == sorted(f"/weekly-wrapped/?listener={row['user_id']}" for row in members)

    tracks = site.rows(f"select * from segment_top_tracks where {SEGMENT} order by top_track_number", kind, segment)
    if page.get_by_test_id("all-top-tracks").count():
        page.get_by_test_id("all-top-tracks").click()
    assert cells_of(page, "top-tracks-row") == [
        [
            number(row["top_track_number"]),
            f"{row['track_name']} {row['artist_name']}",
            f"{number(row['listens'])} {percent(row['listens_share_pct'], 1)}",
            f"{number(row['listeners'])} of {number(row['segment_listeners'])}",
        ]
        for row in tracks
    ]
    artists = site.rows(f"select * from segment_top_artists where {SEGMENT} order by top_artist_number", kind, segment)
    if page.get_by_test_id("all-top-artists").count():
        page.get_by_test_id("all-top-artists").click()
    assert cells_of(page, "top-artists-row") == [
        [
            number(row["top_artist_number"]),
            f"{row['artist_name']} {count(row['unique_tracks'], 'song')}",
            f"{number(row['listens'])} {percent(row['listens_share_pct'], 1)}",
            f"{number(row['listeners'])} of {number(row['segment_listeners'])}",
        ]
        for row in artists
    ]


@pytest.mark.long
def test_without_a_choice_the_largest_vibe(visitor: Visitor, built_site: BuiltSite) -> None:
    page = visitor.open("/segments/")
    segment = str(segments_of(built_site, "vibe")[0]["segment"])
    shows(page, built_site, "vibe", segment)
    assert (visitor.asked("kind"), visitor.asked("segment")) == ("vibe", segment)


@pytest.mark.parametrize("kind", mostly_long(KINDS, "genre"))
def test_kind_and_segment_are_chosen_and_shared(visitor: Visitor, built_site: BuiltSite, kind: str) -> None:
    segments = segments_of(built_site, kind)
    page = visitor.open("/segments/")
    page.get_by_test_id("select-kind").select_option(kind)
    page.wait_for_url(f"**kind={quote_plus(kind)}**")
    visitor.settle()
    smallest = str(segments[-1]["segment"])
    page.get_by_test_id("select-segment").select_option(label=smallest)
    page.wait_for_url(f"**segment={quote_plus(smallest)}**")
    visitor.settle()
    shows(page, built_site, kind, smallest)
    page.reload()
    visitor.settle()
    shows(page, built_site, kind, smallest)

    bars = page.get_by_test_id("segment-sizes").locator("li")
    expect(bars).to_have_count(len(segments))
    for row in segments:
        expect(page.get_by_test_id(f"bar-{row['segment']}")).to_contain_text(count(row["listeners"], "listener"))
    largest = str(segments[0]["segment"])
    page.get_by_test_id(f"bar-{largest}").get_by_role("link").click()
    page.wait_for_url(f"**segment={quote_plus(largest)}**")
    visitor.settle()
    shows(page, built_site, kind, largest)


@pytest.mark.long
def test_what_a_segment_means(visitor: Visitor, built_site: BuiltSite) -> None:
    sound = built_site.row(
        """
        select c.sound_cluster, c.meaning from sound_clusters as c
        join listener_segments as s on s.dominant_sound_cluster = c.sound_cluster
        order by c.version desc, c.sound_cluster
        """
    )
    page = visitor.open(address("sound cluster", str(sound["sound_cluster"])))
    expect(page.get_by_test_id("segment-meaning")).to_contain_text(str(sound["meaning"]))
    vibe = built_site.row(
        """
        select t.vibe, t.lower_pct, t.upper_pct from vibe_thresholds as t
        join listener_segments as s on s.dominant_vibe = t.vibe
        order by t.version desc, t.vibe
        """
    )
    page = visitor.open(address("vibe", str(vibe["vibe"])))
    expect(page.get_by_test_id("segment-meaning")).to_contain_text(
        f"valence from {percent(vibe['lower_pct'])} to {percent(vibe['upper_pct'])}"
    )


@pytest.mark.long
def test_who_is_in_none_is_said_with_the_reason(troubled_visitor: Visitor, troubled: BuiltSite) -> None:
    missing = troubled.rows("select user_id from listener_segments where dominant_genre is null")
    assert len(missing) > 1
    page = troubled_visitor.open(address("genre"))
    expect(page.get_by_test_id("without")).to_contain_text(f"{len(missing)} listeners belong to none of them.")
    expect(page.get_by_test_id("without")).to_contain_text("No catalogue names the genre of these songs.")
    troubled_visitor.open(address("vibe"))
    expect(page.get_by_test_id("without")).to_have_count(0)


@pytest.mark.long
def test_an_unknown_segment_says_so(visitor: Visitor, built_site: BuiltSite) -> None:
    page = visitor.open(address("genre", "no such genre"))
    expect(page.get_by_test_id("notice")).to_contain_text("not on this site")
    shows(page, built_site, "genre", str(segments_of(built_site, "genre")[0]["segment"]))


def downloaded(page: Page, testid: str, folder: Path) -> tuple[str, list[dict[str, str]]]:
    with page.expect_download() as waiting:
        page.get_by_test_id(testid).click()
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    text = path.read_bytes().decode("utf-8")
    assert text.startswith("\ufeff"), "spreadsheets read UTF-8 by this mark"
    assert text.endswith("\r\n")
    return path.name, list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


def same(told: str, published: object) -> bool:
    if published is None:
        return told == ""
    if isinstance(published, bool):
        return told == str(published).lower()
    if isinstance(published, int | float):
        return float(told) == published
    assert not isinstance(published, datetime.date)
    # Text that a spreadsheet would take for a formula has an apostrophe before it
    return told.removeprefix("'") == published


@pytest.mark.parametrize("table", mostly_long(["segment_top_tracks", "segment_top_artists"], "segment_top_tracks"))
def test_a_list_is_taken_along_as_csv(visitor: Visitor, built_site: BuiltSite, tmp_path: Path, table: str) -> None:
    """All places, not only those on show; the table's own columns; every value as published."""
    kind, segment = "sound cluster", str(segments_of(built_site, "sound cluster")[0]["segment"])
    what = table.removeprefix("segment_").replace("_", "-")
    page = visitor.open(address(kind, segment))
    name, rows = downloaded(page, f"download-{what}", tmp_path)
    assert name == f"{what} {kind} {segment}.csv"
    number_column = f"{table.removeprefix('segment_').removesuffix('s')}_number"
    published = built_site.rows(f"select * from {table} where {SEGMENT} order by {number_column}", kind, segment)
    assert len(rows) == len(published) > page.get_by_test_id(f"{what}-row").count()
    assert list(rows[0]) == list(published[0])
    for told, row in zip(rows, published, strict=True):
        assert {column for column in row if not same(told[column], row[column])} == set()


@pytest.mark.long
def test_the_listeners_are_taken_along_as_csv(visitor: Visitor, built_site: BuiltSite, tmp_path: Path) -> None:
    segment = str(segments_of(built_site, "genre")[0]["segment"])
    page = visitor.open(address("genre", segment))
    _, rows = downloaded(page, "download-listeners", tmp_path)
    published = {
        str(row["user_id"]): row
        for row in built_site.rows(
            """
            select s.user_id, u.display_name, s.listens, s.dominant_genre, s.dominant_genre_listens,
                   s.dominant_genre_share_pct
            from listener_segments as s join dim_users as u on u.user_id = s.user_id
            where s.dominant_genre = ?
            """,
            segment,
        )
    }
    assert {row["user_id"] for row in rows} == set(published)
    for told in rows:
        row = published[told["user_id"]]
        assert list(told) == list(row)
        assert {column for column in row if not same(told[column], row[column])} == set()


@pytest.mark.long
def test_the_page_loads_little(visitor: Visitor) -> None:
    files: list[Response] = []
    visitor.page.on("response", lambda one: files.append(one) if one.url.endswith((".parquet", ".arrow")) else None)
    visitor.open("/segments/")
    # What is asked for again comes from the browser's cache
    assert 0 < sum({one.url: int(one.headers["content-length"]) for one in files}.values()) < 200_000
