"""Predicted vs Actual: the numbers of the chosen song, and the songs behind them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.reports.conftest import BuiltSite, Visitor
from tests.reports.words import number, percent, points
from tests.sharing import mostly_long

CHOICE = ("recommender", "user_id", "week_start", "top_song_number")


def address(choice: dict[str, object]) -> str:
    return (
        f"/predicted-vs-actual/?recommender={choice['recommender']}&listener={choice['user_id']}"
        f"&week={choice['week_start']}&song={choice['top_song_number']}"
    )


def shows(page: Page, site: BuiltSite, choice: dict[str, object]) -> None:
    """The page shows the published comparison of this song, and the recommendations it is made of."""
    key = [choice[name] for name in CHOICE]
    where = "where recommender = ? and user_id = ? and week_start = ? and top_song_number = ?"
    song = site.row(
        "select * from weekly_top_songs where user_id = ? and week_start = ? and top_song_number = ?", *key[1:]
    )
    expect(page.get_by_test_id("seed-title")).to_have_text(str(song["track_name"]))
    expect(page.get_by_test_id("seed-artist")).to_have_text(str(song["artist_name"]))
    rows = site.rows(f"select * from fct_feature_similarity {where}", *key)
    assert len(rows) == 7
    for row in rows:
        line = page.get_by_test_id(f"compare-{row['audio_feature']}")
        expect(line.get_by_test_id("predicted")).to_have_text(percent(row["predicted_pct"], 1))
        expect(line.get_by_test_id("actual")).to_have_text(percent(row["actual_pct"], 1))
        expect(line.get_by_test_id("difference")).to_have_text(points(row["difference_pp"]))
        expect(line.get_by_test_id("similarity")).to_have_text(percent(row["similarity_pct"], 1))
    expect(page.get_by_test_id("scored")).to_contain_text(
        f"{number(rows[0]['scored_recommendations'])} of {number(rows[0]['recommendations'])}"
    )
    tracks = site.rows(f"select * from fct_recommendations {where} and is_prediction order by position", *key)
    lines = page.get_by_test_id("recommended-track")
    expect(lines).to_have_count(len(tracks))
    assert len(tracks) == rows[0]["recommendations"]
    for line, track in zip(lines.all(), tracks, strict=True):
        cells = [" ".join(text.split()) for text in line.locator("td").all_inner_texts()]
        assert cells[0] == number(track["position"])
        assert cells[1] == f"{track['track_name']} {track['artist_name']}"
        features = site.rows("select audio_feature from audio_features order by feature_order")
        assert cells[2:9] == [percent(track[f"{one['audio_feature']}_pct"]) for one in features]
        assert cells[9] == ("Yes" if track["is_new_to_listener"] else "No")
        assert (cells[10] == "Not yet") == (not track["is_listened_after"])


def test_top_song_3_shows_that_songs_numbers(visitor: Visitor, built_site: BuiltSite) -> None:
    choice = built_site.row(
        """
        select s.* from fct_feature_similarity as s
        join dim_users as u on u.user_id = s.user_id
        where s.top_song_number = 3 and u.has_display_name
        order by u.display_name, s.week_start desc, s.recommender
        """
    )
    page = visitor.open(address(choice | {"top_song_number": 1}))
    page.get_by_test_id("song-3").check(force=True)
    page.wait_for_url("**song=3**")
    shows(page, built_site, choice)
    page.reload()
    visitor.settle()
    shows(page, built_site, choice)
    expect(page.get_by_test_id("song-3")).to_be_checked()


@pytest.mark.long
@pytest.mark.parametrize("song", [1, 2, 4, 5])
def test_each_top_song(visitor: Visitor, built_site: BuiltSite, song: int) -> None:
    choice = built_site.row(
        "select * from fct_feature_similarity where top_song_number = ? order by hash(user_id || week_start::varchar)",
        song,
    )
    shows(visitor.open(address(choice)), built_site, choice)


@pytest.mark.long
def test_selectors_change_page_and_address(visitor: Visitor, built_site: BuiltSite) -> None:
    choice = built_site.row(
        """
        select s.* from fct_feature_similarity as s
        join fct_feature_similarity as before
            on before.user_id = s.user_id and before.recommender = s.recommender
            and before.week_start = s.week_start - interval 7 day and before.top_song_number = 1
        where s.top_song_number = 1
        order by s.week_start desc, s.user_id
        """
    )
    page = visitor.open("/predicted-vs-actual/")
    page.get_by_test_id("select-recommender").select_option(str(choice["recommender"]))
    page.get_by_test_id("select-listener").select_option(str(choice["user_id"]))
    page.wait_for_url(f"**listener={choice['user_id']}**")
    page.get_by_test_id("select-week").select_option(str(choice["week_start"]))
    page.wait_for_url(f"**week={choice['week_start']}**")
    shows(page, built_site, choice)
    page.get_by_test_id("previous-week").click()
    shows(page, built_site, choice | {"week_start": choice["week_start"] - timedelta(weeks=1)})  # type: ignore[operator]
    visitor.check()


@pytest.mark.long
def test_without_a_choice_the_latest_week_that_was_asked_for(visitor: Visitor, built_site: BuiltSite) -> None:
    choice = built_site.row(
        """
        select s.* from fct_feature_similarity as s
        join dim_users as u on u.user_id = s.user_id
        join recommenders as k on k.recommender = s.recommender
        where u.has_display_name and s.top_song_number = 1
        order by k.is_local desc, s.recommender, u.is_sample, u.display_name, s.week_start desc
        """
    )
    page = visitor.open("/predicted-vs-actual/")
    shows(page, built_site, choice)
    expect(page.get_by_test_id("select-recommender")).to_have_value(str(choice["recommender"]))


@pytest.mark.long
def test_every_recommender_says_what_it_is(visitor: Visitor, built_site: BuiltSite) -> None:
    """Those that come with SpotiFlow stand first, in the words of their seed; a team's own models follow."""
    page = visitor.open("/predicted-vs-actual/")
    select = page.get_by_test_id("select-recommender")
    expect(select).to_be_enabled()
    listed = select.locator("option").all_inner_texts()
    told = {
        str(row["recommender"]): row["description"]
        for row in built_site.rows(
            """
            select distinct r.recommender, k.description
            from fct_recommendations as r left join recommenders as k on k.recommender = r.recommender
            """
        )
    }
    assert sorted(listed) == sorted(told)
    assert len(listed) > sum(told[name] is not None for name in listed) > 0
    assert listed == sorted(listed, key=lambda name: told[name] is None)
    for name in listed:
        select.select_option(name)
        about = page.get_by_test_id("about-recommender")
        expect(about).to_contain_text(f"{name}: {told[name] or 'A model of your own'}")


