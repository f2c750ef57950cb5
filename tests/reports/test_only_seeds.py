"""New scores and a fifth vibe, with rows in seeds and nothing else: they are computed, and every page shows them."""

from __future__ import annotations

import csv
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.conftest import Place
from tests.reports.conftest import DESKTOP, PHONE, BuiltSite, Visitor
from tests.reports.server import serving
from tests.reports.words import day, percent, points
from tests.spotiflow.conftest import copy_project

pytestmark = pytest.mark.long

FIFTH = {"vibe": "Quietly Content", "colour": "#7FB069", "emoji": "😌"}
CALM, TALK = "acoustic_calm", "talkativeness"
LABELS = {CALM: "Acoustic calm", TALK: "Talkativeness"}


@dataclass(frozen=True)
class Changed:
    """The site after the change, and from when on there are four scores and five vibes, and five scores."""

    site: BuiltSite
    four_from: date
    five_from: date


def _rewrite(path: Path, add: list[dict[str, str]]) -> None:
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        names, rows = list(reader.fieldnames or []), list(reader)
    unknown = {name for row in add for name in row} - set(names)
    assert not unknown, f"{path.name} has no column {unknown}"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows([*rows, *add])


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_definitions(seeds: Path, four_from: date, five_from: date) -> None:
    """What somebody would type: two versions of the weights, one of the bands, two scores. Existing rows stay."""
    versions = [
        ("score_weights", "2", four_from, "Calm is what some look for: acoustic, and not busy."),
        ("score_weights", "3", five_from, "How much is spoken, as a score of its own."),
        ("vibe_thresholds", "2", four_from, "Between sad and great lies a mood of its own."),
    ]
    _rewrite(
        seeds / "definition_versions.csv",
        [
            {
                "family": family,
                "version": version,
                "valid_from": str(start),
                "recorded_on": str(start),
                "rationale": why,
            }
            for family, version, start, why in versions
        ],
    )
    first = [row for row in _rows(seeds / "score_weights.csv") if row["version"] == "1"]
    calm = [
        {"score": CALM, "audio_feature": "acousticness", "weight": "1", "inverted": "false"},
        {"score": CALM, "audio_feature": "energy", "weight": "1", "inverted": "true"},
    ]
    talk = [{"score": TALK, "audio_feature": "speechiness", "weight": "2", "inverted": "false"}]
    _rewrite(
        seeds / "score_weights.csv",
        [row | {"version": "2"} for row in first + calm] + [row | {"version": "3"} for row in first + calm + talk],
    )
    meanings = {CALM: "How acoustic and unhurried the music is.", TALK: "How much of the music is spoken."}
    last = max(int(row["score_order"]) for row in _rows(seeds / "scores.csv"))
    _rewrite(
        seeds / "scores.csv",
        [
            {
                "score": score,
                "score_order": str(last + number),
                "label": LABELS[score],
                "meaning": meanings[score],
                "first_version": str(number + 1),
            }
            for number, score in enumerate(LABELS, start=1)
        ],
    )
    bands = [row | {"version": "2"} for row in _rows(seeds / "vibe_thresholds.csv") if row["version"] == "1"]
    below, above = bands[1], bands[2]
    fifth = above | FIFTH | {"lower_pct": "45", "upper_pct": "58", "upper_inclusive": "false"}
    below["upper_pct"], above["lower_pct"] = "45", "58"
    bands.insert(2, fifth)
    _rewrite(
        seeds / "vibe_thresholds.csv",
        [band | {"vibe_order": str(number)} for number, band in enumerate(bands, start=1)],
    )


@pytest.fixture(scope="module")
def changed(sample_data: Place, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Changed]:
    """A copy of the project and of the built sample; seeds changed, `spotiflow refresh`, and the real pages."""
    folder = tmp_path_factory.mktemp("only_seeds")
    before = BuiltSite("", folder, sample_data.published, None)
    latest = before.row("select max(week_start) as week from weekly_listening where is_complete_week")["week"]
    assert isinstance(latest, date)
    four_from, five_from = latest - timedelta(weeks=8), latest - timedelta(weeks=3)

    place = Place(folder / "place", project=copy_project(folder / "project"))
    write_definitions(place.project / "seeds" / "definitions", four_from, five_from)
    place.warehouse.parent.mkdir(parents=True)
    shutil.copy2(sample_data.warehouse, place.warehouse)
    shutil.copy2(sample_data.published, place.published)
    done = place.run("refresh", "--no-site")
    assert done.code == 0, done.text
    # The pages as they are: what changed is the data behind them.
    done = Place(place.folder).run("site")
    assert done.code == 0, done.text
    with serving(place.site) as url:
        yield Changed(BuiltSite(url, place.site, place.published, place.build_log), four_from, five_from)


