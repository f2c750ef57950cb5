"""What the marts say, computed once more from the raw files: the definitions applied by other means than SQL.

    files ── plays ── listens ── days, weeks, Top Songs ── scores (matrix product), vibes (walk over the bands)
    recommendations (taken as given) ── predictions ── similarity; and neighbours by brute force

Both sides start from the same input files and the same seeds, and share no code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from tests.recompute.inputs import (
    FEATURES,
    Definitions,
    Listener,
    catalogue,
    exported_plays,
    polled_plays,
)

SEEDS = Path(__file__).resolve().parents[2] / "seeds" / "definitions"

PERCENTAGES = [f"{feature}_pct" for feature in FEATURES]
SCORES = ("energy", "musicality", "positivity")
SCORE_COLUMNS = [f"{score}_score" for score in SCORES]
VERSIONS = {
    "score_weights_version": "score_weights",
    "vibe_thresholds_version": "vibe_thresholds",
    "listen_rules_version": "listen_rules",
}


@dataclass(frozen=True)
class Recomputed:
    """One table a mart, with the mart's column names."""

    plays: pd.DataFrame
    days: pd.DataFrame
    weeks: pd.DataFrame
    day_tracks: pd.DataFrame
    top_songs: pd.DataFrame
    similarity: pd.DataFrame
    tracks: pd.DataFrame  # the catalogue, for `nearest`


def recompute(
    listeners: Sequence[Listener], features: Path, recommendations: pd.DataFrame, seeds: Path = SEEDS
) -> Recomputed:
    """Everything from the raw files.

    `features`: the catalogue (CSV); `recommendations`: recommender, user_id, week_start, seed_track_id, rank,
    track_id as the recommenders gave them.
    """
    definitions = Definitions.read(seeds)
    tracks = catalogue(features)
    polled = pd.concat([polled_plays(listener) for listener in listeners], ignore_index=True)
    polled["track_id"] = polled["track_id"].replace(definitions.aliases)
    said = polled.sort_values("played_at").groupby("track_id").last()  # what Spotify's API says of tracks
    plays = _plays(listeners, tracks, said, definitions)
    days = _grouped(plays, "listening_date", tracks)
    days = _dense(days, "listening_date", "D", definitions)
    weeks = _weeks(plays, days, tracks, said, definitions)
    top_songs = _top_songs(plays, tracks, definitions)
    return Recomputed(
        plays=plays,
        days=days,
        weeks=weeks,
        day_tracks=_day_tracks(plays),
        top_songs=top_songs,
        similarity=_similarity(recommendations, top_songs, tracks, definitions),
        tracks=tracks,
    )


# ---- plays ----


def _plays(
    listeners: Sequence[Listener], tracks: pd.DataFrame, said: pd.DataFrame, definitions: Definitions
) -> pd.DataFrame:
    plays = pd.concat([_merged(listener, definitions) for listener in listeners], ignore_index=True)
    # The catalogue's word on a track's length counts before the API's.
    listed = plays["track_id"].map(tracks["duration_ms"]).astype("Float64")
    plays["length_ms"] = listed.fillna(plays["track_id"].map(said["duration_ms"]).astype("Float64"))
    plays["listened_ms"] = plays["listened_ms"].fillna(_estimate(plays))
    plays["week_start"] = plays["listening_date"] - pd.to_timedelta(plays["listening_date"].dt.day_of_week, unit="D")
    rules = definitions.listen_rules.set_index("version")
    of_week = {week: definitions.version("listen_rules", week) for week in plays["week_start"].unique()}
    version = plays["week_start"].map(of_week)
    minimum = version.map(rules["minimum_listened_ms"])
    share = version.map(rules["minimum_track_share"]) * plays["length_ms"].fillna(0)
    plays["is_listen"] = plays["listened_ms"].notna() & (plays["listened_ms"] >= np.maximum(minimum, share))
    return plays


def _merged(listener: Listener, definitions: Definitions) -> pd.DataFrame:
    """One listener's plays: the exports', and those that only polls saw."""
    exported, polled = exported_plays(listener, definitions.skip_reasons), polled_plays(listener)
    for frame in (exported, polled):
        frame["track_id"] = frame["track_id"].replace(definitions.aliases)
    alone = polled.drop(index=_polled_twins(exported, polled, definitions.tolerance_seconds))
    alone = alone.assign(source="poll", listened_ms=pd.NA, is_skipped=pd.NA)
    alone = alone.astype({"listened_ms": "Float64", "is_skipped": "boolean"})
    merged = pd.concat([exported.assign(duration_ms=pd.NA), alone], ignore_index=True)
    merged = merged.astype({"duration_ms": "Float64"})
    merged = merged.sort_values(["played_at", "source"], kind="stable", ignore_index=True)

    merged["elapsed_ms"] = (merged["played_at"].diff() / pd.Timedelta(milliseconds=1)).round().astype("Float64")
    zone = ZoneInfo(listener.timezone)
    local = merged["played_at"].dt.tz_localize("UTC").dt.tz_convert(zone)
    merged["listening_date"] = local.dt.tz_localize(None).dt.normalize()
    return merged


