"""Planted truth: recommenders of known quality, and what listeners said about their tracks.

What a scorecard says about them can be compared with what was planted; README.md here has the table.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from extract.raw.tables import AUDIO_FEATURES
from spotiflow.demo.sample.catalogue import Catalogue, Floats, Integers
from spotiflow.demo.sample.listeners import Listener
from spotiflow.demo.sample.plays import Booleans, Plays, local_midnight
from spotiflow.demo.sample.randomness import stream
from spotiflow.demo.sample.settings import (
    FIRST_DAY,
    LAST_DAY,
    LISTENED_MS,
    NEW_VERSION_WEEKS,
    PLANTED_SONGS,
    PLANTED_TRACKS,
    PLANTED_WEEKS,
    WEEKS,
)

_DAY = 86_400  # seconds
_SOON, _LATER = 7 * _DAY, 28 * _DAY  # the horizons within which a listen counts as found

_MIRROR_AVOIDS = 0.75  # share of the tracks listened to later that `mirror` does not see: it is to have no foresight
_ORACLE_IS_RIGHT, _ORACLE_IS_LATE = 0.7, 0.18  # share of songs for which `oracle` knows what comes; only after 7 days
_ORACLE_SOON, _ORACLE_LATER = 3, 1  # of its tracks: listened to within 7 days; within 28
_ORACLE_PREFERS_NEW = 0.7  # 0 no preference, 1 new tracks always first
_BLEND_KNOWS = {"1.0": 0.015, "2.0": 0.09}  # share of the tracks of `house-blend` that are listened to within 7 days
_BLEND_TRACKS = {"three": 3, "five": 5}

_LIKED = {
    ("oracle", "1"): 0.82,
    ("house-blend", "2.0"): 0.72,
    ("mirror", "1"): 0.55,
    ("charts", "1"): 0.50,
    ("house-blend", "1.0"): 0.42,
    ("dice", "1"): 0.28,
}
"""Share of the statements about recommended tracks that like them."""
_SAID_OF_RECOMMENDED = 260  # a recommender and version
_SAID_OF_PLAYED = {True: 90, False: 30}  # a featured listener, one of the cohort
_SAVED_TOO = 0.35  # of the liked ones


@dataclass(frozen=True)
class Audience:
    """A listener and everything that they play."""

    listener: Listener
    plays: Plays


@dataclass(frozen=True)
class Question:
    """The songs of one listener's week, and what was and will be listened to around its end."""

    listener: Listener
    week: int  # of the sample, 0 the first
    as_of: int  # the end of the listener's own week, seconds since 1970
    songs: Integers  # the most listened tracks, first the most listened
    known: Booleans  # a track of the catalogue: played before
    soon: Booleans  # listened to within 7 days after
    later: Booleans  # within 28 days after


@dataclass(frozen=True)
class PlantedFile:
    """One file of answers, as a team would load it."""

    name: str
    recommender: str
    version: str
    content: bytes
    rows: int


@dataclass(frozen=True)
class _Answer:
    """The tracks for one song; none when the recommender has nothing to say."""

    question: Question
    song: int
    tracks: Integers
    variant: str = ""


@dataclass(frozen=True)
class _Planted:
    recommender: str
    version: str
    answers: list[_Answer]


def plant(audiences: Sequence[Audience], catalogue: Catalogue, seed: int) -> tuple[list[PlantedFile], bytes]:
    """The files of all planted recommenders, in the order in which they are to be loaded, and that of the feedback."""
    questions = [question for audience in audiences for question in _questions(audience, catalogue)]
    music = _Music.of(catalogue)
    variants = _variants(audiences, seed)
    change = WEEKS - NEW_VERSION_WEEKS
    first, last = [one for one in questions if one.week < change], [one for one in questions if one.week >= change]
    planted = [
        _Planted("mirror", "1", list(_mirror(questions, music, seed))),
        _Planted("charts", "1", list(_charts(questions, audiences, music))),
        _Planted("dice", "1", list(_dice(questions, music, seed))),
        _Planted("oracle", "1", list(_oracle(questions, music, seed))),
        _Planted("house-blend", "1.0", list(_blend_of_anything(first, music, seed))),
        _Planted("house-blend", "2.0", list(_blend_of_genres(last, music, variants, seed))),
    ]
    files = [_file(one, catalogue) for one in planted]
    return files, _feedback(planted, audiences, catalogue, seed)