@pytest.fixture
def reader(changed: Changed, browser: Browser) -> Iterator[Visitor]:
    context = browser.new_context(viewport={"width": DESKTOP, "height": 900}, reduced_motion="reduce")
    visitor = Visitor(context.new_page(), changed.site.url)
    visitor.watch()
    yield visitor
    context.close()
    assert visitor.problems == []


def test_new_scores_are_in_the_long_tables_from_their_version_on(changed: Changed) -> None:
    for table in ("daily_scores", "weekly_scores"):
        for score, start in ((CALM, changed.four_from), (TALK, changed.five_from)):
            found = changed.site.row(
                f"select min(week_start) as first, count(score_value) as n from {table} where score = ?", score
            )
            assert found["first"] == start, (table, score)
            assert found["n"]
    scores = "select list(distinct score order by score) as scores from weekly_scores where week_start = ?"
    assert len(changed.site.row(scores, changed.four_from - timedelta(weeks=1))["scores"]) == 3  # type: ignore[arg-type]
    assert len(changed.site.row(scores, changed.four_from)["scores"]) == 4  # type: ignore[arg-type]
    assert len(changed.site.row(scores, changed.five_from)["scores"]) == 5  # type: ignore[arg-type]


@pytest.mark.parametrize(("table", "key"), [("daily_scores", "listening_date"), ("weekly_scores", "week_start")])
def test_the_new_score_is_what_a_hand_would_compute(changed: Changed, table: str, key: str) -> None:
    """From the listens: the mean of acousticness and of energy, then half the one and half of 100 less the other."""
    listens = changed.site.rows(
        f"""
        select p.user_id, p.{key}, t.acousticness_pct, t.energy_pct
        from fct_plays as p
        join dim_tracks as t on t.track_id = p.track_id
        where p.is_listen and t.has_all_features and p.week_start >= ?
        """,
        changed.four_from,
    )
    grouped: dict[tuple[object, object], list[tuple[float, float]]] = {}
    for row in listens:
        pair = (float(str(row["acousticness_pct"])), float(str(row["energy_pct"])))
        grouped.setdefault((row["user_id"], row[key]), []).append(pair)
    by_hand = {}
    for group, pairs in grouped.items():
        acousticness, energy = (sum(values) / len(pairs) for values in zip(*pairs, strict=True))
        by_hand[group] = (acousticness + (100 - energy)) / 2
    published = changed.site.rows(f"select * from {table} where score = ?", CALM)
    values = {(row["user_id"], row[key]): row["score_value"] for row in published if row["score_value"] is not None}
    assert len(values) > 100
    assert values == pytest.approx(by_hand, abs=1e-9)
    for row in published:
        assert (row["score_null_reason"] is None) == (row["score_value"] is not None)


def _weeks(changed: Changed) -> dict[int, dict[str, object]]:
    """For somebody with songs throughout: a week with three scores, one with four, one with five."""
    who = changed.site.row(
        """
        select w.user_id, min(w.scored_listens) as least
        from weekly_listening as w
        join dim_users as u on u.user_id = w.user_id
        where w.week_start >= ?
        group by w.user_id having count(*) > 9
        order by least desc, w.user_id
        """,
        changed.four_from - timedelta(weeks=2),
    )
    assert who["least"]
    starts = {
        3: changed.four_from - timedelta(weeks=1),
        4: changed.four_from + timedelta(weeks=1),
        5: changed.five_from,
    }
    return {
        scores: changed.site.row(
            "select * from weekly_listening where user_id = ? and week_start = ?", who["user_id"], start
        )
        for scores, start in starts.items()
    }


