"""Weekly Wrapped: its numbers are those of the published file, its address is all it takes to show it again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.reports import words
from tests.reports.conftest import BuiltSite, Visitor
from tests.reports.words import UNKNOWN, change, count, duration, minutes, number, percent, points, week
from tests.sharing import mostly_long

# Which weeks to look at; the data need not have one of each
WEEKS = {
    "the usual": "where is_complete_week order by listens desc",
    "the first of somebody": "where previous_minutes_listened is null and plays > 0 order by listens desc",
    "one that is not over": "where not is_complete_week order by week_start desc",
    "a silent one": "where plays = 0 order by week_start desc",
    "one after a part of a week": "where minutes_listened_change is null and previous_minutes_listened is not null "
    "order by is_complete_week desc, listens desc",
    "one with a day in part": "where (user_id, week_start) in (select (user_id, week_start) from daily_listening "
    "where scored_listens > 0 and scored_listens < listens) order by listens desc",
    "one after other definitions": "where (user_id, week_start) in (select (user_id, week_start) from weekly_scores "
    "where change_null_reason = 'other definitions') order by listens desc",
    "one after a silent one": "where minutes_change_pct_null_reason = 'silent week before' order by listens desc",
    "one without features": "where listens > 0 and scored_listens = 0 order by listens desc",
    "one of short plays": "where plays > 0 and listens = 0 order by week_start desc",
    "one with a gap": "where has_gap order by week_start",
    "the busiest": "order by minutes_listened desc",
}


def find(which: str) -> str:
    """The query of one of these weeks."""
    return f"select * from weekly_listening {WEEKS[which]}, user_id limit 1"


def sentence(site: BuiltSite, subject: str, reason: object) -> str:
    """What stands in the place of a number that is missing for this reason."""
    row = site.row("select sentence from missing_value_reasons where subject = ? and reason = ?", subject, reason)
    return str(row["sentence"])


def shows(page: Page, site: BuiltSite, row: dict[str, object]) -> None:
    """The page shows this row of weekly_listening, its days and its top songs."""
    name = site.row("select display_name from dim_users where user_id = ?", row["user_id"])["display_name"]
    expect(page.get_by_test_id("hero-title")).to_contain_text(f"{name}’s week")
    expect(page.get_by_test_id("hero-title")).to_contain_text(week(row["week_start"]))  # type: ignore[arg-type]
    expect(page.get_by_test_id("hero-duration")).to_have_text(duration(row["minutes_listened"]))
    if duration(row["minutes_listened"]) != minutes(row["minutes_listened"]):
        expect(page.get_by_test_id("hero-minutes")).to_have_text(minutes(row["minutes_listened"]))
    expect(page.get_by_test_id("hero-songs-a-day")).to_have_text(number(row["listens_per_day"], 1))
    expect(page.get_by_test_id("hero-songs")).to_contain_text(number(row["listens"]))
    expect(page.get_by_test_id("hero-change")).to_contain_text(change(row["minutes_listened_change_pct"]))
    shows_gap(page, site, row)
    rests = page.get_by_test_id("hero-vibe-rests-on")
    if row["vibe"] is not None and row["scored_listens"] < row["listens"]:  # type: ignore[operator]
        expect(rests).to_contain_text(f"Based on the {number(row['scored_listens'])} of {number(row['listens'])} song")
    else:
        expect(rests).to_have_count(0)
    before = page.get_by_test_id("hero-before")
    if row["minutes_listened_change_pct"] is not None:
        expect(before).to_have_text(f"{minutes(row['previous_minutes_listened'])} the week before")
    else:
        expect(before).to_have_text(sentence(site, "change", row["minutes_change_pct_null_reason"]))
    if row["vibe"] is None:
        expect(page.get_by_test_id("hero-vibe-reason")).to_have_text(sentence(site, "score", row["score_null_reason"]))
    unknown = "A silent week" if row["plays"] == 0 else "Not known"
    expect(page.get_by_test_id("hero-vibe")).to_have_text(str(row["vibe"] or unknown))
    shows_scores(page, site, row)
    if row["scored_listens"]:
        scored = f"{number(row['scored_listens'])} of {count(row['listens'], 'song')}"
        expect(page.get_by_test_id("coverage")).to_contain_text(f"{scored} ({percent(row['feature_coverage_pct'])})")
        for feature in site.rows("select audio_feature from audio_features"):
            name = feature["audio_feature"]
            expect(page.get_by_test_id(f"feature-{name}")).to_contain_text(percent(row[f"{name}_pct"]))
    shows_days(page, site, row)
    shows_mood(page, site, row)
    shows_hours(page, site, row)
    shows_highlights(page, site, row)
    shows_top_songs(page, site, row)
    shows_top_artists(page, site, row)
    shows_suggestions(page, site, row)


def shows_gap(page: Page, site: BuiltSite, row: dict[str, object]) -> None:
    """A week with a gap says from when on its minutes are only the least that was listened."""
    mark = page.get_by_test_id("hero-gap")
    if not row["has_gap"]:
        expect(mark).to_have_count(0)
        return
    days = site.rows(
        "select dayname(listening_date) as day from daily_listening "
        "where user_id = ? and week_start = ? and has_gap order by listening_date",
        row["user_id"],
        row["week_start"],
    )
    names = [str(day["day"]) for day in days]
    where = " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
    expect(mark).to_have_text(f"At least {minutes(row['minutes_listened'])}: plays may be missing on {where}")


def shows_scores(page: Page, site: BuiltSite, row: dict[str, object]) -> None:
    """A card for each score of the week, in the order of the definitions; without a number, the reason."""
    scores = site.rows(
        """
        select v.*, s.label, why.sentence, why_no_change.sentence as change_sentence
        from weekly_scores as v
        join scores as s on s.score = v.score
        left join missing_value_reasons as why on why.subject = 'score' and why.reason = v.score_null_reason
        left join missing_value_reasons as why_no_change
            on why_no_change.subject = 'change' and why_no_change.reason = v.change_null_reason
        where v.user_id = ? and v.week_start = ?
        order by s.score_order
        """,
        row["user_id"],
        row["week_start"],
    )
    assert scores
    expect(page.locator("article[data-testid^=score-] h3")).to_have_text([str(one["label"]) for one in scores])
    for one in scores:
        card = page.get_by_test_id(f"score-{one['score']}")
        expect(card.get_by_test_id("score-value")).to_have_text(percent(one["score_value"]))
        if one["score_value"] is None:
            assert one["sentence"]
            expect(card.get_by_test_id("score-reason")).to_have_text(str(one["sentence"]))
        elif one["score_change_pp"] is None:
            assert one["change_sentence"]
            expect(card.get_by_test_id("score-change")).to_contain_text(str(one["change_sentence"]))
        else:
            expect(card.get_by_test_id("score-change")).to_contain_text(points(one["score_change_pp"]))
    shows_radar(page, scores)
    if row["scored_listens"]:
        version = f"version {scores[0]['score_weights_version']} of the score weights"
        expect(page.get_by_test_id("score-version")).to_have_text(version)


def shows_radar(page: Page, scores: list[dict[str, object]]) -> None:
    """Three scores or more are a shape, over that of the week before where they are compared with it."""
    radar = page.get_by_test_id("score-radar")
    if len(scores) < 3 or all(one["score_value"] is None for one in scores):
        expect(radar).to_have_count(0)
        return
    said = str(radar.get_by_role("img").get_attribute("aria-label")).replace("\xa0", " ")
    compared = [one for one in scores if one["score_change_pp"] is not None]
    for one in scores:
        before = f", the week before {percent(one['previous_score_value'])}" if one in compared else ""
        assert f"{one['label']} {percent(one['score_value'])}{before}" in said
    expect(radar.locator("[data-series=now]")).to_have_count(1)
    expect(radar.locator("[data-series=before]")).to_have_count(1 if len(compared) == len(scores) else 0)
    title = page.get_by_test_id("scores-title")
    if moved := [one for one in compared if points(one["score_change_pp"]) != points(0)]:
        most = max(moved, key=lambda one: abs(float(str(one["score_change_pp"]))))
        expect(title).to_have_text(f"Biggest change: {most['label']} {points(most['score_change_pp'])}")
    else:
        expect(title).not_to_contain_text("Biggest change")


def shows_mood(page: Page, site: BuiltSite, row: dict[str, object]) -> None:
    """A dot in its vibe's colour for each day whose mood is known, a gap for the others."""
    days = site.rows(
        "select * from daily_listening where user_id = ? and week_start = ? and valence_pct is not null "
        "order by listening_date",
        row["user_id"],
        row["week_start"],
    )
    mood = page.get_by_test_id("mood")
    expect(mood.get_by_test_id("mood-empty")).to_have_count(0 if days else 1)
    dots = mood.locator("circle")
    expect(dots).to_have_count(len(days))
    for dot, one in zip(dots.all(), days, strict=True):
        expect(dot).to_have_attribute("data-date", str(one["listening_date"]))
        look = site.row(
            "select colour from vibe_thresholds where vibe = ? and version = ?",
            one["vibe"],
            one["vibe_thresholds_version"],
        )
        expect(dot).to_have_attribute("fill", str(look["colour"]))
    if days:
        said = str(mood.get_by_role("img").get_attribute("aria-label")).replace("\xa0", " ")
        for one in days:
            assert f"{percent(one['valence_pct'])}, {one['vibe']}" in said
        assert said.count("not known") == 7 - len(days)


