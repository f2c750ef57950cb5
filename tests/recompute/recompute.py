"""What the marts say, computed once more from the raw files: the definitions applied by other means than SQL.

    files ── plays ── listens ── days, weeks, Top Songs, artists ── scores (matrix product), vibes (walk over the bands)
    plays ── hours; active days ── streaks (walk from each beginning); weeks ── what is new (sets that grow)
    plays of a week ── highlights; sets of tracks of two listeners ── what they share
    plays of all listeners ── deciles, slopes, intervals (`engagement.py`)
    recommendations (taken as given) ── predictions ── similarity; and neighbours by brute force

Both sides start from the same input files and the same seeds, and share no code.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from tests.recompute.engagement import feature_engagement, listener_weeks
from tests.recompute.inputs import (
    FEATURES,
    Definitions,
    Listener,
    account_data_plays,
    catalogue,
    exported_plays,
    last_seen,
    polled_plays,
    title_id,
    title_key,
)

SEEDS = Path(__file__).resolve().parents[2] / "seeds" / "definitions"

PERCENTAGES = [f"{feature}_pct" for feature in FEATURES]
SCORES = ("energy", "musicality", "positivity")
SCORE_COLUMNS = [f"{score}_score" for score in SCORES]
COUNTS = ["plays", "listens", "unique_tracks", "scored_listens"]
COUNTS += ["skipped_plays", "skip_known_plays", "exported_plays", "completion_known_plays"]
VERSIONS = {
    "score_weights_version": "score_weights",
    "vibe_thresholds_version": "vibe_thresholds",
    "listen_rules_version": "listen_rules",
}


@dataclass(frozen=True)
class Recomputed:
    """One table per mart, with the mart's column names."""

    plays: pd.DataFrame
    days: pd.DataFrame
    weeks: pd.DataFrame
    day_scores: pd.DataFrame
    week_scores: pd.DataFrame
    day_tracks: pd.DataFrame
    top_songs: pd.DataFrame
    top_artists: pd.DataFrame
    hours: pd.DataFrame
    streaks: pd.DataFrame
    highlights: pd.DataFrame
    shared_tracks: pd.DataFrame
    similarity: pd.DataFrame
    deciles: pd.DataFrame
    slopes: pd.DataFrame
    engagement_weeks: pd.DataFrame
    retention: pd.DataFrame
    tracks: pd.DataFrame  # the catalogue, for `nearest`


def recompute(
    listeners: Sequence[Listener],
    features: Path,
    recommendations: pd.DataFrame,
    seeds: Path = SEEDS,
    segments: pd.DataFrame | None = None,
) -> Recomputed:
    """Everything from the raw files.

    `features`: the catalogue (CSV); `recommendations`: recommender, user_id, week_start, seed_track_id, rank,
    track_id as the recommenders gave them; `segments`: listener_segments, as given.
    """
    definitions = Definitions.read(seeds)
    tracks = catalogue(features)
    inputs = _read(listeners, tracks, definitions)
    said = inputs.polled.sort_values("played_at").groupby("track_id").last()  # what Spotify's API says of tracks
    plays = _plays(listeners, inputs, tracks, said, definitions)
    plays["artist_name"] = plays["track_id"].map(inputs.names["artist_name"])
    days = _grouped(plays, ["listening_date"], tracks)
    days = _dense(days, "listening_date", "D", definitions)
    weeks = _weeks(plays, days, tracks, definitions)
    top_songs = _with_history(_top_songs(plays, tracks, definitions), weeks)
    deciles, slopes = feature_engagement(plays, tracks, definitions)
    if segments is None:
        segments = pd.DataFrame(columns=["user_id", "dominant_vibe", "dominant_sound_cluster", "dominant_genre"])
    engagement_weeks, retention = listener_weeks(plays, segments, _last_seen(listeners, plays))
    return Recomputed(
        plays=plays,
        days=days,
        weeks=weeks,
        day_scores=_long_scores(days, ["user_id", "listening_date", "week_start"], definitions),
        week_scores=_week_scores(weeks, definitions),
        day_tracks=_day_tracks(plays, tracks, definitions),
        top_songs=top_songs,
        top_artists=_top_artists(plays, weeks, tracks, definitions),
        hours=_hours(plays, definitions),
        streaks=_streaks(days),
        highlights=_highlights(plays, days, weeks, top_songs, definitions),
        shared_tracks=_shared_tracks(plays, tracks, definitions),
        similarity=_similarity(recommendations, top_songs, tracks, definitions),
        deciles=deciles,
        slopes=slopes,
        engagement_weeks=engagement_weeks,
        retention=retention,
        tracks=tracks,
    )