# ---- what is asked ----


def _questions(audience: Audience, catalogue: Catalogue) -> list[Question]:
    """The listener's last weeks with at least one song; order of songs as for Top Songs."""
    plays, zone = audience.plays, audience.listener.timezone
    by_id = np.argsort(np.argsort(np.array(catalogue.track_ids), kind="stable"), kind="stable")
    mondays = [local_midnight(FIRST_DAY + timedelta(weeks=week), zone) for week in range(WEEKS + 1)]
    edges = np.searchsorted(plays.ended_at, mondays)
    listened = plays.ms_played >= LISTENED_MS
    found = []
    for week in range(WEEKS - PLANTED_WEEKS, WEEKS):
        own = slice(edges[week], edges[week + 1])
        as_of = mondays[week + 1]
        listens = np.bincount(plays.track[own][listened[own]], minlength=len(catalogue))
        ms = np.bincount(plays.track[own], weights=plays.ms_played[own], minlength=len(catalogue))
        order = np.lexsort((by_id, -ms, -listens))
        songs = order[: min(PLANTED_SONGS, int((listens > 0).sum()))]
        if not len(songs):
            continue

        def heard(begin: int, end: int, of: Booleans) -> Booleans:
            first, last = np.searchsorted(plays.ended_at, [begin, end])
            tracks = np.zeros(len(catalogue), dtype=np.bool_)
            tracks[plays.track[first:last][of[first:last]]] = True
            return tracks

        found.append(
            Question(
                audience.listener,
                week,
                as_of,
                songs.astype(np.int64),
                known=heard(0, as_of, np.ones(len(plays), dtype=np.bool_)),
                soon=heard(as_of, as_of + _SOON, listened),
                later=heard(as_of, as_of + _LATER, listened),
            )
        )
    return found


@dataclass(frozen=True)
class _Music:
    """The catalogue as recommenders see it."""

    catalogue: Catalogue
    scored: Booleans  # in the file, with all seven features
    features: Integers  # tracks x 7, in ten-thousandths: whole numbers add up to the same everywhere
    recording: Integers  # the same for a reissue and its original

    @classmethod
    def of(cls, catalogue: Catalogue) -> _Music:
        count = len(catalogue)
        scored = np.ones(count, dtype=np.bool_)
        scored[list(catalogue.not_in_file)] = False
        scored[[track for track, blank in catalogue.missing.items() if set(blank) & set(AUDIO_FEATURES)]] = False
        values = np.stack([catalogue.features[name] for name in AUDIO_FEATURES], axis=1)
        recording = np.arange(count)
        recording[list(catalogue.reissue_of)] = list(catalogue.reissue_of.values())
        return cls(catalogue, scored, np.round(values * 10_000).astype(np.int64), recording)

    def others(self, song: int) -> Booleans:
        """Every track but the song, under whatever id."""
        different: Booleans = self.recording != self.recording[song]
        return different


def _draw(rng: np.random.Generator, among: Booleans, count: int) -> Integers:
    """`count` different tracks, all equally likely; fewer when there are not so many."""
    places = np.flatnonzero(among)
    drawn: Integers = rng.permutation(places)[:count] if len(places) <= count else _few(rng, places, count)
    return drawn


def _few(rng: np.random.Generator, places: Integers, count: int) -> Integers:
    drawn: list[int] = []
    while len(drawn) < count:
        place = int(places[int(rng.random() * len(places))])
        if place not in drawn:
            drawn.append(place)
    return np.array(drawn, dtype=np.int64)


# ---- who answers ----