def shows_hours(page: Page, site: BuiltSite, row: dict[str, object]) -> None:
    """A clock with every hour in which something was played, and a table that says the same."""
    key = (row["user_id"], row["week_start"])
    hours = site.rows(
        "select hour_of_day, sum(minutes_listened) as minutes from hourly_listening where user_id = ? "
        "and week_start = ? group by hour_of_day having minutes > 0 order by hour_of_day",
        *key,
    )
    highlights = site.row("select * from weekly_highlights where user_id = ? and week_start = ?", *key)
    if not hours:
        reason = sentence(site, "top day", highlights["top_day_null_reason"])
        expect(page.get_by_test_id("clock-empty")).to_have_text(reason)
        return
    peak = int(str(highlights["favourite_hour"]))
    expect(page.get_by_test_id("clock-title")).to_have_text(f"Your peak hour: {words.hour(peak)}")
    clock = page.get_by_test_id("clock")
    expect(clock.locator("[data-hour]")).to_have_count(len(hours))
    expect(clock.locator("[data-hour].highlight")).to_have_attribute("data-hour", str(peak))
    clock.locator("summary").click()
    rows = page.get_by_test_id("clock-table").locator("tbody tr")
    expect(rows).to_have_count(24)
    shown = rows.locator("td").all_inner_texts()
    known = {int(str(hour["hour_of_day"])): hour["minutes"] for hour in hours}
    assert [text.replace("\xa0", " ") for text in shown] == [minutes(known.get(hour, 0)) for hour in range(24)]
    clock.locator("summary").click()