def _estimate(plays: pd.DataFrame) -> pd.Series:
    """How long a play lasted at most: its track's length, and no longer than since the play before it ended."""
    length = plays["length_ms"]
    return pd.concat([length, plays["elapsed_ms"]], axis=1).min(axis=1).where(length.notna())


def _polled_twins(exported: pd.DataFrame, polled: pd.DataFrame, tolerance_seconds: float) -> list[int]:
    """Indices of polled plays that an export has too: nearest pairs first, each play in one pair."""
    pairs = []
    by_track = dict(tuple(exported.groupby("track_id")))
    for index, play in polled.iterrows():
        for other, candidate in by_track.get(play["track_id"], exported.iloc[:0]).iterrows():
            distance = abs((candidate["played_at"] - play["played_at"]).total_seconds())
            if distance <= tolerance_seconds:
                pairs.append((distance, -candidate["listened_ms"], play["played_at"], other, index))
    taken: set[tuple[str, Any]] = set()
    twins = []
    for *_, other, index in sorted(pairs):
        if ("export", other) not in taken and ("poll", index) not in taken:
            taken |= {("export", other), ("poll", index)}
            twins.append(index)
    return twins


# ---- days and weeks ----


def _grouped(plays: pd.DataFrame, by: str, tracks: pd.DataFrame) -> pd.DataFrame:
    """Counts, minutes and means of features a listener and `by`; not dense yet."""
    keys = ["user_id", by]
    listens = plays[plays["is_listen"]]
    scored = listens.join(tracks.loc[tracks["is_scored"], list(FEATURES)], on="track_id", how="inner")
    everything = plays.groupby(keys)
    table = pd.DataFrame(
        {
            "plays": everything.size(),
            "listens": listens.groupby(keys).size(),
            "unique_tracks": listens.groupby(keys)["track_id"].nunique(),
            "minutes_listened": everything["listened_ms"].sum().astype(float) / 60_000,
            "scored_listens": scored.groupby(keys).size(),
        }
    )
    means = scored.groupby(keys)[list(FEATURES)].mean().set_axis(PERCENTAGES, axis=1)
    return table.join(means)


def _dense(table: pd.DataFrame, by: str, step: str, definitions: Definitions) -> pd.DataFrame:
    """Every date from a listener's first to last, with zeros, coverage, versions, scores and vibes."""
    parts = []
    for user_id, part in table.groupby(level="user_id"):
        dates = part.index.get_level_values(by)
        part = part.droplevel("user_id").reindex(pd.date_range(dates.min(), dates.max(), freq=step, name=by))
        parts.append(part.assign(user_id=user_id).reset_index())
    dense = pd.concat(parts, ignore_index=True)
    counts = ["plays", "listens", "unique_tracks", "scored_listens"]
    dense[counts] = dense[counts].fillna(0).astype("int64")
    dense["minutes_listened"] = dense["minutes_listened"].fillna(0.0)
    if by != "week_start":
        dense["week_start"] = dense[by] - pd.to_timedelta(dense[by].dt.day_of_week, unit="D")
    dense["feature_coverage_pct"] = dense["scored_listens"] * 100 / dense["listens"].where(dense["listens"] > 0)
    return _with_meaning(dense, definitions)


def _with_meaning(table: pd.DataFrame, definitions: Definitions) -> pd.DataFrame:
    """The table with versions, scores and vibe, from its week_start and its seven percentages."""
    table = table.copy()
    weeks = table["week_start"].unique()
    for column, family in VERSIONS.items():
        table[column] = table["week_start"].map({week: definitions.version(family, week) for week in weeks})
    for score in SCORES:
        table[f"{score}_score"] = np.nan
    for version, part in table.groupby("score_weights_version"):
        table.loc[part.index, SCORE_COLUMNS] = _scores(part[PERCENTAGES].to_numpy(float), int(version), definitions)
    bands = {version: _bands(version, definitions) for version in table["vibe_thresholds_version"].unique()}
    table["vibe"] = [
        _vibe(valence, bands[version])
        for valence, version in zip(table["valence_pct"], table["vibe_thresholds_version"], strict=True)
    ]
    return table