# ---- plays ----


@dataclass(frozen=True)
class _Inputs:
    """What the sources say of all listeners, with the ids that tracks are counted under."""

    exported: pd.DataFrame
    account_data: pd.DataFrame
    polled: pd.DataFrame
    names: pd.DataFrame  # by track_id: track_name, artist_name


def _read(listeners: Sequence[Listener], tracks: pd.DataFrame, definitions: Definitions) -> _Inputs:
    exported = pd.concat([exported_plays(one, definitions.skip_reasons) for one in listeners], ignore_index=True)
    polled = pd.concat([polled_plays(one) for one in listeners], ignore_index=True)
    titled = pd.concat([account_data_plays(one) for one in listeners], ignore_index=True)
    for frame in (exported, polled):
        frame["reported_id"] = frame["track_id"]
        frame["track_id"] = frame["track_id"].replace(definitions.aliases)
    listed = tracks.reset_index()[["track_id", "track_name", "artist_name"]]
    listed["track_id"] = listed["track_id"].replace(definitions.aliases)
    titled["track_id"] = _found(titled, exported, polled, listed)
    own_ids = [title_id(key) for key in titled["title_key"]]
    titled["reported_id"] = titled["track_id"].where(titled["track_id"] == own_ids)
    return _Inputs(exported, titled, polled, _names(exported, titled, polled, tracks, definitions))


def _last_seen(listeners: Sequence[Listener], plays: pd.DataFrame) -> dict[str, pd.Timestamp]:
    """By listener, the local date of the last play, record or poll."""
    dates = plays.groupby("user_id")["listening_date"].max().to_dict()
    for listener in listeners:
        moment = last_seen(listener)
        if moment is not None and listener.user_id in dates:
            local = pd.Timestamp(moment, tz="UTC").tz_convert(ZoneInfo(listener.timezone)).tz_localize(None).normalize()
            dates[listener.user_id] = max(dates[listener.user_id], local)
    return dates


def _found(titled: pd.DataFrame, exported: pd.DataFrame, polled: pd.DataFrame, listed: pd.DataFrame) -> pd.Series:
    """The track of every title: the listener's own most played, else one that is listed, else the most played."""
    own: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    anybodys: dict[str, Counter[str]] = defaultdict(Counter)
    for frame in (exported, polled):
        for row in frame.dropna(subset="track_name").itertuples():
            key = title_key(row.track_name, row.artist_name)
            own[row.user_id, key][row.track_id] += 1
            anybodys[key][row.track_id] += 1
    for row in listed.dropna(subset="track_name").itertuples():
        anybodys[title_key(row.track_name, row.artist_name)][row.track_id] += 10**9
    found = []
    for row in titled.itertuples():
        known = own.get((row.user_id, row.title_key)) or anybodys.get(row.title_key)
        # Listed tracks come before all others, whatever was played: then plays count.
        found.append(min(known, key=lambda one: (-known[one], one)) if known else title_id(row.title_key))
    return pd.Series(found, index=titled.index, dtype=object)


def _names(
    exported: pd.DataFrame,
    titled: pd.DataFrame,
    polled: pd.DataFrame,
    tracks: pd.DataFrame,
    definitions: Definitions,
) -> pd.DataFrame:
    """Title and artist of every track: the catalogue's, else those of its newest play that says any."""
    columns = ["reported_id", "track_name", "artist_name", "played_at"]
    played = pd.concat([frame[columns] for frame in (exported, titled, polled)]).dropna(
        subset=["reported_id", "track_name"]
    )
    played = played.sort_values(["played_at", "track_name", "artist_name"], ascending=[False, True, True])
    newest = played.drop_duplicates("reported_id").assign(kind=2)
    listed = tracks.reset_index().rename(columns={"track_id": "reported_id"}).dropna(subset="track_name").assign(kind=1)
    names = pd.concat([newest, listed])[["reported_id", "track_name", "artist_name", "kind"]]
    names["track_id"] = names["reported_id"].replace(definitions.aliases)
    names["is_alias"] = names["track_id"] != names["reported_id"]
    names = names.sort_values(["kind", "is_alias", "reported_id"]).drop_duplicates("track_id").set_index("track_id")
    return names[["track_name", "artist_name"]]