def shows_highlights(page: Page, site: BuiltSite, row: dict[str, object]) -> None:
    """The obsession and the new songs; where there are none, why."""
    key = (row["user_id"], row["week_start"])
    highlights = site.row("select * from weekly_highlights where user_id = ? and week_start = ?", *key)
    obsession = page.get_by_test_id("obsession")
    if highlights["obsession_track_id"] is None:
        reason = sentence(site, "obsession", highlights["obsession_null_reason"])
        expect(obsession.get_by_test_id("obsession-empty")).to_have_text(reason)
    else:
        for text in ("obsession_track_name", "obsession_artist_name"):
            expect(obsession).to_contain_text(str(highlights[text]))
        when = obsession.get_by_test_id("obsession-when")
        expect(when).to_contain_text(f"Played {number(highlights['obsession_listens'])} times")
        expect(when).to_contain_text(words.day(highlights["obsession_date"]))  # type: ignore[arg-type]
    new = site.rows(
        "select * from weekly_top_songs where user_id = ? and week_start = ? and is_new_track order by top_song_number",
        *key,
    )
    card = page.get_by_test_id("new-songs")
    lines = card.get_by_test_id("new-song")
    expect(lines).to_have_count(min(4, len(new)))
    for line, song in zip(lines.all(), new[:4], strict=True):
        expect(line).to_contain_text(str(song["track_name"]))
        expect(line).to_contain_text(count(song["listens"], "listen"))
    if new:
        expect(card.locator("h2")).to_contain_text(f"{count(row['new_tracks'], 'song')} heard for the first time")
        assert len(new) == row["new_tracks"]
    else:
        reason = sentence(site, "top new song", highlights["top_new_null_reason"])
        expect(card.get_by_test_id("new-empty")).to_have_text(reason)