def _cards(page: Page) -> list[dict[str, float]]:
    return page.locator("article[data-testid^=score-]").evaluate_all(
        "all => all.map(one => { const { x, y, width, height } = one.getBoundingClientRect(); "
        "return { x, y, width, height, inside: one.scrollWidth <= one.clientWidth }; })"
    )


def _day_of(changed: Changed, scores: int) -> dict[str, object]:
    """A day with songs in the week with so many scores."""
    week = _weeks(changed)[scores]
    return changed.site.row(
        "select * from daily_listening where user_id = ? and week_start = ? and scored_listens > 0 "
        "order by listening_date",
        week["user_id"],
        week["week_start"],
    )


@pytest.mark.parametrize("scores", [3, 4, 5])
def test_cards_of_a_day_stand_in_one_row_or_one_column(reader: Visitor, changed: Changed, scores: int) -> None:
    day = _day_of(changed, scores)
    page = reader.open(f"/day/?listener={day['user_id']}&date={day['listening_date']}")
    cards = _cards(page)
    assert len(cards) == scores
    assert all(card["inside"] for card in cards)
    assert len({round(card["y"]) for card in cards}) == 1, "one row on a desktop"
    assert max(card["width"] for card in cards) - min(card["width"] for card in cards) < 1
    assert len({round(card["height"]) for card in cards}) == 1

    page.set_viewport_size({"width": 900, "height": 900})
    rows = Counter(round(card["y"]) for card in _cards(page))
    assert sorted(rows.values()) == {3: [3], 4: [2, 2], 5: [2, 3]}[scores], "nobody stands alone on a tablet"

    page.set_viewport_size({"width": PHONE, "height": 844})
    cards = _cards(page)
    assert len({round(card["x"]) for card in cards}) == 1, "one column on a phone"
    assert all(card["inside"] for card in cards)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE


@pytest.mark.parametrize("scores", [3, 4, 5])
def test_scores_of_a_week_stand_beside_a_shape_with_as_many_corners(
    reader: Visitor, changed: Changed, scores: int
) -> None:
    week = _weeks(changed)[scores]
    page = reader.open(f"/weekly-wrapped/?listener={week['user_id']}&week={week['week_start']}")
    radar = page.get_by_test_id("score-radar")
    expect(radar.locator("circle")).to_have_count(scores)
    labels = page.locator("article[data-testid^=score-] h3").all_inner_texts()
    expect(radar.locator("text.axis-label")).to_have_text(labels)
    for width, beside in ((DESKTOP, True), (900, True), (PHONE, False)):
        page.set_viewport_size({"width": width, "height": 900})
        cards, shape = _cards(page), radar.bounding_box()
        assert len(cards) == scores
        assert shape
        assert all(card["inside"] for card in cards)
        assert len({round(card["x"]) for card in cards}) == 1, "one column"
        assert (shape["x"] + shape["width"] <= cards[0]["x"]) == beside
        for text in radar.locator("text.axis-label").all():
            box = text.bounding_box()
            assert box
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= (cards[0]["x"] if beside else width)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    # The picture to share says them all, too
    said = str(page.get_by_test_id("card-square").get_attribute("aria-label"))
    assert all(label in said for label in labels)


