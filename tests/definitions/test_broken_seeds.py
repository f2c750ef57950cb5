"""Every mistake that an editor of definitions can make is caught by a test that names it in plain words."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.conftest import Place
from tests.definitions.conftest import Seeds
from tests.sharing import mostly_long

VERSION_2 = (
    "2,energy,danceability,1,false",
    "2,energy,energy,2,false",
    "2,energy,liveness,0.5,false",
    "2,musicality,acousticness,1,false",
    "2,musicality,instrumentalness,1,false",
    "2,positivity,valence,1,false",
)


def announce(seeds: Seeds, family: str = "score_weights", valid_from: str = "2027-01-04") -> None:
    """A row in definition_versions for version 2 of a family."""
    seeds.add("definition_versions", f'{family},2,{valid_from},2026-12-14,"Why, in a sentence."')


def second_weights(seeds: Seeds, valid_from: str = "2027-01-04") -> None:
    announce(seeds, valid_from=valid_from)
    seeds.add("score_weights", *VERSION_2)


def second_bands(seeds: Seeds, *bands: str) -> None:
    announce(seeds, "vibe_thresholds")
    seeds.add("vibe_thresholds", *(f"2,{band}" for band in bands))


Break = Callable[[Seeds], None]

# Each costs some seconds of dbt: these run with every test, the others with the long ones.
OFTEN = {
    "a date that is no Monday",
    "an unknown feature",
    "a gap between bands",
    "text where a number belongs",
    "five bands",
}


ONE_DATE = "Two versions of a family never begin on the same day"
MONDAY = "Definition versions begin on a Monday, so that a week has one version"
SAME_WEIGHTS = "score_weights and definition_versions name the same versions"
SAME_BANDS = "vibe_thresholds and definition_versions name the same versions"
SAME_RULES = "listen_rules and definition_versions name the same versions"
TILE = "Vibe bands leave no gap and do not overlap between 0 and 100"
EDGES = "Every edge of a vibe band belongs to exactly one band"
FILLED = "Every score weight is complete, and says whether it is inverted"
ABOVE_ZERO = "The weights of every score sum to more than zero"
EVERY_SCORE = "Every version of the score weights has weights for every score in use"
HISTORY = "Every family of definitions has a version for all of history"

# What is broken, how, and the tests that fail: these and no others.
MISTAKES: dict[str, tuple[Break, set[str]]] = {
    "two versions with one date": (lambda seeds: second_weights(seeds, valid_from="1900-01-01"), {ONE_DATE}),
    "a date that is no Monday": (lambda seeds: second_weights(seeds, valid_from="2027-01-05"), {MONDAY}),
    "a version without a date": (lambda seeds: second_weights(seeds, valid_from=""), {ONE_DATE}),
    "a version without rows": (announce, {SAME_WEIGHTS, EVERY_SCORE}),
    "rows without a version": (lambda seeds: seeds.add("score_weights", *VERSION_2), {SAME_WEIGHTS}),
    "no version for the beginning": (
        lambda seeds: seeds.replace("definition_versions", "listen_rules,1,1900-01-01", "listen_rules,1,2020-01-06"),
        {HISTORY},
    ),
    "no reason": (
        lambda seeds: (
            seeds.add("definition_versions", "score_weights,2,2027-01-04,2026-12-14,"),
            seeds.add("score_weights", *VERSION_2),
        ),
        {"Every definition version says when it was recorded and why"},
    ),
    "an unknown family": (
        lambda seeds: seeds.replace("definition_versions", "listen_rules,1", "listen_rule,1"),
        {
            HISTORY,
            SAME_RULES,
            "Families of definitions are known ones",
        },
    ),
    "an unknown feature": (
        lambda seeds: seeds.replace("score_weights", "1,energy,danceability", "1,energy,dancability"),
        {"Every weighted feature is in the seed audio_features"},
    ),
    "an unknown score": (
        lambda seeds: seeds.add("score_weights", "1,calmness,energy,1,true"),
        {"Every weighted score is in the seed scores"},
    ),
    "a negative weight": (
        lambda seeds: seeds.replace("score_weights", "1,energy,liveness,1,", "1,energy,liveness,-1,"),
        {"Score weights are not negative"},
    ),
    "a weight that is not a number": (
        lambda seeds: seeds.replace("score_weights", "1,energy,liveness,1,", "1,energy,liveness,nan,"),
        {"Score weights are not negative"},
    ),
    "an empty weight": (
        lambda seeds: seeds.replace("score_weights", "1,energy,liveness,1,", "1,energy,liveness,,"),
        {FILLED},
    ),
    "inverted left empty": (
        lambda seeds: seeds.replace("score_weights", "1,energy,liveness,1,false", "1,energy,liveness,1,"),
        {FILLED},
    ),
    "weights that sum to zero": (
        lambda seeds: seeds.replace("score_weights", "1,positivity,valence,1,", "1,positivity,valence,0,"),
        {ABOVE_ZERO},
    ),
    "a score without a weight": (
        lambda seeds: seeds.replace("score_weights", "1,positivity,valence,1,false\n", ""),
        {EVERY_SCORE},
    ),
    "a score forgotten in a new version": (
        lambda seeds: (announce(seeds), seeds.add("score_weights", *VERSION_2[:-1])),
        {EVERY_SCORE},
    ),
    "a feature weighed twice": (
        lambda seeds: seeds.add("score_weights", "1,positivity,valence,1,false"),
        {"A feature has one weight per score and version"},
    ),
    "a gap between bands": (
        lambda seeds: seeds.replace("vibe_thresholds", "Slightly Sad,25,", "Slightly Sad,26,"),
        {TILE, EDGES},
    ),
    "bands that overlap": (
        lambda seeds: seeds.replace("vibe_thresholds", "Slightly Sad,25,", "Slightly Sad,24,"),
        {TILE, EDGES},
    ),
    "a band inside another": (
        lambda seeds: second_bands(
            seeds,
            "Low,0,true,60,false,#5B6CD9,🥺,1",
            "Middle,20,true,40,false,#5B6CD9,🥺,2",
            "High,60,true,100,true,#5B6CD9,🥺,3",
        ),
        {TILE, EDGES},
    ),
    "an edge in two bands": (
        lambda seeds: seeds.replace("vibe_thresholds", "0,true,25,false", "0,true,25,true"),
        {TILE, EDGES},
    ),
    "an edge in no band": (
        lambda seeds: seeds.replace("vibe_thresholds", "Slightly Sad,25,true", "Slightly Sad,25,false"),
        {TILE, EDGES},
    ),
    "bands that end before 100": (
        lambda seeds: seeds.replace("vibe_thresholds", "75,false,100,true", "75,false,99,true"),
        {TILE},
    ),
    "100 left out": (
        lambda seeds: seeds.replace("vibe_thresholds", "75,false,100,true", "75,false,100,false"),
        {TILE, EDGES},
    ),
    "an empty edge": (
        lambda seeds: seeds.replace("vibe_thresholds", "75,false,100,true", "75,false,,true"),
        {EDGES, "The edges of every vibe band are complete and in order"},
    ),
    "vibes numbered with a hole": (
        lambda seeds: seeds.replace("vibe_thresholds", "🤩,4", "🤩,5"),
        {"Vibes are numbered 1, 2, 3 … in every version"},
    ),
    "vibes numbered from the top": (
        lambda seeds: (
            seeds.replace("vibe_thresholds", "🤩,4", "🤩,1"),
            seeds.replace("vibe_thresholds", "🥺,1", "🥺,4"),
        ),
        {"Vibes are numbered upwards from the lowest band"},
    ),
    "a vibe version without bands": (lambda seeds: announce(seeds, "vibe_thresholds"), {SAME_BANDS}),
    "a share of 50 instead of 0.5": (
        lambda seeds: seeds.replace("listen_rules", "1,30000,0", "1,30000,50"),
        {"Listen rules are complete and can be met"},
    ),
    "an empty listen rule": (
        lambda seeds: seeds.replace("listen_rules", "1,30000,0", "1,,0"),
        {"Listen rules are complete and can be met"},
    ),
    "a row of commas, as spreadsheets leave it": (
        lambda seeds: seeds.add("definition_versions", ",,,,"),
        {
            ONE_DATE,
            "Every family and version appears exactly once in definition_versions",
            "Every definition version says when it was recorded and why",
        },
    ),
}


@pytest.mark.parametrize("mistake", mostly_long(MISTAKES, *OFTEN))
def test_a_mistake_is_named(seeds: Seeds, mistake: str) -> None:
    edit, expected = MISTAKES[mistake]
    edit(seeds)
    result = seeds.build()
    assert result.error is None
    assert not result.ok
    assert {bad.plain for bad in result.bad} == expected
    assert {bad.status for bad in result.bad} == {"fail"}, "a test found it; nothing broke"
    seed_names = {path.stem for path in seeds.folder.glob("*.csv")}
    for bad in result.bad:
        assert bad.subjects, bad.name
        assert {re.sub(r".*/(\w+)\.csv", r"\1", subject) for subject in bad.subjects} <= seed_names


# ---- files that cannot be loaded ----

UNREADABLE: dict[str, tuple[Break, str, str]] = {
    "text where a number belongs": (
        lambda seeds: seeds.replace("score_weights", "1,energy,liveness,1,", "1,energy,liveness,half,"),
        "score_weights",
        "Line 4: weight is “half”, but has to be a number with a decimal point such as 0.5. "
        "The line reads: 1,energy,liveness,half,false",
    ),
    "a decimal comma": (
        lambda seeds: seeds.replace("score_weights", "1,energy,liveness,1,", '1,energy,liveness,"0,5",'),
        "score_weights",
        "Line 4: weight is “0,5”, but has to be a number with a decimal point such as 0.5. "
        "The line reads: 1,energy,liveness,0,5,false",
    ),
    "a date as spreadsheets like it": (
        lambda seeds: second_weights(seeds, valid_from="04/01/2027"),
        "definition_versions",
        "Line 6: valid_from is “04/01/2027”, but has to be a date written as 2027-01-04: year, month, day. "
        "The line reads: score_weights,2,04/01/2027,2026-12-14,Why, in a sentence.",
    ),
    "neither true nor false": (
        lambda seeds: seeds.replace("score_weights", "1,energy,liveness,1,false", "1,energy,liveness,1,x"),
        "score_weights",
        "Line 4: inverted is “x”, but has to be true or false. The line reads: 1,energy,liveness,1,x",
    ),
    "a value too few": (
        lambda seeds: seeds.replace("score_weights", "1,energy,liveness,1,false", "1,energy,liveness,1"),
        "score_weights",
        "Line 4: it has 4 values, but the first line has 5 columns. The line reads: 1,energy,liveness,1",
    ),
    "a comma in a reason without quotation marks": (
        lambda seeds: seeds.add("definition_versions", "score_weights,2,2027-01-04,2026-12-14,Why, in a sentence."),
        "definition_versions",
        "Line 6: it has 6 values, but the first line has 5 columns. A text with a comma in it needs quotation marks "
        "around it. The line reads: score_weights,2,2027-01-04,2026-12-14,Why, in a sentence.",
    ),
    "semicolons instead of commas": (
        lambda seeds: seeds.path("score_weights").write_text(seeds.path("score_weights").read_text().replace(",", ";")),
        "score_weights",
        "Its values are not separated by commas. Save it as CSV with commas.",
    ),
    "a column under another name": (
        lambda seeds: seeds.replace("score_weights", "audio_feature,weight", "feature,weight"),
        "score_weights",
        "Its first line has to be version,score,audio_feature,weight,inverted but is "
        "version,score,feature,weight,inverted.",
    ),
    "no file": (lambda seeds: seeds.path("listen_rules").unlink(), "listen_rules", "The file does not exist."),
}


@pytest.mark.parametrize("mistake", mostly_long(UNREADABLE, *OFTEN))
def test_a_file_that_cannot_be_loaded_is_explained(seeds: Seeds, mistake: str) -> None:
    edit, name, message = UNREADABLE[mistake]
    edit(seeds)
    result = seeds.build()
    assert not result.ok
    assert [(bad.name, bad.message) for bad in result.bad] == [(name, message)]
    assert result.bad[0].subjects == (f"seeds/definitions/{name}.csv",)


@pytest.mark.long
def test_the_refresh_says_so_and_publishes_nothing(seeds: Seeds, sample_data: Place) -> None:
    """The same words through the real command, with the file to look at; nothing else was touched."""
    seeds.replace("score_weights", "1,energy,liveness,1,", "1,energy,liveness,half,")
    place = Place(seeds.place.folder / "refresh", project=seeds.workshop.project)
    place.warehouse.parent.mkdir(parents=True)
    place.warehouse.write_bytes(sample_data.warehouse.read_bytes())
    place.published.write_bytes(before := sample_data.published.read_bytes())
    done = place.run("refresh", "--no-site")
    assert done.code == 1
    text = " ".join(done.out.split())
    assert "1. score_weights could not be built" in text
    assert "look at seeds/definitions/score_weights.csv" in text
    assert "what happened Line 4: weight is “half”, but has to be a number with a decimal point such as 0.5." in text
    assert "Nothing was published. The site still shows" in text
    assert "Traceback" not in done.text
    assert "Conversion Error" not in done.text
    assert place.published.read_bytes() == before


# ---- unusual, and right ----

UNUSUAL: dict[str, Break] = {
    "a version that begins in ten years": lambda seeds: second_weights(seeds, valid_from="2037-01-05"),
    "a version for the past, numbered later": lambda seeds: second_weights(seeds, valid_from="2001-01-01"),
    "five bands": lambda seeds: second_bands(
        seeds,
        "Very Low,0,true,12.5,false,#5B6CD9,🥺,1",
        "Low,12.5,true,33.3,true,#5B6CD9,🥺,2",
        "Middle,33.3,false,66.6,false,#5B6CD9,🥺,3",
        "High,66.6,true,90,true,#5B6CD9,🥺,4",
        "Very High,90,false,100,true,#5B6CD9,🥺,5",
    ),
    "one band for everything": lambda seeds: second_bands(seeds, "Music,0,true,100,true,#5B6CD9,🥺,1"),
    "a weight of zero": lambda seeds: seeds.replace("score_weights", "energy,liveness,1,", "energy,liveness,0,"),
    "a feature that enters inverted": lambda seeds: seeds.replace(
        "score_weights", "1,energy,liveness,1,false", "1,energy,liveness,1,true"
    ),
    "TRUE and FALSE, an empty line, Windows line ends": lambda seeds: seeds.path("score_weights").write_bytes(
        (seeds.path("score_weights").read_text().replace("false", "FALSE") + "\n").replace("\n", "\r\n").encode()
    ),
    "a mark at the beginning, as some editors leave it": lambda seeds: seeds.path("score_weights").write_bytes(
        b"\xef\xbb\xbf" + seeds.path("score_weights").read_bytes()
    ),
    "every play counts": lambda seeds: seeds.replace("listen_rules", "1,30000,0", "1,0,0"),
}


@pytest.mark.parametrize("unusual", mostly_long(UNUSUAL, *OFTEN))
def test_what_is_unusual_but_right_passes(seeds: Seeds, unusual: str) -> None:
    UNUSUAL[unusual](seeds)
    result = seeds.build()
    assert result.ok, [(bad.plain, bad.message) for bad in result.bad]
    assert len(result.having("pass", tests=True)) > 20


def test_the_names_of_those_that_run_often_are_right() -> None:
    assert {*MISTAKES, *UNREADABLE, *UNUSUAL} >= OFTEN