def _scores(percentages: np.ndarray, version: int, definitions: Definitions) -> np.ndarray:
    """Rows of the seven percentages times a matrix of shares: columns energy, musicality, positivity.

    An inverted feature has a negative share, and what it starts from is added back.
    """
    weights = definitions.score_weights
    shares, offsets = np.zeros((len(FEATURES), len(SCORES))), np.zeros(len(SCORES))
    for column, score in enumerate(SCORES):
        rows = weights[(weights["version"] == version) & (weights["score"] == score)]
        for row in rows.itertuples():
            share = row.weight / rows["weight"].sum()
            shares[FEATURES.index(row.audio_feature), column] = -share if row.inverted else share
            offsets[column] += 100 * share if row.inverted else 0
    columns = [_product(percentages, shares[:, column]) for column in range(len(SCORES))]
    return np.asarray(np.column_stack(columns) + offsets)


def _product(percentages: np.ndarray, share: np.ndarray) -> np.ndarray:
    """The weighted sum over the features that have a share: one that has none may be missing."""
    used = share != 0
    return np.asarray(percentages[:, used] @ share[used])


def _bands(version: int, definitions: Definitions) -> list[tuple[float, bool, str]]:
    """Lower edge, whether it belongs to the band, and name, from the lowest band up."""
    bands = definitions.vibe_thresholds
    bands = bands[bands["version"] == version].sort_values("lower_pct")
    return list(zip(bands["lower_pct"], bands["lower_inclusive"], bands["vibe"], strict=True))


def _vibe(valence: float, bands: list[tuple[float, bool, str]]) -> str | None:
    """The last band, from below, whose lower edge the valence has reached."""
    if np.isnan(valence):
        return None
    valence = round(float(valence), 6)
    return [vibe for edge, inclusive, vibe in bands if valence > edge or (inclusive and valence == edge)][-1]


def _weeks(
    plays: pd.DataFrame, days: pd.DataFrame, tracks: pd.DataFrame, said: pd.DataFrame, definitions: Definitions
) -> pd.DataFrame:
    weeks = _dense(_grouped(plays, "week_start", tracks), "week_start", "7D", definitions)
    by_week = days.groupby(["user_id", "week_start"])
    spans = by_week.agg(days_observed=("plays", "size"), active_days=("plays", lambda plays: int((plays > 0).sum())))
    weeks = weeks.merge(spans.reset_index(), on=["user_id", "week_start"], how="left")
    weeks["listens_per_day"] = weeks["listens"] / weeks["days_observed"]
    weeks["is_complete_week"] = weeks["days_observed"] == 7

    listens = plays[plays["is_listen"]].sort_values("played_at")
    firsts = listens.drop_duplicates(["user_id", "track_id"])
    new_tracks = firsts.groupby(["user_id", "week_start"]).size().rename("new_tracks")
    artists = listens.assign(artist=_artists(plays, tracks, said)).dropna(subset="artist")
    artists = artists.drop_duplicates(["user_id", "artist"])
    new_artists = artists.groupby(["user_id", "week_start"]).size().rename("new_artists")
    for new in (new_tracks, new_artists):
        weeks = weeks.merge(new.reset_index(), on=["user_id", "week_start"], how="left")
        weeks[new.name] = weeks[new.name].fillna(0).astype("int64")

    versions = ["listen_rules_version", "score_weights_version"]
    compared = ["minutes_listened", "listens", "is_complete_week", *versions, *SCORE_COLUMNS]
    before = weeks.sort_values("week_start").groupby("user_id")[compared].shift()
    weeks["previous_minutes_listened"] = before["minutes_listened"]
    both_complete = weeks["is_complete_week"] & before["is_complete_week"].eq(True)
    same = before[versions].eq(weeks[versions])
    before.loc[~both_complete, "minutes_listened"] = float("nan")
    before.loc[~(both_complete & same["listen_rules_version"]), "listens"] = float("nan")
    before.loc[~same.all(axis=1), SCORE_COLUMNS] = float("nan")
    weeks["minutes_listened_change"] = weeks["minutes_listened"] - before["minutes_listened"]
    previous = before["minutes_listened"].where(before["minutes_listened"] > 0)
    weeks["minutes_listened_change_pct"] = weeks["minutes_listened_change"] / previous * 100
    weeks["listens_change"] = weeks["listens"] - before["listens"]
    for score in SCORE_COLUMNS:
        weeks[f"{score}_change_pp"] = weeks[score] - before[score]
    return weeks


def _artists(plays: pd.DataFrame, tracks: pd.DataFrame, said: pd.DataFrame) -> pd.Series:
    """For every play, the artist of its track: the catalogue's name, else the API's, else the newest export's."""
    newest = plays.dropna(subset="track_name").sort_values("played_at").groupby("track_id").last()
    named = tracks.loc[tracks["track_name"].notna(), "artist_name"]
    artists = plays["track_id"].map(named)
    for source in (said, newest):
        artists = artists.fillna(plays["track_id"].map(source["artist_name"]))
    return artists