def _plays(
    listeners: Sequence[Listener],
    inputs: _Inputs,
    tracks: pd.DataFrame,
    said: pd.DataFrame,
    definitions: Definitions,
) -> pd.DataFrame:
    names = inputs.names
    keys = {
        str(track_id): title_key(row.track_name, row.artist_name)
        for track_id, row in zip(names.index, names.itertuples(), strict=True)
    }
    plays = pd.concat([_merged(listener, inputs, keys, definitions) for listener in listeners], ignore_index=True)
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
    measurable = (plays["source"] != "poll") & (plays["length_ms"] > 0).fillna(False)
    heard = (plays["listened_ms"] * 100 / plays["length_ms"]).clip(upper=100)
    plays["completion_pct"] = heard.where(measurable).astype(float)
    return plays.drop(columns="duration_ms").assign(duration_ms=plays["length_ms"])


def _merged(listener: Listener, inputs: _Inputs, keys: dict[str, str | None], definitions: Definitions) -> pd.DataFrame:
    """One listener's plays: the extended exports', those that only the account data has, those that only polls saw."""
    extended, titled, polled = (
        frame[frame["user_id"] == listener.user_id].reset_index(drop=True)
        for frame in (inputs.exported, inputs.account_data, inputs.polled)
    )
    for frame in (extended, titled, polled):
        frame["match_key"] = [keys.get(track_id) or track_id for track_id in frame["track_id"]]
    titled = titled.drop(index=_titled_twins(extended, titled))
    exported = pd.concat(
        [extended.assign(late=0.0), titled.assign(late=definitions.middle_seconds, is_skipped=pd.NA)],
        ignore_index=True,
    ).astype({"is_skipped": "boolean"})
    alone = polled.drop(index=_polled_twins(exported, polled, definitions.tolerance_seconds))
    alone = alone.assign(source="poll", listened_ms=pd.NA, is_skipped=pd.NA)
    alone = alone.astype({"listened_ms": "Float64", "is_skipped": "boolean"})
    merged = pd.concat([exported.assign(duration_ms=pd.NA), alone], ignore_index=True)
    merged = merged.astype({"duration_ms": "Float64"})
    merged = merged.sort_values(["played_at", "source"], kind="stable", ignore_index=True)

    merged["elapsed_ms"] = (merged["played_at"].diff() / pd.Timedelta(milliseconds=1)).round().astype("Float64")
    zone = ZoneInfo(listener.timezone)
    local = merged["played_at"].dt.tz_localize("UTC").dt.tz_convert(zone)
    merged["played_at_local"] = local.dt.tz_localize(None)
    merged["listening_date"] = merged["played_at_local"].dt.normalize()
    merged["listening_hour"] = local.dt.hour
    return merged


def _estimate(plays: pd.DataFrame) -> pd.Series:
    """How long a play lasted at most: its track's length, and no longer than since the play before it ended."""
    length = plays["length_ms"]
    return pd.concat([length, plays["elapsed_ms"]], axis=1).min(axis=1).where(length.notna())


def _titled_twins(extended: pd.DataFrame, titled: pd.DataFrame) -> list[int]:
    """Indices of the account data's plays that the extended export has too: as many as both have that agree."""
    there = Counter(
        zip(extended["match_key"], extended["listened_ms"], extended["played_at"].dt.floor("min"), strict=True)
    )
    twins = []
    for index, play in titled.iterrows():
        key = (play["match_key"], play["listened_ms"], play["played_at"])
        if there[key] > 0:
            there[key] -= 1
            twins.append(index)
    return twins


def _polled_twins(exported: pd.DataFrame, polled: pd.DataFrame, tolerance_seconds: float) -> list[int]:
    """Indices of polled plays that an export has too: nearest pairs first, each play in one pair."""
    pairs = []
    by_track = dict(tuple(exported.groupby("match_key")))
    for index, play in polled.iterrows():
        for other, candidate in by_track.get(play["match_key"], exported.iloc[:0]).iterrows():
            late = candidate["late"]
            distance = abs((play["played_at"] - candidate["played_at"]).total_seconds() - late)
            if round(distance, 3) <= tolerance_seconds + late:
                other_id = candidate["track_id"] != play["track_id"]
                pairs.append((round(distance, 3), other_id, -candidate["listened_ms"], play["played_at"], other, index))
    taken: set[tuple[str, Any]] = set()
    twins = []
    for *_, other, index in sorted(pairs):
        if ("export", other) not in taken and ("poll", index) not in taken:
            taken |= {("export", other), ("poll", index)}
            twins.append(index)
    return twins


# ---- days and weeks ----