def shows_top_artists(page: Page, site: BuiltSite, row: dict[str, object]) -> None:
    artists = site.rows(
        "select * from weekly_top_artists where user_id = ? and week_start = ? order by top_artist_number",
        row["user_id"],
        row["week_start"],
    )
    lines = page.get_by_test_id("top-artist")
    expect(lines).to_have_count(min(5, len(artists)))
    for line, artist in zip(lines.all(), artists[:5], strict=True):
        expect(line).to_contain_text(str(artist["artist_name"]))
        expect(line).to_contain_text(count(artist["listens"], "listen"))
        expect(line).to_contain_text(f"{count(artist['unique_tracks'], 'song')}, {minutes(artist['minutes_listened'])}")
        expect(line.get_by_test_id("new-mark")).to_have_count(1 if artist["is_new_artist"] else 0)
    if not artists:
        expect(page.get_by_test_id("artists-empty")).to_have_text(sentence(site, "score", row["score_null_reason"]))


def shows_suggestions(page: Page, site: BuiltSite, row: dict[str, object]) -> None:
    """What to try next: because of which song, how near, by whom."""
    songs = site.rows("select * from next_songs where user_id = ? order by suggestion_number", row["user_id"])
    labels = {one["audio_feature"]: one["label"] for one in site.rows("select * from audio_features")}
    lines = page.get_by_test_id("suggestion")
    expect(lines).to_have_count(min(4, len(songs)))
    for line, song in zip(lines.all(), songs[:4], strict=True):
        text = " ".join(line.inner_text().split())
        assert str(song["track_name"]) in text
        assert f"Because you played {song['seed_track_name']} by {song['seed_artist_name']}" in text
        *others, last = str(song["recommenders"]).split(", ")
        assert f"Recommended by {' and '.join(filter(None, [', '.join(others), last]))}" in text
        for nth in (1, 2):
            if name := song[f"closest_feature_{nth}"]:
                values = [percent(song[f"closest_feature_{nth}_{which}_pct"]) for which in ("seed", "track")]
                near = line.locator("dl > div").nth(nth - 1)
                expect(near.locator("dt")).to_have_text(str(labels[name]))
                both = " ".join(near.locator("dd").inner_text().split())
                assert both == f"{values[0]} in the song that was played {values[1]} in this one"
        if song["closest_null_reason"]:
            expect(line).to_contain_text(sentence(site, "suggestion", song["closest_null_reason"]))
        expect(line.get_by_test_id("spotify-link")).to_have_count(1 if song["has_spotify_page"] else 0)


def shows_days(page: Page, site: BuiltSite, row: dict[str, object]) -> None:
    days = site.rows(
        "select * from daily_listening where user_id = ? and week_start = ? order by listening_date",
        row["user_id"],
        row["week_start"],
    )
    links = page.get_by_test_id("day-link")
    expect(links).to_have_count(len(days))
    for link, day in zip(links.all(), days, strict=True):
        expect(link).to_have_attribute("data-date", str(day["listening_date"]))
        expect(link).to_contain_text(minutes(day["minutes_listened"]))
        expect(link).to_contain_text(count(day["listens"], "song"))
        partly = day["vibe"] is not None and day["scored_listens"] < day["listens"]  # type: ignore[operator]
        expect(link.get_by_test_id("day-partly")).to_have_count(1 if partly else 0)
        words = link.get_attribute("title") or ""
        assert words == link.get_by_test_id("day-words").text_content()
        assert (f"based on {number(day['scored_listens'])} of them" in words) == partly, words
        assert (str(day["vibe"]) in words) == (day["vibe"] is not None), words
    some_partly = any(day["vibe"] and day["scored_listens"] < day["listens"] for day in days)  # type: ignore[operator]
    expect(page.get_by_test_id("days-partly")).to_have_count(1 if some_partly else 0)


