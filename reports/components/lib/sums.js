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

/** A row a week from the first to the last, zeros where nothing was played @type {(rows: Row[]) => Row[]} */
export const byWeek = (rows) => {
	const found = [...new Set(rows.map((row) => row.week_start))].sort();
	const weeks = [];
	for (let week = found[0]; week && week <= found[found.length - 1]; week = addDays(week, 7)) {
		weeks.push({ date: week, ...total(rows.filter((row) => row.week_start === week)) });
	}
	return weeks;
};