def _grouped(plays: pd.DataFrame, by: list[str], tracks: pd.DataFrame) -> pd.DataFrame:
    """Counts, minutes, skips, completion and means of features a listener and `by`; not dense yet."""
    keys = ["user_id", *by]
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
            "skip_known_plays": everything["is_skipped"].count(),
            "skipped_plays": everything["is_skipped"].sum(),
            "exported_plays": plays[plays["source"] != "poll"].groupby(keys).size(),
            "completion_known_plays": everything["completion_pct"].count(),
            "completion_pct": everything["completion_pct"].mean(),
        }
    )
    table[COUNTS] = table[COUNTS].fillna(0).astype("int64")
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
    dense[COUNTS] = dense[COUNTS].fillna(0).astype("int64")
    dense["minutes_listened"] = dense["minutes_listened"].fillna(0.0)
    if by != "week_start":
        dense["week_start"] = dense[by] - pd.to_timedelta(dense[by].dt.day_of_week, unit="D")
    dense["skip_rate_pct"] = (
        100 * dense["skipped_plays"] / dense["skip_known_plays"].where(dense["skip_known_plays"] > 0)
    )
    silent = dense["plays"] == 0
    dense["skip_null_reason"] = _reasons(
        (silent, "nothing played"), (dense["skip_known_plays"] == 0, "skips not recorded")
    )
    dense["completion_null_reason"] = _reasons(
        (silent, "nothing played"),
        (dense["exported_plays"] == 0, "estimated durations"),
        (dense["completion_known_plays"] == 0, "unknown track lengths"),
    )
    return _with_meaning(_with_coverage(dense), definitions)


def _with_coverage(table: pd.DataFrame) -> pd.DataFrame:
    """The table with the share of its listens that are scored, and why there may be no scores."""
    coverage = table["scored_listens"] * 100 / table["listens"].where(table["listens"] > 0)
    reason = _reasons(
        (table["plays"] == 0, "nothing played"),
        (table["listens"] == 0, "no listens"),
        (table["scored_listens"] == 0, "no audio features"),
    )
    return table.assign(feature_coverage_pct=coverage, score_null_reason=reason)


def _reasons(*rules: tuple[pd.Series, str]) -> pd.Series:
    """For every row the text of the first condition that holds; none where none does."""
    texts = pd.Series(None, index=rules[0][0].index, dtype=object)
    for holds, text in reversed(rules):
        texts = texts.mask(holds, text)
    return texts


def _with_meaning(table: pd.DataFrame, definitions: Definitions) -> pd.DataFrame:
    """The table with versions, scores and vibe, from its week_start and its seven percentages."""
    table = table.copy()
    weeks = table["week_start"].unique()
    for column, family in VERSIONS.items():
        table[column] = table["week_start"].map({week: definitions.version(family, week) for week in weeks})
    for score in SCORES:
        table[f"{score}_score"] = np.nan
    for version, part in table.groupby("score_weights_version"):
        values = _scores(part[PERCENTAGES].to_numpy(float), int(version), SCORES, definitions)
        table.loc[part.index, SCORE_COLUMNS] = values
    of_version = {version: bands(version, definitions) for version in table["vibe_thresholds_version"].unique()}
    table["vibe"] = [
        vibe_of(valence, of_version[version])
        for valence, version in zip(table["valence_pct"], table["vibe_thresholds_version"], strict=True)
    ]
    return table


def _scores(percentages: np.ndarray, version: int, scores: Sequence[str], definitions: Definitions) -> np.ndarray:
    """Rows of the seven percentages times a matrix of shares: one column per score.

    An inverted feature has a negative share, and what it starts from is added back.
    """
    weights = definitions.score_weights
    shares, offsets = np.zeros((len(FEATURES), len(scores))), np.zeros(len(scores))
    for column, score in enumerate(scores):
        rows = weights[(weights["version"] == version) & (weights["score"] == score)]
        for row in rows.itertuples():
            share = row.weight / rows["weight"].sum()
            shares[FEATURES.index(row.audio_feature), column] = -share if row.inverted else share
            offsets[column] += 100 * share if row.inverted else 0
    columns = [_product(percentages, shares[:, column]) for column in range(len(scores))]
    return np.asarray(np.column_stack(columns) + offsets)


def _product(percentages: np.ndarray, share: np.ndarray) -> np.ndarray:
    """The weighted sum over the features that have a share: one that has none may be missing."""
    used = share != 0
    return np.asarray(percentages[:, used] @ share[used])


def bands(version: int, definitions: Definitions) -> list[tuple[float, bool, str]]:
    """Lower edge, whether it belongs to the band, and name, from the lowest band up."""
    bands = definitions.vibe_thresholds
    bands = bands[bands["version"] == version].sort_values("lower_pct")
    return list(zip(bands["lower_pct"], bands["lower_inclusive"], bands["vibe"], strict=True))


