/**
 * How numbers and dates are written everywhere on the site. Rounding is for display only; nothing here computes.
 * Unknown values are written as an en dash, never as zero.
 */

export const UNKNOWN = '–';
const NBSP = '\u00a0';
const MINUS = '\u2212';

/** Whether it is a number that can be shown @type {(value: unknown) => value is number} */
export const known = (value) => typeof value === 'number' && Number.isFinite(value);

/** @type {Map<number, Intl.NumberFormat>} */
const formats = new Map();

/** @type {(value: number, digits: number) => string} */
const plain = (value, digits) => {
	let format = formats.get(digits);
	if (!format) {
		format = new Intl.NumberFormat('en-GB', { minimumFractionDigits: digits, maximumFractionDigits: digits });
		formats.set(digits, format);
	}
	return format.format(value);
};

/** 1,234; below zero with a minus, not a hyphen, and never −0.0 @type {(value: unknown, digits?: number) => string} */
export const number = (value, digits = 0) => {
	if (!known(value)) return UNKNOWN;
	const size = plain(Math.abs(value), digits);
	return value < 0 && Number(size.replaceAll(',', '')) !== 0 ? `${MINUS}${size}` : size;
};

/** 1 song, 2 songs @type {(value: unknown, one: string, many?: string) => string} */
export const count = (value, one, many = `${one}s`) =>
	known(value) ? `${plain(value, 0)}${NBSP}${value === 1 ? one : many}` : UNKNOWN;

/** 1,234 min @type {(value: unknown) => string} */
export const minutes = (value) => (known(value) ? `${plain(value, 0)}${NBSP}min` : UNKNOWN);

/** 20 h 34 min @type {(value: unknown) => string} */
export const duration = (value) => {
	if (!known(value)) return UNKNOWN;
	const whole = Math.round(value);
	if (whole < 60) return `${whole}${NBSP}min`;
	return `${plain(Math.floor(whole / 60), 0)}${NBSP}h ${whole % 60}${NBSP}min`;
};

/** 3:05, of milliseconds @type {(value: unknown) => string} */
export const clock = (value) => {
	if (!known(value)) return UNKNOWN;
	const seconds = Math.round(value / 1000);
	return `${plain(Math.floor(seconds / 60), 0)}:${String(seconds % 60).padStart(2, '0')}`;
};

/** 62 % @type {(value: unknown, digits?: number) => string} */
export const percent = (value, digits = 0) => (known(value) ? `${plain(value, digits)}${NBSP}%` : UNKNOWN);

/** +3.4, −3.4, 0.0: the sign belongs to what is shown, so that no −0.0 appears @type {(value: number, digits: number) => string} */
const withSign = (value, digits) => {
	const size = plain(Math.abs(value), digits);
	if (Number(size.replaceAll(',', '')) === 0) return size;
	return `${value < 0 ? MINUS : '+'}${size}`;
};

/** +3.4 pp @type {(value: unknown, digits?: number) => string} */
export const points = (value, digits = 1) => (known(value) ? `${withSign(value, digits)}${NBSP}pp` : UNKNOWN);

/** +12 % @type {(value: unknown) => string} */
export const change = (value) => (known(value) ? `${withSign(value, 0)}${NBSP}%` : UNKNOWN);

/** -1, 0 or 1 for what `points` and `change` show @type {(value: unknown, digits?: number) => number} */
export const direction = (value, digits = 0) => {
	if (!known(value)) return 0;
	const shown = withSign(value, digits);
	return shown.startsWith('+') ? 1 : shown.startsWith(MINUS) ? -1 : 0;
};

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

// Dates travel as 2026-10-26 and never become local times: a browser west of Greenwich would show the day before
/** @type {(iso: unknown) => Date | undefined} */
const parse = (iso) => {
	if (typeof iso !== 'string' || !/^\d{4}-\d{2}-\d{2}/.test(iso)) return undefined;
	const at = new Date(`${iso.slice(0, 10)}T00:00:00Z`);
	return Number.isNaN(at.getTime()) ? undefined : at;
};

