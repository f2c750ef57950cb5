/** Sums of what may be added up: plays, listens and minutes, over weeks, songs and listeners. */
import { addDays } from './format.js';

/** @typedef {Record<string, any>} Row */

/** @type {(rows: Row[]) => { plays: number, listens: number, minutes_listened: number, first_date: string, last_date: string }} */
export const total = (rows) => ({
	plays: rows.reduce((all, row) => all + row.plays, 0),
	listens: rows.reduce((all, row) => all + row.listens, 0),
	minutes_listened: rows.reduce((all, row) => all + row.minutes_listened, 0),
	first_date: rows.reduce((first, row) => (first && first < row.first_date ? first : row.first_date), ''),
	last_date: rows.reduce((last, row) => (last > row.last_date ? last : row.last_date), '')
});

/** Rows by what stands in a column @type {(rows: Row[], column: string) => Map<string, Row[]>} */
export const grouped = (rows, column) => {
	/** @type {Map<string, Row[]>} */
	const groups = new Map();
	for (const row of rows) {
		const group = groups.get(row[column]);
		if (group) group.push(row);
		else groups.set(row[column], [row]);
	}
	return groups;
};

/** A row a week from the first to the last, zeros where nothing was played @type {(rows: Row[]) => Row[]} */
export const byWeek = (rows) => {
	const groups = grouped(rows, 'week_start');
	const found = [...groups.keys()].sort();
	const weeks = [];
	for (let week = found[0]; week && week <= found[found.length - 1]; week = addDays(week, 7)) {
		weeks.push({ date: week, ...total(groups.get(week) ?? []) });
	}
	return weeks;
};

/** A row a listener, who listened most first @type {(rows: Row[]) => Row[]} */
export const byListener = (rows) =>
	[...grouped(rows, 'user_id')]
		.map(([user_id, own]) => ({ user_id, ...total(own) }))
		.sort((one, other) => other.listens - one.listens || other.plays - one.plays);