def vibe_of(valence: float, of_version: list[tuple[float, bool, str]]) -> str | None:
    """The last band, from below, whose lower edge the valence has reached."""
    if np.isnan(valence):
        return None
    valence = round(float(valence), 6)
    return [vibe for edge, inclusive, vibe in of_version if valence > edge or (inclusive and valence == edge)][-1]


def _weeks(plays: pd.DataFrame, days: pd.DataFrame, tracks: pd.DataFrame, definitions: Definitions) -> pd.DataFrame:
    weeks = _dense(_grouped(plays, ["week_start"], tracks), "week_start", "7D", definitions)
    by_week = days.groupby(["user_id", "week_start"])
    spans = by_week.agg(days_observed=("plays", "size"), active_days=("plays", lambda plays: int((plays > 0).sum())))
    weeks = weeks.merge(spans.reset_index(), on=["user_id", "week_start"], how="left")
    weeks["listens_per_day"] = weeks["listens"] / weeks["days_observed"]
    weeks["is_complete_week"] = weeks["days_observed"] == 7
    weeks = weeks.merge(_new_and_returning(plays), on=["user_id", "week_start"], how="left")
    news = ["new_tracks", "returning_tracks", "unique_artists", "new_artists", "returning_artists"]
    weeks[news] = weeks[news].fillna(0).astype("int64")

    versions = ["listen_rules_version", "score_weights_version"]
    compared = ["week_start", "minutes_listened", "listens", "is_complete_week", *versions, *SCORE_COLUMNS]
    before = weeks.sort_values("week_start").groupby("user_id")[compared].shift()
    weeks["previous_minutes_listened"] = before["minutes_listened"]
    first = before["week_start"].isna()
    in_part = ~(weeks["is_complete_week"] & before["is_complete_week"].eq(True))
    same = before[versions].eq(weeks[versions])
    weeks["minutes_change_null_reason"] = _reasons((first, "no week before"), (in_part, "incomplete week"))
    weeks["minutes_change_pct_null_reason"] = _reasons(
        (first, "no week before"),
        (in_part, "incomplete week"),
        (before["minutes_listened"].eq(0), "silent week before"),
    )
    weeks["listens_change_null_reason"] = _reasons(
        (first, "no week before"), (in_part, "incomplete week"), (~same["listen_rules_version"], "other definitions")
    )
    weeks["score_change_null_reason"] = _change_reasons(
        first, same.all(axis=1), before["energy_score"], weeks["energy_score"]
    )
    before.loc[in_part, "minutes_listened"] = float("nan")
    before.loc[in_part | ~same["listen_rules_version"], "listens"] = float("nan")
    before.loc[~same.all(axis=1), SCORE_COLUMNS] = float("nan")
    weeks["minutes_listened_change"] = weeks["minutes_listened"] - before["minutes_listened"]
    previous = before["minutes_listened"].where(before["minutes_listened"] > 0)
    weeks["minutes_listened_change_pct"] = weeks["minutes_listened_change"] / previous * 100
    weeks["listens_change"] = weeks["listens"] - before["listens"]
    for score in SCORE_COLUMNS:
        weeks[f"{score}_change_pp"] = weeks[score] - before[score]
    return weeks


def _change_reasons(first: pd.Series, same: pd.Series, before: pd.Series, now: pd.Series) -> pd.Series:
    """Why scores have no change on the week before."""
    return _reasons(
        (first, "no week before"),
        (~same, "other definitions"),
        (before.isna(), "no score the week before"),
        (now.isna(), "no score"),
    )


def _new_and_returning(plays: pd.DataFrame) -> pd.DataFrame:
    """For every week with listens, how many of its tracks and artists had been listened to before."""
    rows = []
    for user_id, listens in plays[plays["is_listen"]].groupby("user_id"):
        heard: dict[str, set[str]] = {"track_id": set(), "artist_name": set()}
        for week_start, week in listens.groupby("week_start", sort=True):
            row = {"user_id": user_id, "week_start": week_start}
            for column, names in (("track_id", "tracks"), ("artist_name", "artists")):
                now = set(week[column].dropna())
                row |= {
                    f"unique_{names}": len(now),
                    f"new_{names}": len(now - heard[column]),
                    f"returning_{names}": len(now & heard[column]),
                }
                heard[column] |= now
            rows.append(row)
    return pd.DataFrame(rows).drop(columns="unique_tracks")


# ---- scores in the long form ----