/** 26 Oct 2026 @type {(iso: unknown) => string} */
export const date = (iso) => {
	const at = parse(iso);
	return at ? `${at.getUTCDate()}${NBSP}${MONTHS[at.getUTCMonth()]}${NBSP}${at.getUTCFullYear()}` : UNKNOWN;
};

/** 26 Oct 2026 to 1 Nov 2026; one date if both are equal @type {(first: unknown, last: unknown) => string} */
export const dates = (first, last) => (first === last ? date(first) : `${date(first)} to ${date(last)}`);

/** 26 Oct @type {(iso: unknown) => string} */
export const dayAndMonth = (iso) => {
	const at = parse(iso);
	return at ? `${at.getUTCDate()}${NBSP}${MONTHS[at.getUTCMonth()]}` : UNKNOWN;
};

/** Monday @type {(iso: unknown) => string} */
export const weekday = (iso) => {
	const at = parse(iso);
	return at ? DAYS[at.getUTCDay()] : UNKNOWN;
};

/** Monday, Tuesday and Friday @type {(words: string[]) => string} */
export const listed = (words) =>
	words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words[words.length - 1]}`;

/** 26 Oct – 1 Nov 2026, for the week that starts on a Monday @type {(weekStart: unknown) => string} */
export const week = (weekStart) => {
	const at = parse(weekStart);
	if (!at || typeof weekStart !== 'string') return UNKNOWN;
	const last = addDays(weekStart, 6);
	if (weekStart.slice(0, 7) === last.slice(0, 7)) return `${at.getUTCDate()}${NBSP}–${NBSP}${date(last)}`;
	const first = weekStart.slice(0, 4) === last.slice(0, 4) ? dayAndMonth(weekStart) : date(weekStart);
	return `${first} – ${date(last)}`;
};

/** 26 Oct 2026, 14:05 UTC @type {(iso: unknown) => string} */
export const moment = (iso) =>
	typeof iso === 'string' && iso.length >= 16 ? `${date(iso)}, ${iso.slice(11, 16)}${NBSP}UTC` : UNKNOWN;

/** 7 pm, for an hour of the day @type {(hour: number) => string} */
export const hourOfDay = (hour) => `${hour % 12 || 12}${NBSP}${hour % 24 < 12 ? 'am' : 'pm'}`;

/** 7–8 pm, for the hour that begins at 7 pm @type {(hour: number) => string} */
export const hourRange = (hour) =>
	hour % 12 === 11 ? `${hourOfDay(hour)}–${hourOfDay(hour + 1)}` : `${hour % 12 || 12}–${hourOfDay(hour + 1)}`;

/** once, twice, 3 times @type {(value: unknown) => string} */
export const times = (value) => (value === 1 ? 'once' : value === 2 ? 'twice' : count(value, 'time'));

/** The date so many days later @type {(iso: string, days: number) => string} */
export const addDays = (iso, days) => {
	const at = parse(iso);
	if (!at) return iso;
	at.setUTCDate(at.getUTCDate() + days);
	return at.toISOString().slice(0, 10);
};

/** The Monday of a date's week @type {(iso: string) => string} */
export const mondayOf = (iso) => {
	const at = parse(iso);
	return at ? addDays(iso, -((at.getUTCDay() + 6) % 7)) : iso;
};

/** Bruno’s: what belongs to somebody @type {(name: string) => string} */
export const possessive = (name) => `${name}’s`;

/** A name as words: score_weights, score weights @type {(name: string) => string} */
export const asWords = (name) => name.replaceAll('_', ' ');

/** A name as the words that begin a line: score_weights, Score weights @type {(name: string) => string} */
export const asTitle = (name) => asWords(name.charAt(0).toUpperCase() + name.slice(1));
