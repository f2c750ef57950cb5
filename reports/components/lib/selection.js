/** Who and when a page shows: from the address when it says so, else the listener and week that are most worth a look. */
import { goto } from '$app/navigation';
import { addDays, mondayOf } from './format.js';

/** @typedef {Record<string, any>} Row */

const ISO_DATE = /^\d{4}-\d{2}-\d{2}$/;

/** @type {(listeners: Row[], asked: string | null) => { listener: Row | undefined, unknown: boolean }} */
export const chooseListener = (listeners, asked) => {
	const found = listeners.find((one) => one.user_id === asked);
	return { listener: found ?? listeners[0], unknown: Boolean(asked) && !found };
};

/** All weeks of a listener, newest first @type {(listener: Row | undefined) => string[]} */
export const weeksOf = (listener) => {
	const weeks = [];
	if (!listener?.first_week) return weeks;
	for (let week = listener.last_week; week >= listener.first_week; week = addDays(week, -7)) weeks.push(week);
	return weeks;
};

/**
 * The week of the address (any of its dates will do), else the latest complete one, else the latest.
 * @type {(listener: Row | undefined, asked: string | null, preferred?: string | null)
 *   => { week: string | null, unknown: boolean }}
 */
export const chooseWeek = (listener, asked, preferred) => {
	const weeks = weeksOf(listener);
	const found = asked && ISO_DATE.test(asked) ? weeks.find((week) => week === mondayOf(asked)) : undefined;
	const usual = preferred ?? listener?.latest_complete_week ?? listener?.last_week ?? null;
	return { week: found ?? usual, unknown: Boolean(asked) && !found };
};

/** @type {(listener: Row | undefined, asked: string | null) => { date: string | null, unknown: boolean }} */
export const chooseDate = (listener, asked) => {
	const first = listener?.first_listening_date;
	const last = listener?.last_listening_date ?? null;
	const found = asked && ISO_DATE.test(asked) && first && asked >= first && asked <= last ? asked : undefined;
	return { date: found ?? last, unknown: Boolean(asked) && !found };
};

/**
 * First and last date of a range, within the listening that is loaded; without them, all of it.
 * @type {(span: Row | undefined, from: string | null, to: string | null)
 *   => { from: string | null, to: string | null, unknown: boolean }}
 */
export const chooseRange = (span, from, to) => {
	const first = span?.first_listening_date ?? null;
	const last = span?.last_listening_date ?? null;
	const inside = (/** @type {string | null} */ asked) =>
		asked && first && ISO_DATE.test(asked) && asked >= first && asked <= last ? asked : undefined;
	const start = inside(from) ?? first;
	const end = inside(to) ?? last;
	const unknown = Boolean(from && !inside(from)) || Boolean(to && !inside(to));
	return start && end && start > end ? { from: first, to: last, unknown: true } : { from: start, to: end, unknown };
};

/** The year of a date: what large tables are cut by @type {(iso: string | null | undefined) => string} */
export const yearOf = (iso) => iso?.slice(0, 4) ?? '';

/** Every year of a range of dates @type {(from: string | null | undefined, to: string | null | undefined) => string[]} */
export const yearsOf = (from, to) => {
	const years = [];
	for (let year = Number(yearOf(from)); from && to && year <= Number(yearOf(to)); year += 1) years.push(String(year));
	return years;
};

/** Tells the page's queries; silent when they know already @type {(inputs: any, values: Record<string, any>) => void} */
export const tell = (inputs, values) => {
	inputs.update((/** @type {any} */ known) => Object.assign(known, values));
};

/** Goes to what a reader chose, and leaves focus and scroll where they are @type {(address: string) => void} */
export const visit = (address) => {
	goto(address, { keepFocus: true, noScroll: true });
};

/** Writes what is shown into the address bar, without a step in the history @type {(address: string) => void} */
export const settle = (address) => {
	if (`${location.pathname}${location.search}` !== address) {
		goto(address, { replaceState: true, keepFocus: true, noScroll: true });
	}
};