def _long_scores(table: pd.DataFrame, keys: list[str], definitions: Definitions) -> pd.DataFrame:
    """One row per row of the table and score that is in use in its version of the weights."""
    described = ["score_null_reason", "listens", "scored_listens", "feature_coverage_pct"]
    described += ["score_weights_version", "listen_rules_version"]
    parts = []
    for version, part in table.groupby("score_weights_version"):
        scores = definitions.scores_in_use(int(version))
        values = _scores(part[PERCENTAGES].to_numpy(float), int(version), scores, definitions)
        for column, score in enumerate(scores):
            parts.append(part[[*keys, *described]].assign(score=score, score_value=values[:, column]))
    return pd.concat(parts, ignore_index=True)


def _week_scores(weeks: pd.DataFrame, definitions: Definitions) -> pd.DataFrame:
    """Scores of weeks, each held against that of the week seven days before."""
    scores = _long_scores(weeks, ["user_id", "week_start"], definitions)
    versions = ["score_weights_version", "listen_rules_version"]
    later = scores[["user_id", "score", "week_start", "score_value"]].rename(columns={"score_value": "before"})
    later["week_start"] += pd.Timedelta(days=7)
    scores = scores.merge(later, on=["user_id", "score", "week_start"], how="left")
    later = weeks[["user_id", "week_start", *versions]].assign(week_start=weeks["week_start"] + pd.Timedelta(days=7))
    scores = scores.merge(later, on=["user_id", "week_start"], how="left", suffixes=("", "_before"))
    first = scores["score_weights_version_before"].isna()
    same = pd.concat([scores[name] == scores[f"{name}_before"] for name in versions], axis=1).all(axis=1)
    scores["change_null_reason"] = _change_reasons(first, same, scores["before"], scores["score_value"])
    scores["previous_score_value"] = scores["before"].where(same)
    scores["score_change_pp"] = scores["score_value"] - scores["previous_score_value"]
    return scores


# ---- hours, streaks ----


def _hours(plays: pd.DataFrame, definitions: Definitions) -> pd.DataFrame:
    keys = ["user_id", "week_start", "day_of_week", "hour_of_day"]
    dated = plays.assign(day_of_week=plays["listening_date"].dt.day_of_week + 1, hour_of_day=plays["listening_hour"])
    groups = dated.groupby(keys)
    hours = groups.agg(plays=("is_listen", "size"), listens=("is_listen", "sum"), listened_ms=("listened_ms", "sum"))
    hours["minutes_listened"] = hours.pop("listened_ms").astype(float) / 60_000
    hours = hours.reset_index()
    versions = {week: definitions.version("listen_rules", week) for week in hours["week_start"].unique()}
    return hours.assign(listen_rules_version=hours["week_start"].map(versions))


def _streaks(days: pd.DataFrame) -> pd.DataFrame:
    """From every active day whose day before is silent, walk on until a silent day."""
    day, rows = pd.Timedelta(days=1), []
    for user_id, active in days[days["plays"] > 0].groupby("user_id"):
        measures = active.set_index("listening_date")[["listens", "minutes_listened"]].to_dict("index")
        streaks = []
        for first in sorted(date for date in measures if date - day not in measures):
            last = first
            while last + day in measures:
                last += day
            dates = pd.date_range(first, last)
            streaks.append(
                {
                    "user_id": user_id,
                    "first_date": first,
                    "last_date": last,
                    "days": len(dates),
                    "listens": sum(measures[date]["listens"] for date in dates),
                    "minutes_listened": sum(measures[date]["minutes_listened"] for date in dates),
                    "is_longest": False,
                    "is_current": last == max(measures),
                }
            )
        max(streaks, key=lambda streak: streak["days"])["is_longest"] = True  # the first of several
        rows += streaks
    return pd.DataFrame(rows)


# ---- tracks and artists ----


def _day_tracks(plays: pd.DataFrame, tracks: pd.DataFrame, definitions: Definitions) -> pd.DataFrame:
    groups = plays.groupby(["user_id", "listening_date", "week_start", "track_id"])
    table = groups.agg(plays=("is_listen", "size"), listens=("is_listen", "sum"), listened_ms=("listened_ms", "sum"))
    table["minutes_listened"] = table.pop("listened_ms").astype(float) / 60_000
    return _with_track_meaning(table.reset_index(), tracks, definitions)