# ---- tracks ----


def _day_tracks(plays: pd.DataFrame) -> pd.DataFrame:
    groups = plays.groupby(["user_id", "listening_date", "track_id"])
    table = groups.agg(plays=("is_listen", "size"), listens=("is_listen", "sum"), listened_ms=("listened_ms", "sum"))
    table["minutes_listened"] = table.pop("listened_ms").astype(float) / 60_000
    return table.reset_index()


def _top_songs(plays: pd.DataFrame, tracks: pd.DataFrame, definitions: Definitions) -> pd.DataFrame:
    groups = plays.groupby(["user_id", "week_start", "track_id"])
    songs = groups.agg(plays=("is_listen", "size"), listens=("is_listen", "sum"), listened_ms=("listened_ms", "sum"))
    songs = songs[songs["listens"] > 0].reset_index()
    songs = songs.sort_values(
        ["user_id", "week_start", "listens", "listened_ms", "track_id"], ascending=[True, True, False, False, True]
    )
    songs["top_song_number"] = songs.groupby(["user_id", "week_start"]).cumcount() + 1
    songs["minutes_listened"] = songs.pop("listened_ms").astype(float) / 60_000
    features = tracks[list(FEATURES)].set_axis(PERCENTAGES, axis=1)
    songs = _with_meaning(songs.join(features, on="track_id").reset_index(drop=True), definitions)
    return songs.drop(columns=[*PERCENTAGES, *VERSIONS])


# ---- recommendations ----


def _similarity(
    recommendations: pd.DataFrame, top_songs: pd.DataFrame, tracks: pd.DataFrame, definitions: Definitions
) -> pd.DataFrame:
    """One row a recommender, listener, week, Top Song and feature."""
    k = int(definitions.constants["similarity_k"])
    features = tracks.loc[tracks["is_scored"], list(FEATURES)]
    known = dict(zip(features.index, features.to_numpy(), strict=True))
    numbers = top_songs.set_index(["user_id", "week_start", "track_id"])["top_song_number"].to_dict()
    nothing = np.full(len(FEATURES), np.nan)
    rows = []
    lists = recommendations.sort_values("rank").groupby(["recommender", "user_id", "week_start", "seed_track_id"])
    for (recommender, user_id, week_start, seed), ranked in lists:
        number = numbers.get((user_id, week_start, seed))
        if number is None:
            continue
        taken = [track_id for track_id in dict.fromkeys(ranked["track_id"]) if track_id != seed][:k]
        scored = [known[track_id] for track_id in taken if track_id in known]
        predicted = np.mean(scored, axis=0) if scored else nothing
        actual = known.get(seed, nothing)
        for feature, forecast, value in zip(FEATURES, predicted, actual, strict=True):
            rows.append(
                {
                    "recommender": recommender,
                    "user_id": user_id,
                    "week_start": week_start,
                    "top_song_number": number,
                    "seed_track_id": seed,
                    "audio_feature": feature,
                    "predicted_pct": forecast,
                    "actual_pct": value,
                    "difference_pp": forecast - value,
                    "similarity_pct": 100 - abs(forecast - value),
                    "recommendations": len(taken),
                    "scored_recommendations": len(scored),
                }
            )
    columns = ["recommender", "user_id", "week_start", "top_song_number", "seed_track_id", "audio_feature"]
    columns += ["predicted_pct", "actual_pct", "difference_pp", "similarity_pct"]
    return pd.DataFrame(rows, columns=[*columns, "recommendations", "scored_recommendations"])


def distances(tracks: pd.DataFrame, seed: str) -> pd.Series:
    """Euclidean distance of every scored track of the catalogue to `seed`, nearest first.

    Features are scaled to mean 0 and variance 1 over the catalogue. The seed and other ids of the same title and
    artist are left out; tracks at the same distance stand in the order of their ids.
    """
    pool = tracks[tracks["is_scored"]].sort_index()
    values = pool[list(FEATURES)].to_numpy(float)
    spread = values.std(axis=0)
    scaled = (values - values.mean(axis=0)) / np.where(spread > 0, spread, 1)
    position = pool.index.get_loc(seed)
    far = np.sqrt(((scaled - scaled[position]) ** 2).sum(axis=1))
    names = pool["track_name"].str.lower() + "\x1f" + pool["artist_name"].fillna("").str.lower()
    same = (names == names[seed]) | (pool.index == seed)
    series = pd.Series(far, index=pool.index)[~same.to_numpy()]
    return series.round(9).sort_values(kind="stable")
