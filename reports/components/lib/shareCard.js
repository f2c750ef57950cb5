/** The text of the card that a listener shares for a week; `charts/card.js` draws exactly this. */
import { known, listed, number, percent, possessive, week as asWeek } from './format.js';

/** @typedef {Rows.WeeklyWrapped} Wrapped */
/** @typedef {{
 *   title: string, dates: string, vibe: string, emoji: string, colour: string, ink: string, minutes: string, songs: string,
 *   minutesUnit: string, songsUnit: string, top: { track: string, artist: string }[], artist: string | null,
 *   scores: { label: string, value: number }[]
 * }} Facts */

const SONGS = 5;
// For a week without a vibe: the site's own colours, the same in both themes
const NEUTRAL = { colour: '#2d2550', ink: '#ffffff' };

/**
 * @type {(about: { listener: Wrapped['listeners'], week: Wrapped['weeks'], songs: Wrapped['top_songs'][],
 *   artists: Wrapped['top_artists'][], values: Wrapped['week_scores'][], scores: Wrapped['score_meanings'][],
 *   look: { vibe: string, colour: string, emoji: string, ink: string } | null }) => Facts}
 */
export const cardFacts = ({ listener, week, songs, artists, values, scores, look }) => {
	const byScore = new Map(values.map((value) => [value.score, value.score_value]));
	return {
		title: listener.has_display_name ? `${possessive(listener.display_name)} week` : 'My week',
		dates: asWeek(week.week_start),
		vibe: look?.vibe ?? (week.plays === 0 ? 'A silent week' : 'A week without a vibe'),
		emoji: look?.emoji ?? '',
		colour: look?.colour ?? NEUTRAL.colour,
		ink: look?.ink ?? NEUTRAL.ink,
		minutes: number(week.minutes_listened),
		minutesUnit: number(week.minutes_listened) === '1' ? 'minute' : 'minutes',
		songs: number(week.listens),
		songsUnit: week.listens === 1 ? 'song' : 'songs',
		top: songs.slice(0, SONGS).map((song) => ({
			track: song.track_name ?? 'Unknown title',
			artist: song.artist_name ?? 'Unknown artist'
		})),
		artist: artists[0]?.artist_name ?? null,
		scores: scores.flatMap((score) => {
			const value = byScore.get(score.score);
			return known(value) ? [{ label: score.label, value }] : [];
		})
	};
};

/** The card in words, for screen readers @type {(facts: Facts) => string} */
export const cardWords = (facts) =>
	[
		`${facts.title}, ${facts.dates}: ${facts.vibe}.`,
		`${facts.minutes} ${facts.minutesUnit}, ${facts.songs} ${facts.songsUnit}.`,
		facts.top.length
			? `Top songs: ${facts.top.map((song, nth) => `${nth + 1}. ${song.track} by ${song.artist}`).join('; ')}.`
			: 'No songs this week.',
		facts.artist && `Top artist: ${facts.artist}.`,
		facts.scores.length && `${listed(facts.scores.map((score) => `${score.label} ${percent(score.value)}`))}.`
	]
		.filter(Boolean)
		.join(' ');

/** The name of a card's file @type {(week: string, format: { name: string }) => string} */
export const cardFile = (week, format) => `spotiflow-wrapped-${week}-${format.name}.png`;
