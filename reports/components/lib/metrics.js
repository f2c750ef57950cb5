/** How metrics of recommenders are formatted, by the unit of their definition. */
import { number, percent, points, UNKNOWN } from './format.js';

/** @typedef {{ unit: string | null, lowest: number | null, highest: number | null }} Metric */
/** @typedef {{ recommender: string, recommender_version: string | null }} Version */

/** @type {(metric: Metric | undefined) => (value: any) => string} */
export const formatOf = (metric) => (value) => (metric?.unit === 'percent' ? percent(value, 1) : number(value, 3));

/** Shorter, for the marks of a scale @type {(metric: Metric | undefined) => (value: any) => string} */
export const scaleOf = (metric) => (value) => (metric?.unit === 'percent' ? percent(value) : number(value, 2));

/** The difference of two values: percentage points, or the plain number with its sign; shorter for the marks of a scale
 * @type {(metric: Metric | undefined, isMark?: boolean) => (value: any) => string} */
export const differenceOf = (metric, isMark) => (value) => {
	if (metric?.unit === 'percent') return points(value, isMark && Number.isInteger(value) ? 0 : 1);
	if (typeof value !== 'number') return UNKNOWN;
	const size = number(Math.abs(value), isMark ? 2 : 3);
	return Number(size) === 0 ? size : `${value < 0 ? '\u2212' : '+'}${size}`;
};

/** Ends of the scale, where the definition names both @type {(metric: Metric | undefined) => [number, number] | undefined} */
export const domainOf = (metric) =>
	typeof metric?.lowest === 'number' && typeof metric?.highest === 'number'
		? [metric.lowest, metric.highest]
		: undefined;

/** A recommender, with its version if the rows have several, and its variant
 * @type {(rows: Version[], recommender: string, version?: string | null, variant?: string | null, any?: string) => string} */
export const nameOf = (rows, recommender, version, variant) => {
	const versions = new Set(rows.filter((row) => row.recommender === recommender).map((row) => row.recommender_version));
	const named = versions.size > 1 && version ? `${recommender} ${version}` : recommender;
	return variant ? `${named}, ${variant}` : named;
};