def _mirror(questions: Sequence[Question], music: _Music, seed: int) -> Iterable[_Answer]:
    """Known tracks whose mean features come as near to the song's as a small search finds."""
    rng = stream(seed, "planted", "mirror")
    for question in questions:
        unseen = question.later & (rng.random(len(music.scored)) < _MIRROR_AVOIDS)
        pool = np.flatnonzero(question.known & music.scored & ~unseen)
        songs = question.songs[music.scored[question.songs]]
        if not len(songs) or len(pool) <= PLANTED_TRACKS + 1:  # the song itself and its reissue are in it too
            continue
        itself = music.recording[pool][None, :] == music.recording[songs][:, None]
        chosen = _nearest_mean(music.features[pool], music.features[songs], itself)
        for song, tracks in zip(songs.tolist(), chosen, strict=True):
            yield _Answer(question, song, pool[tracks])


def _nearest_mean(pool: Integers, targets: Integers, forbidden: Booleans) -> Integers:
    """For each target, places of the pool whose summed distance of the mean is small: greedy, then each once more.

    pool: tracks x features; targets: songs x features; forbidden: songs x tracks. Returns songs x PLANTED_TRACKS.
    """
    songs = np.arange(len(targets))
    taken = forbidden.copy()
    chosen = np.empty((len(targets), PLANTED_TRACKS), dtype=np.int64)
    total = np.zeros_like(targets)
    far = np.iinfo(np.int64).max
    for turn in range(2 * PLANTED_TRACKS):
        place, size = turn % PLANTED_TRACKS, min(turn + 1, PLANTED_TRACKS)
        if turn >= PLANTED_TRACKS:
            total -= pool[chosen[:, place]]
            taken[songs, chosen[:, place]] = False
        # |sum of the tracks - size * song| is size times the distance of their mean, in whole numbers.
        distance = np.abs(pool[None, :, :] + (total - size * targets)[:, None, :]).sum(axis=2)
        distance[taken] = far
        best = distance.argmin(axis=1)
        chosen[:, place] = best
        taken[songs, best] = True
        total += pool[best]
    return chosen


def _charts(questions: Sequence[Question], audiences: Sequence[Audience], music: _Music) -> Iterable[_Answer]:
    """What everybody together listened to most before the end of the week; order as for Top Songs."""
    count = len(music.scored)
    ended_at = np.concatenate([audience.plays.ended_at for audience in audiences])
    order = np.argsort(ended_at, kind="stable")
    ended_at = ended_at[order]
    track = np.concatenate([audience.plays.track for audience in audiences])[order]
    ms = np.concatenate([audience.plays.ms_played for audience in audiences])[order]
    listened = ms >= LISTENED_MS
    by_id = np.argsort(np.argsort(np.array(music.catalogue.track_ids), kind="stable"), kind="stable")
    most: dict[int, Integers] = {}
    for question in questions:
        if question.as_of not in most:
            end = int(np.searchsorted(ended_at, question.as_of))
            listens = np.bincount(track[:end][listened[:end]], minlength=count)
            time = np.bincount(track[:end], weights=ms[:end], minlength=count)
            most[question.as_of] = np.lexsort((by_id, -time, -listens))[: PLANTED_TRACKS + 2].astype(np.int64)
        for song in question.songs.tolist():
            best = most[question.as_of]
            yield _Answer(question, song, best[music.others(song)[best]][:PLANTED_TRACKS])


def _dice(questions: Sequence[Question], music: _Music, seed: int) -> Iterable[_Answer]:
    """Any tracks of the catalogue with all seven features."""
    rng = stream(seed, "planted", "dice")
    for question in questions:
        for song in question.songs.tolist():
            yield _Answer(question, song, _draw(rng, music.scored & music.others(song), PLANTED_TRACKS))