def shows_top_songs(page: Page, site: BuiltSite, row: dict[str, object]) -> None:
    songs = site.rows(
        "select * from weekly_top_songs where user_id = ? and week_start = ? order by top_song_number",
        row["user_id"],
        row["week_start"],
    )
    scores = [row["score"] for row in site.rows("select score from scores order by score_order")]
    scores = [score for score in scores if songs and f"{score}_score" in songs[0]]
    shown = page.get_by_test_id("top-song")
    expect(shown).to_have_count(min(10, len(songs)))
    for line, song in zip(shown.all()[:5], songs[:5], strict=True):
        cells = [" ".join(text.split()) for text in line.locator("td").all_inner_texts()]
        assert cells[0] == number(song["top_song_number"])
        new = " New" if song["is_new_track"] else ""
        assert cells[1] == f"{song['track_name']}{new} {song['artist_name']}"
        assert cells[2] == number(song["listens"])
        assert cells[3] == minutes(song["minutes_listened"])
        assert cells[4:-1] == [percent(song[f"{score}_score"]) for score in scores]
        assert (str(song["vibe"]) if song["vibe"] else UNKNOWN) in cells[-1]


@pytest.mark.parametrize("which", mostly_long(WEEKS, "the usual"))
def test_week_shows_what_is_published(visitor: Visitor, built_site: BuiltSite, which: str) -> None:
    rows = built_site.rows(find(which))
    for row in rows:
        page = visitor.open(f"/weekly-wrapped/?listener={row['user_id']}&week={row['week_start']}")
        shows(page, built_site, row)
        expect(page.get_by_test_id("incomplete")).to_have_count(0 if row["is_complete_week"] else 1)
        if not row["listens"]:
            expect(page.get_by_test_id("empty-state")).to_contain_text("Choose another week above.")
    assert rows or which not in ("the usual", "the first of somebody", "one with a gap", "the busiest")


@pytest.mark.long
def test_without_a_choice_the_first_named_listener_and_the_latest_complete_week(
    visitor: Visitor, built_site: BuiltSite
) -> None:
    row = built_site.row(
        """
        select w.*
        from dim_users as u
        join weekly_listening as w on w.user_id = u.user_id
        where u.has_display_name and w.is_complete_week
        order by u.is_sample, u.display_name, w.week_start desc
        """
    )
    page = visitor.open("/weekly-wrapped/")
    shows(page, built_site, row)
    assert (visitor.asked("listener"), visitor.asked("week")) == (row["user_id"], str(row["week_start"]))


@pytest.mark.long
def test_a_week_that_has_only_begun_is_not_the_first_one_shown(visitor: Visitor, built_site: BuiltSite) -> None:
    row = built_site.row(
        """
        select w.*
        from weekly_listening as w
        where w.is_complete_week and w.user_id in (
            select user_id from weekly_listening group by user_id having not arg_max(is_complete_week, week_start)
        )
        order by w.user_id, w.week_start desc
        """
    )
    page = visitor.open(f"/weekly-wrapped/?listener={row['user_id']}")
    shows(page, built_site, row)


def test_selectors_change_page_and_address_and_an_address_is_enough(visitor: Visitor, built_site: BuiltSite) -> None:
    first, second = built_site.rows(
        """
        select user_id, max(week_start) filter (where is_complete_week) as week_start
        from weekly_listening
        join dim_users using (user_id)
        where has_display_name
        group by user_id, display_name
        order by display_name
        limit 2
        """
    )
    query = "select * from weekly_listening where user_id = ? and week_start = ?"
    page = visitor.open("/weekly-wrapped/")

    page.get_by_test_id("select-listener").select_option(str(second["user_id"]))
    page.wait_for_url(f"**listener={second['user_id']}**")
    earlier = second["week_start"] - timedelta(weeks=3)  # type: ignore[operator]
    page.get_by_test_id("select-week").select_option(str(earlier))
    page.wait_for_url(f"**week={earlier}**")
    shows(page, built_site, built_site.row(query, second["user_id"], earlier))

    page.reload()
    visitor.settle()
    shows(page, built_site, built_site.row(query, second["user_id"], earlier))
    expect(page.get_by_test_id("select-listener")).to_have_value(str(second["user_id"]))
    expect(page.get_by_test_id("select-week")).to_have_value(str(earlier))

    page.get_by_test_id("next-week").click()
    shows(page, built_site, built_site.row(query, second["user_id"], earlier + timedelta(weeks=1)))
    page.get_by_test_id("previous-week").click()
    shows(page, built_site, built_site.row(query, second["user_id"], earlier))
    page.go_back()
    shows(page, built_site, built_site.row(query, second["user_id"], earlier + timedelta(weeks=1)))

    page.locator(f"[data-week='{first['week_start'] - timedelta(weeks=5)}']").click()  # type: ignore[operator]
    fifth = first["week_start"] - timedelta(weeks=5)  # type: ignore[operator]
    shows(page, built_site, built_site.row(query, second["user_id"], fifth))
    visitor.check()