def _with_track_meaning(table: pd.DataFrame, tracks: pd.DataFrame, definitions: Definitions) -> pd.DataFrame:
    """The table with the scores and vibe of its tracks; a track of which a feature is unknown has none."""
    features = tracks.loc[tracks["is_scored"], list(FEATURES)].set_axis(PERCENTAGES, axis=1)
    table = _with_meaning(table.join(features, on="track_id").reset_index(drop=True), definitions)
    table["score_null_reason"] = _reasons((~table["track_id"].isin(features.index), "no audio features"))
    return table


def _top_songs(plays: pd.DataFrame, tracks: pd.DataFrame, definitions: Definitions) -> pd.DataFrame:
    groups = plays.groupby(["user_id", "week_start", "track_id"])
    songs = groups.agg(plays=("is_listen", "size"), listens=("is_listen", "sum"), listened_ms=("listened_ms", "sum"))
    songs = songs[songs["listens"] > 0].reset_index()
    songs = songs.sort_values(
        ["user_id", "week_start", "listens", "listened_ms", "track_id"], ascending=[True, True, False, False, True]
    )
    songs["top_song_number"] = songs.groupby(["user_id", "week_start"]).cumcount() + 1
    songs["minutes_listened"] = songs.pop("listened_ms").astype(float) / 60_000
    return _with_track_meaning(songs, tracks, definitions)


def _top_artists(
    plays: pd.DataFrame, weeks: pd.DataFrame, tracks: pd.DataFrame, definitions: Definitions
) -> pd.DataFrame:
    """One row per listener, week and artist with a listen, the most listened first; nameless artists are nobody."""
    known = plays.dropna(subset="artist_name")
    artists = _grouped(known, ["week_start", "artist_name"], tracks).reset_index()
    listened_ms = known.groupby(["user_id", "week_start", "artist_name"])["listened_ms"].sum().rename("listened_ms")
    artists = artists.merge(listened_ms.reset_index(), on=["user_id", "week_start", "artist_name"])
    artists = artists[artists["listens"] > 0].sort_values(
        ["user_id", "week_start", "listens", "listened_ms", "artist_name"],
        ascending=[True, True, False, False, True],
        ignore_index=True,
    )
    artists["top_artist_number"] = artists.groupby(["user_id", "week_start"]).cumcount() + 1
    total = weeks[["user_id", "week_start", "listens"]].rename(columns={"listens": "total"})
    artists = artists.merge(total, on=["user_id", "week_start"])
    artists["listens_share_pct"] = artists["listens"] * 100 / artists["total"]
    first_weeks = artists.groupby(["user_id", "artist_name"])["week_start"].transform("min")
    artists["is_new_artist"] = artists["week_start"] == first_weeks
    return _with_meaning(_with_coverage(artists), definitions)


def _with_history(songs: pd.DataFrame, weeks: pd.DataFrame) -> pd.DataFrame:
    """The songs with whether they are new, and their place in the week before where the two weeks are compared."""
    week = pd.Timedelta(days=7)
    of_week = weeks.set_index(["user_id", "week_start"])[["is_complete_week", "listen_rules_version"]].to_dict("index")
    rows = []
    for user_id, mine in songs.groupby("user_id"):
        heard: set[str] = set()
        places: dict[Any, dict[str, int]] = {}
        for week_start, now in mine.groupby("week_start", sort=True):
            before = places.get(week_start - week, {})
            places[week_start] = dict(zip(now["track_id"], now["top_song_number"], strict=True))
            this, last = of_week[user_id, week_start], of_week.get((user_id, week_start - week))
            for index, track_id in now["track_id"].items():
                reason = None
                if last is None:
                    reason = "no week before"
                elif not (this["is_complete_week"] and last["is_complete_week"]):
                    reason = "incomplete week"
                elif this["listen_rules_version"] != last["listen_rules_version"]:
                    reason = "other definitions"
                elif track_id not in before:
                    reason = "not listened to the week before"
                rows.append((index, track_id not in heard, None if reason else before[track_id], reason))
            heard |= set(now["track_id"])
    columns = ["is_new_track", "previous_top_song_number", "previous_top_song_null_reason"]
    history = pd.DataFrame(rows, columns=["index", *columns]).set_index("index")
    return songs.join(history.astype({"previous_top_song_number": "Float64"}))


# ---- highlights, shared tracks ----