def _oracle(questions: Sequence[Question], music: _Music, seed: int) -> Iterable[_Answer]:
    """Mostly what the listener listens to next, new tracks rather than known ones, for most songs; no look at features.

    For the other songs, and where the sample ends, tracks that the listener does not listen to.
    """
    rng = stream(seed, "planted", "oracle")
    for question in questions:
        for song in question.songs.tolist():
            others = music.others(song)
            tracks = np.empty(0, dtype=np.int64)
            die, wish = rng.random(), rng.random(len(others)) + _ORACLE_PREFERS_NEW * question.known
            if die < _ORACLE_IS_RIGHT + _ORACLE_IS_LATE:
                tracks = _best(wish, question.later & ~question.soon & others, _ORACLE_LATER)
            if die < _ORACLE_IS_RIGHT:
                tracks = np.concatenate([_best(wish, question.soon & others, _ORACLE_SOON), tracks])
            rest = _draw(rng, music.scored & others & ~question.later, PLANTED_TRACKS - len(tracks))
            yield _Answer(question, song, np.concatenate([tracks, rest]))


def _best(wish: Floats, among: Booleans, count: int) -> Integers:
    places = np.flatnonzero(among)
    best: Integers = places[np.argsort(wish[places], kind="stable")[:count]]
    return best


def _blend_of_anything(questions: Sequence[Question], music: _Music, seed: int) -> Iterable[_Answer]:
    """Version 1.0: hardly better than chance."""
    rng = stream(seed, "planted", "house-blend", "1.0")
    for question in questions:
        for song in question.songs.tolist():
            others = music.others(song)
            anything = _draw(rng, music.scored & others, PLANTED_TRACKS)
            yield _Answer(question, song, _blended(rng, question, others, anything, _BLEND_KNOWS["1.0"]))


def _blend_of_genres(
    questions: Sequence[Question], music: _Music, variants: dict[str, str], seed: int
) -> Iterable[_Answer]:
    """Version 2.0: tracks of the song's genre, and among them some that the listener comes to listen to.

    Each listener takes part in one variant: three tracks or five, each as good as the other's.
    """
    rng = stream(seed, "planted", "house-blend", "2.0")
    for question in questions:
        variant = variants[question.listener.label]
        for song in question.songs.tolist():
            others = music.others(song)
            genre = music.catalogue.genre == music.catalogue.genre[song]
            related = _draw(rng, music.scored & others & genre, PLANTED_TRACKS)
            tracks = _blended(rng, question, others, related, _BLEND_KNOWS["2.0"])
            yield _Answer(question, song, tracks[: _BLEND_TRACKS[variant]], variant)


def _blended(
    rng: np.random.Generator, question: Question, others: Booleans, tracks: Integers, share: float
) -> Integers:
    """The tracks, each with this probability replaced by one that is listened to within 7 days."""
    known = rng.random(len(tracks)) < share
    coming = question.soon & others
    coming[tracks] = False
    found = _draw(rng, coming, int(known.sum()))
    blended = tracks.copy()
    blended[np.flatnonzero(known)[: len(found)]] = found
    return blended


def _variants(audiences: Sequence[Audience], seed: int) -> dict[str, str]:
    """Half of the listeners get three tracks, the others five: of two who play about as much, one each."""
    rng = stream(seed, "planted", "variants")
    by_size = sorted(audiences, key=lambda audience: (-len(audience.plays), audience.listener.label))
    variants = {}
    for first in range(0, len(by_size), 2):
        names = list(_BLEND_TRACKS)[:: 1 if rng.random() < 0.5 else -1]
        pair = by_size[first : first + 2]
        variants.update({audience.listener.label: name for audience, name in zip(pair, names, strict=False)})
    return variants


# ---- files ----


def _iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _file(planted: _Planted, catalogue: Catalogue) -> PlantedFile:
    """CSV as `extract/sources/table_files/recommendations.md` describes it."""
    with_variant = any(answer.variant for answer in planted.answers)
    header = "account,week_start,seed_track_id,rank,track_id,as_of,requested_at"
    lines = [header + (",variant" if with_variant else "")]
    ids = catalogue.track_ids
    for answer in planted.answers:
        week_start = FIRST_DAY + timedelta(weeks=answer.question.week)
        moment = _iso(answer.question.as_of)
        head = f"{answer.question.listener.label},{week_start.isoformat()},{ids[answer.song]}"
        tail = f"{moment},{moment}" + (f",{answer.variant}" if with_variant else "")
        lines += [f"{head},{rank},{ids[track]},{tail}" for rank, track in enumerate(answer.tracks.tolist(), start=1)]
    name = planted.recommender if planted.version == "1" else f"{planted.recommender}-{planted.version}"
    return PlantedFile(
        f"recommendations/{name}.csv",
        planted.recommender,
        planted.version,
        ("\n".join(lines) + "\n").encode(),
        len(lines) - 1,
    )