@pytest.mark.long
def test_no_recommendation_says_why(visitor: Visitor, built_site: BuiltSite) -> None:
    """Top Songs without a comparison: the page names the reason and what to do."""
    recommender = built_site.row("select recommender from fct_recommendations limit 1")["recommender"]
    numbers = built_site.row("select value from diagnostic_constants where constant = 'recommended_top_songs'")["value"]
    missing = built_site.rows(
        """
        select ? as recommender, w.user_id, w.week_start, n.n as top_song_number,
               t.track_name, t.positivity_score, t.track_name is not null as has_song
        from weekly_listening as w
        cross join (select unnest(generate_series(1, ?::integer)) as n) as n
        left join weekly_top_songs as t
            on t.user_id = w.user_id and t.week_start = w.week_start and t.top_song_number = n.n
        anti join fct_feature_similarity as s
            on s.user_id = w.user_id and s.week_start = w.week_start and s.top_song_number = n.n
        qualify row_number() over (
            partition by t.track_name is null, t.positivity_score is null, w.is_complete_week
            order by w.user_id, w.week_start desc, n.n
        ) = 1
        """,
        recommender,
        numbers,
    )
    assert missing
    for choice in missing:
        page = visitor.open(address(choice))
        expect(page.get_by_test_id("empty-state")).to_contain_text(
            f"No recommendations for Top Song #{choice['top_song_number']}"
        )
        why = page.get_by_test_id("why-none").inner_text()
        assert "Choose" in why or "choose" in why or "Run" in why, why
        if not choice["has_song"]:
            assert "song" in why


@pytest.mark.long
def test_caution_stands_beside_similarity(visitor: Visitor) -> None:
    page = visitor.open("/predicted-vs-actual/")
    expect(page.get_by_role("complementary")).to_contain_text("scores high here by construction")


@pytest.mark.parametrize("version", mostly_long(["1.0", "2.0"], "2.0"))
def test_all_listeners_and_a_version(visitor: Visitor, built_site: BuiltSite, version: str) -> None:
    """Means over everybody, of the version that the reader chooses; each with its interval."""
    page = visitor.open("/predicted-vs-actual/?recommender=house-blend&listener=all")
    expect(page.get_by_test_id("select-version")).to_have_value("2.0")
    page.get_by_test_id("select-version").select_option(version)
    expect(page.get_by_test_id("about-recommender")).to_contain_text(f"house-blend {version}:")
    for song in ("all", "3"):
        page.get_by_test_id(f"song-{song}").check(force=True)
        page.wait_for_url(f"**song={song}**")
        rows = built_site.rows(
            """
            select * from recommender_feature_scorecard
            where recommender = 'house-blend' and recommender_version = ? and period = 'all weeks' and top_songs = ?
            """,
            version,
            song,
        )
        assert len(rows) == 8
        for row in rows:
            if row["audio_feature"] == "all":
                expect(page.get_by_test_id("summary-similarity")).to_have_text(percent(row["similarity_pct"], 1))
                expect(page.get_by_test_id("summary-skill")).to_have_text(number(row["skill"], 2))
                continue
            line = page.get_by_test_id(f"compare-{row['audio_feature']}")
            expect(line.get_by_test_id("predicted")).to_have_text(percent(row["predicted_pct"], 1))
            expect(line.get_by_test_id("actual")).to_have_text(percent(row["actual_pct"], 1))
            expect(line.get_by_test_id("difference")).to_have_text(points(row["difference_pp"]))
            expect(line.get_by_test_id("similarity")).to_have_text(percent(row["similarity_pct"], 1))
            chance = f"{number(row['chance_difference_pp'], 1)}\u00a0pp"
            expect(line.get_by_test_id("chance")).to_have_text(chance)


@pytest.mark.long
def test_one_song_says_what_chance_would_reach(visitor: Visitor, built_site: BuiltSite) -> None:
    """Chance, skill and what the listener did stand beside likeness."""
    row = built_site.row(
        """
        select p.*, s.audio_feature, s.chance_difference_pp from fct_predictions as p
        join fct_feature_similarity as s using (recommender, user_id, week_start, top_song_number)
        where p.is_hit_long_horizon and s.audio_feature = 'valence' and p.skill is not null
        order by hash(p.user_id || p.week_start::varchar)
        """
    )
    page = visitor.open(address(row))
    expect(page.get_by_test_id("summary-similarity")).to_have_text(percent(row["similarity_pct"], 1))
    expect(page.get_by_test_id("summary-skill")).to_have_text(number(row["skill"], 2))
    expect(page.get_by_test_id("summary-hit")).to_have_text("Yes")
    chance = page.get_by_test_id("compare-valence").get_by_test_id("chance")
    expect(chance).to_have_text(f"{number(row['chance_difference_pp'], 1)}\u00a0pp")