def _highlights(
    plays: pd.DataFrame, days: pd.DataFrame, weeks: pd.DataFrame, top_songs: pd.DataFrame, definitions: Definitions
) -> pd.DataFrame:
    """Of every week what there was most of: within a day, by day, by hour, and among what is new."""
    least = definitions.constants["obsession_least_listens"]
    keys = ["user_id", "week_start"]
    plays_of, days_of, songs_of = (dict(iter(table.groupby(keys))) for table in (plays, days, top_songs))
    rows = []
    for week in weeks.itertuples():
        key = (week.user_id, week.week_start)
        row: dict[str, Any] = dict(zip(keys, key, strict=True))
        nothing = "nothing played" if week.plays == 0 else "no listens" if week.listens == 0 else None
        mine = plays_of.get(key, plays.iloc[:0])
        repeated: Counter[tuple[Any, str]] = Counter()
        times: Counter[tuple[Any, str]] = Counter()
        hours: dict[int, list[float]] = defaultdict(lambda: [0, 0])
        columns = ["listening_date", "listening_hour", "track_id", "is_listen", "listened_ms"]
        for date, hour, track_id, is_listen, listened_ms in mine[columns].itertuples(index=False, name=None):
            time = 0 if pd.isna(listened_ms) else int(listened_ms)
            repeated[date, track_id] += int(is_listen)
            times[date, track_id] += time
            hours[hour][0] += time
            hours[hour][1] += int(is_listen)
        often = [one for one in repeated if repeated[one] >= least]
        best = min(often, key=lambda one: (-repeated[one], -times[one], *one), default=None)
        row["obsession_track_id"] = best[1] if best else None
        row["obsession_date"] = best[0] if best else pd.NaT
        row["obsession_listens"] = repeated[best] if best else None
        row["obsession_null_reason"] = None if best else nothing or "nothing repeated enough"
        dated = [day for day in days_of[key].itertuples() if day.minutes_listened > 0]
        top = min(dated, key=lambda day: (-day.minutes_listened, -day.listens, day.listening_date), default=None)
        row["top_day"] = top.listening_date if top else pd.NaT
        row["top_day_minutes"] = top.minutes_listened if top else None
        row["top_day_listens"] = top.listens if top else None
        favourite = min(hours, key=lambda hour: (-hours[hour][0], -hours[hour][1], hour)) if top else None
        row["favourite_hour"] = favourite
        row["favourite_hour_minutes"] = None if favourite is None else hours[favourite][0] / 60_000
        row["top_day_null_reason"] = None if top else "nothing played" if week.plays == 0 else "no listening time"
        songs = songs_of.get(key, top_songs.iloc[:0])
        new = [song for song in songs.sort_values("top_song_number").itertuples() if song.is_new_track]
        row["top_new_track_id"] = new[0].track_id if new else None
        row["top_new_top_song_number"] = new[0].top_song_number if new else None
        row["top_new_listens"] = new[0].listens if new else None
        row["top_new_null_reason"] = None if new else nothing or "nothing new"
        rows.append(row)
    numbers = ["obsession_listens", "top_day_minutes", "top_day_listens", "favourite_hour", "favourite_hour_minutes"]
    numbers += ["top_new_top_song_number", "top_new_listens"]
    table = pd.DataFrame(rows).astype(dict.fromkeys(numbers, "Float64"))
    return table.astype(dict.fromkeys(["obsession_date", "top_day"], "datetime64[us]"))


def _shared_tracks(plays: pd.DataFrame, tracks: pd.DataFrame, definitions: Definitions) -> pd.DataFrame:
    """For every two listeners the tracks of both, the one first of which the lazier of them had most."""
    most = int(definitions.constants["shared_tracks_listed"])
    counts = {
        user_id: Counter(listens["track_id"]) for user_id, listens in plays[plays["is_listen"]].groupby("user_id")
    }
    rows = []
    for user_id, mine in counts.items():
        for other_user_id, theirs in counts.items():
            if user_id == other_user_id:
                continue
            pairs = {track_id: (mine[track_id], theirs[track_id]) for track_id in mine.keys() & theirs.keys()}
            order = sorted(pairs, key=lambda one, pairs=pairs: (-min(pairs[one]), -sum(pairs[one]), one))  # type: ignore[misc]
            rows += [
                (user_id, other_user_id, number, track_id, *pairs[track_id])
                for number, track_id in enumerate(order[:most], start=1)
            ]
    columns = ["user_id", "other_user_id", "shared_track_number", "track_id", "listens", "other_listens"]
    # Scores and vibes of tracks themselves are those of the present versions.
    table = pd.DataFrame(rows, columns=columns).assign(week_start=pd.Timestamp.now().normalize())
    return _with_track_meaning(table, tracks, definitions)


# ---- recommendations ----


def _similarity(
    recommendations: pd.DataFrame, top_songs: pd.DataFrame, tracks: pd.DataFrame, definitions: Definitions
) -> pd.DataFrame:
    """One row per recommender, listener, week, Top Song and feature."""
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