def _feedback(planted: Sequence[_Planted], audiences: Sequence[Audience], catalogue: Catalogue, seed: int) -> bytes:
    """JSON Lines as `extract/sources/table_files/feedback.md` describes them, in the order in which they were said."""
    rows: list[dict[str, str | int]] = []
    for one in planted:
        rows += _said_of_recommended(one, catalogue, seed)
    for audience in audiences:
        rows += _said_of_played(audience, catalogue, seed)
    unique = {(row["account"], row["track"], row["feedback"], row["when"]): row for row in rows}
    ordered = sorted(unique.values(), key=lambda row: (str(row["when"]), str(row["account"]), str(row["track"])))
    return "".join(json.dumps(row) + "\n" for row in ordered).encode()


def _said_of_recommended(planted: _Planted, catalogue: Catalogue, seed: int) -> list[dict[str, str | int]]:
    rng = stream(seed, "planted", "feedback", planted.recommender, planted.version)
    liked = _LIKED[planted.recommender, planted.version]
    in_time = [answer for answer in planted.answers if answer.question.week < WEEKS - 1 and len(answer.tracks)]
    rows: list[dict[str, str | int]] = []
    for place in rng.permutation(len(in_time))[:_SAID_OF_RECOMMENDED].tolist():
        answer = in_time[place]
        track = int(answer.tracks[int(rng.random() * len(answer.tracks))])
        moment = answer.question.as_of + int(rng.random() * _SOON)
        likes = bool(rng.random() < liked)
        saves = bool(rng.random() < _SAVED_TOO)
        said = {"account": answer.question.listener.label, "track": catalogue.track_ids[track]}
        rows.append(said | {"feedback": "liked" if likes else "disliked", "when": _iso(moment)})
        if likes and saves:
            rows.append(said | {"feedback": "saved", "when": _iso(moment + 5)})
    return rows


def _said_of_played(audience: Audience, catalogue: Catalogue, seed: int) -> list[dict[str, str | int]]:
    """Ratings after listening, higher for happier tracks; thumbs down after a skip; thumbs up after a whole listen."""
    listener, plays = audience.listener, audience.plays
    rng = stream(seed, "planted", "feedback", listener.label)
    count = min(_SAID_OF_PLAYED[listener.is_featured], len(plays))
    end = local_midnight(LAST_DAY + timedelta(days=1), listener.timezone)
    rows: list[dict[str, str | int]] = []
    for place in np.sort(rng.permutation(len(plays))[:count]).tolist():
        track = int(plays.track[place])
        valence = float(catalogue.features["valence"][track])
        mood, die = float(rng.normal(0, 0.7)), float(rng.random())
        moment = min(int(plays.ended_at[place]) + 20, end - 1)
        said: dict[str, str | int] = {"account": listener.label, "track": f"spotify:track:{catalogue.track_ids[track]}"}
        stars = int(np.clip(round(3 + 3 * (valence - 0.5) + mood), 1, 5))
        if die < 0.15:  # an older app asked for a number up to 100
            rows.append(said | {"feedback": "rating", "when": _iso(moment), "rating": stars * 20, "rating_max": 100})
        elif die < 0.55:
            rows.append(said | {"feedback": "rating", "when": _iso(moment), "rating": stars})
        elif plays.ms_played[place] < LISTENED_MS:
            rows.append(said | {"feedback": "disliked", "when": _iso(moment)})
        else:
            rows.append(said | {"feedback": "saved" if die > 0.85 else "liked", "when": _iso(moment)})
    return rows
