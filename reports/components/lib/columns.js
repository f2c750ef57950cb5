/** Columns that are named after rows of the definitions: a score’s and an audio feature’s. */
import { rowsOf } from './query.js';

/** @typedef {Rows.Shared['score_meanings']} Score */
/** @typedef {Rows.Shared['feature_meanings']} Feature */

/** The scores that a list of songs has a column for
 * @type {(scores: Query<Score> | undefined, song: Record<string, any> | undefined) => Score[]} */
export const scoreColumns = (scores, song) =>
	(rowsOf(scores) ?? []).filter((score) => song && `${score.score}_score` in song);

/** @type {(song: Record<string, any>, score: Score) => number | null} */
export const scoreOf = (song, score) => song[`${score.score}_score`] ?? null;

/** @type {(row: Record<string, any> | undefined, feature: { audio_feature: string }) => number | null} */
export const featureOf = (row, feature) => row?.[`${feature.audio_feature}_pct`] ?? null;
