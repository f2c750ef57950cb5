/** Which listener and dates a page shows: those of the address, else the usual ones. */
import { addDays, mondayOf } from './format.js';

/** @typedef {Rows.Shared['listeners']} Listener */
/** A listener, or several as one @typedef {{ first_week?: string | null, last_week?: string | null,
 *   latest_complete_week?: string | null }} Weeks */
/** @typedef {{ first_listening_date: string | null, last_listening_date: string | null }} Span */
/** What a page shows, and what to tell the reader when the address asked for something that is not there
 * @template Choice @typedef {Choice & { notice: string }} Chosen */

const ISO_DATE = /^\d{4}-\d{2}-\d{2}$/;

/** @type {(listeners: Listener[], asked: string | null) => Chosen<{ listener: Listener | undefined }>} */
export const chooseListener = (listeners, asked) => {
	const found = listeners.find((one) => one.user_id === asked);
	const notice = 'The listener in the link is not on this site, so you see somebody else.';
	return { listener: found ?? listeners[0], notice: asked && !found ? notice : '' };
};

/** All weeks of a listener, newest first @type {(listener: Weeks | undefined) => string[]} */
export const weeksOf = (listener) => {
	/** @type {string[]} */
	const weeks = [];
	const first = listener?.first_week;
	for (let week = listener?.last_week; first && week && week >= first; week = addDays(week, -7)) weeks.push(week);
	return weeks;
};

/**
 * The week of the address (any of its dates will do), else the latest complete one, else the latest.
 * @type {(listener: Weeks | undefined, asked: string | null, preferred?: string | null)
 *   => Chosen<{ week: string | null }>}
 */
export const chooseWeek = (listener, asked, preferred) => {
	const weeks = weeksOf(listener);
	const found = asked && ISO_DATE.test(asked) ? weeks.find((week) => week === mondayOf(asked)) : undefined;
	const usual = preferred ?? listener?.latest_complete_week ?? listener?.last_week ?? null;
	const notice = 'Nothing was played in the week in the link, so you see another week.';
	return { week: found ?? usual, notice: asked && !found ? notice : '' };
};

/** @type {(listener: Span | undefined, asked: string | null) => Chosen<{ date: string | null }>} */
export const chooseDate = (listener, asked) => {
	const first = listener?.first_listening_date;
	const last = listener?.last_listening_date ?? null;
	const found = asked && ISO_DATE.test(asked) && first && last && asked >= first && asked <= last ? asked : undefined;
	const notice = 'The date in the link is outside the loaded listening, so you see the newest day.';
	return { date: found ?? last, notice: asked && !found ? notice : '' };
};

/**
 * First and last date of a range within the loaded listening; by default all of it.
 * @type {(span: Span | undefined, from: string | null, to: string | null)
 *   => Chosen<{ from: string | null, to: string | null }>}
 */
export const chooseRange = (span, from, to) => {
	const first = span?.first_listening_date ?? null;
	const last = span?.last_listening_date ?? null;
	const inside = (/** @type {string | null} */ asked) =>
		asked && first && last && ISO_DATE.test(asked) && asked >= first && asked <= last ? asked : undefined;
	const start = inside(from) ?? first;
	const end = inside(to) ?? last;
	const turned = start && end && start > end;
	const notice =
		turned || (from && !inside(from)) || (to && !inside(to))
			? 'The dates in the link are outside the loaded listening, so you see other dates.'
			: '';
	return turned ? { from: first, to: last, notice } : { from: start, to: end, notice };
};

/** The year of a date, by which large tables are cut @type {(iso: string | null | undefined) => string} */
export const yearOf = (iso) => iso?.slice(0, 4) ?? '';

/** Every year of a range of dates @type {(from: string | null | undefined, to: string | null | undefined) => string[]} */
export const yearsOf = (from, to) => {
	/** @type {string[]} */
	const years = [];
	for (let year = Number(yearOf(from)); from && to && year <= Number(yearOf(to)); year += 1) years.push(String(year));
	return years;
};