def test_weekly_wrapped_and_day_show_the_new_score(reader: Visitor, changed: Changed) -> None:
    weeks = _weeks(changed)
    for week in weeks.values():
        page = reader.open(f"/weekly-wrapped/?listener={week['user_id']}&week={week['week_start']}")
        values = changed.site.rows(
            "select * from weekly_scores where user_id = ? and week_start = ?", week["user_id"], week["week_start"]
        )
        for row in values:
            card = page.get_by_test_id(f"score-{row['score']}")
            expect(card.get_by_test_id("score-value")).to_have_text(percent(row["score_value"]))
        if week is weeks[4]:
            change = next(row["score_change_pp"] for row in values if row["score"] == CALM)
            assert change is not None
            expect(page.get_by_test_id(f"score-{CALM}").get_by_test_id("score-change")).to_contain_text(points(change))
    first = changed.four_from
    page = reader.open(f"/weekly-wrapped/?listener={weeks[4]['user_id']}&week={first}")
    reason = changed.site.row(
        """
        select sentence from missing_value_reasons as r
        join weekly_scores as s on r.subject = 'change' and r.reason = s.change_null_reason
        where s.user_id = ? and s.week_start = ? and s.score = ?
        """,
        *(weeks[4]["user_id"], first, CALM),
    )
    expect(page.get_by_test_id(f"score-{CALM}").get_by_test_id("score-change")).to_contain_text(str(reason["sentence"]))

    one = changed.site.row(
        "select * from daily_scores where score = ? and score_value is not null order by listens desc, user_id", CALM
    )
    page = reader.open(f"/day/?listener={one['user_id']}&date={one['listening_date']}")
    card = page.get_by_test_id(f"score-{CALM}")
    expect(card.get_by_test_id("score-value")).to_have_text(percent(one["score_value"]))
    card.get_by_role("link").first.click()
    page.wait_for_url(f"**/definitions/#{CALM}")
    expect(page.locator(f"dt[id='{CALM}']")).to_contain_text(LABELS[CALM])


def test_definitions_tell_the_new_scores_and_the_new_vibe(reader: Visitor, changed: Changed) -> None:
    page = reader.open("/definitions/")
    labels = {row["audio_feature"]: row["label"] for row in changed.site.rows("select * from audio_features")}
    formula = f"(100 − {labels['energy']}) × 1, {labels['acousticness']} × 1."
    weights = page.get_by_test_id(f"weights-{CALM}")
    expect(weights).to_have_count(2)
    expect(weights.first).to_contain_text(f"Version 3, from {day(changed.five_from)}")
    expect(weights.last).to_contain_text(
        f"Version 2, from {day(changed.four_from)} to {day(changed.five_from - timedelta(days=1))}"
    )
    for line in weights.all():
        expect(line).to_contain_text(formula)
    expect(page.locator(f"dt[id='{CALM}']").get_by_test_id("score-span")).to_have_text("since version 2")
    bands = page.get_by_test_id("band")
    expect(bands).to_have_count(9)
    expect(bands.filter(has_text=FIFTH["vibe"])).to_contain_text("from 45 % to below 58 %")


def test_the_fifth_vibe_is_everywhere(reader: Visitor, changed: Changed) -> None:
    weeks = changed.site.rows(
        "select * from weekly_listening where vibe = ? order by scored_listens desc", FIFTH["vibe"]
    )
    assert weeks
    assert all(row["week_start"] >= changed.four_from for row in weeks)  # type: ignore[operator]
    page = reader.open(f"/weekly-wrapped/?listener={weeks[0]['user_id']}&week={weeks[0]['week_start']}")
    expect(page.get_by_test_id("hero-vibe")).to_have_text(FIFTH["vibe"])
    red, green, blue = (int(FIFTH["colour"][at : at + 2], 16) for at in (1, 3, 5))
    expect(page.get_by_test_id("week-hero")).to_have_css("background-color", f"rgb({red}, {green}, {blue})")
    legend = page.get_by_test_id("legend-vibe")
    expect(legend).to_have_count(5)
    expect(legend.nth(2)).to_contain_text(f"{FIFTH['emoji']} {FIFTH['vibe']}")

    one = changed.site.row("select * from daily_listening where vibe = ? order by listens desc, user_id", FIFTH["vibe"])
    page = reader.open(f"/day/?listener={one['user_id']}&date={one['listening_date']}")
    expect(page.get_by_test_id("hero-vibe")).to_have_text(FIFTH["vibe"])

    cards = changed.site.rows(
        """
        select u.display_name from weekly_listening as w
        join dim_users as u on u.user_id = w.user_id
        where w.is_complete_week and u.has_display_name
        qualify row_number() over (partition by w.user_id order by w.week_start desc) = 1 and w.vibe = ?
        """,
        FIFTH["vibe"],
    )
    page = reader.open("/")
    for row in cards:
        card = page.get_by_test_id("listener-card").filter(has_text=str(row["display_name"]))
        expect(card).to_contain_text(FIFTH["vibe"])
    expect(page.get_by_test_id("listener-card").filter(has_text=FIFTH["vibe"])).to_have_count(len(cards))