@pytest.mark.long
def test_all_songs_on_demand(visitor: Visitor, built_site: BuiltSite) -> None:
    row = built_site.row(find("the usual"))
    page = visitor.open(f"/weekly-wrapped/?listener={row['user_id']}&week={row['week_start']}")
    songs = built_site.row(
        "select count(*) as n from weekly_top_songs where user_id = ? and week_start = ?",
        row["user_id"],
        row["week_start"],
    )
    page.get_by_test_id("all-songs").click()
    expect(page.get_by_test_id("top-song")).to_have_count(songs["n"])  # type: ignore[arg-type]


@pytest.mark.long
def test_ten_artists_and_all_suggestions_on_demand(visitor: Visitor, built_site: BuiltSite) -> None:
    row = built_site.row(find("the usual"))
    page = visitor.open(f"/weekly-wrapped/?listener={row['user_id']}&week={row['week_start']}")
    page.get_by_test_id("all-artists").click()
    expect(page.get_by_test_id("top-artist")).to_have_count(10)
    page.get_by_test_id("all-suggestions").click()
    songs = built_site.row("select count(*) as n from next_songs where user_id = ?", row["user_id"])
    expect(page.get_by_test_id("suggestion")).to_have_count(songs["n"])  # type: ignore[arg-type]
    page.get_by_test_id("previous-week").click()
    expect(page.get_by_test_id("top-artist")).to_have_count(5)


@pytest.mark.long
def test_names_of_songs_lead_to_their_pages(visitor: Visitor, built_site: BuiltSite) -> None:
    row = built_site.row(find("the usual"))
    song = built_site.row(
        "select * from weekly_top_songs where user_id = ? and week_start = ? order by top_song_number",
        row["user_id"],
        row["week_start"],
    )
    page = visitor.open(f"/weekly-wrapped/?listener={row['user_id']}&week={row['week_start']}")
    page.get_by_test_id("top-song").first.get_by_role("link", name=str(song["track_name"]), exact=True).click()
    page.wait_for_url(f"**/track/?track={song['track_id']}*")
    visitor.settle()
    expect(page.get_by_role("heading", level=1)).to_contain_text(str(song["track_name"]))


@pytest.mark.long
@pytest.mark.parametrize(
    "address", ["?listener=nobody&week=1999-01-04", "?week=yesterday", "?listener=%27%3B--&week=%27"]
)
def test_address_that_fits_nothing_shows_something_and_says_so(visitor: Visitor, address: str) -> None:
    page = visitor.open(f"/weekly-wrapped/{address}")
    expect(page.get_by_test_id("notice")).to_be_visible()
    expect(page.get_by_test_id("week-hero")).to_be_visible()
    assert visitor.asked("listener") not in (None, "nobody")


@pytest.mark.long
def test_any_date_of_a_week_names_the_week(visitor: Visitor, built_site: BuiltSite) -> None:
    row = built_site.row(find("the usual"))
    thursday = row["week_start"] + timedelta(days=3)  # type: ignore[operator]
    page = visitor.open(f"/weekly-wrapped/?listener={row['user_id']}&week={thursday}")
    shows(page, built_site, row)
    assert visitor.asked("week") == str(row["week_start"])
