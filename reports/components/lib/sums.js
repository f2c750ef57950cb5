/** Sums of additive columns: plays, listens and minutes, over weeks, songs and listeners. */
import { addDays } from './format.js';

/** @typedef {{ plays: number, listens: number, minutes_listened: number, first_date: string, last_date: string }} Total */
/** @typedef {Total & { user_id: string, week_start: string }} Row */

/** @type {(rows: Total[]) => Total} */
export const total = (rows) => ({
	plays: rows.reduce((all, row) => all + row.plays, 0),
	listens: rows.reduce((all, row) => all + row.listens, 0),
	minutes_listened: rows.reduce((all, row) => all + row.minutes_listened, 0),
	first_date: rows.reduce((first, row) => (first && first < row.first_date ? first : row.first_date), ''),
	last_date: rows.reduce((last, row) => (last > row.last_date ? last : row.last_date), '')
});

/** Rows by the value of a column @type {<One extends Record<string, any>>(rows: One[], column: keyof One) => Map<string, One[]>} */
export const grouped = (rows, column) => {
	const groups = new Map();
	for (const row of rows) {
		const group = groups.get(row[column]);
		if (group) group.push(row);
		else groups.set(row[column], [row]);
	}
	return groups;
};

/** One row per week, from the first to the last, zeros where nothing was played @type {(rows: Row[]) => (Total & { date: string })[]} */
export const byWeek = (rows) => {
	const groups = grouped(rows, 'week_start');
	const found = [...groups.keys()].sort();
	const weeks = [];
	for (let week = found[0]; week && week <= found[found.length - 1]; week = addDays(week, 7)) {
		weeks.push({ date: week, ...total(groups.get(week) ?? []) });
	}
	return weeks;
};

/** One row per listener, most listens first @type {(rows: Row[]) => (Total & { user_id: string })[]} */
export const byListener = (rows) =>
	[...grouped(rows, 'user_id')]
		.map(([user_id, own]) => ({ user_id, ...total(own) }))
		.sort((one, other) => other.listens - one.listens || other.plays - one.plays);
