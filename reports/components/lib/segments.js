/** Segments of listeners: which one a page shows, and how they are called. */
import { asTitle } from './format.js';

/** @typedef {Record<string, any>} Row a row of the source `segments` */

/** The kind of segment that holds everybody; it has one segment of the same name */
export const EVERYBODY = 'everybody';

/** Everybody first, then kinds and names in order @type {(one: Row, other: Row) => number} */
const inOrder = (one, other) => Number(other.segment_kind === EVERYBODY) - Number(one.segment_kind === EVERYBODY);

/** @type {(segment: Row) => string} */
export const nameOf = (segment) => (segment.segment_kind === EVERYBODY ? asTitle(segment.segment) : segment.segment);

/** For a select of all segments @type {(segments: Row[]) => { value: string, label: string, group?: string }[]} */
export const segmentOptions = (segments) =>
	[...segments].sort(inOrder).map((one) => ({
		value: one.segment_key,
		label: nameOf(one),
		group: one.segment_kind === EVERYBODY ? undefined : asTitle(one.segment_kind)
	}));

/**
 * The segment of the address, else the usual one; `unknown` when the address names one that is not there.
 * @type {(segments: Row[], kind: string | null, name: string | null, usual: Row | undefined)
 *   => { segment: Row | undefined, unknown: boolean }}
 */
export const chooseSegment = (segments, kind, name, usual) => {
	const found = segments.find((one) => one.segment_kind === kind && one.segment === name);
	return { segment: found ?? usual, unknown: Boolean(kind && name) && !found };
};
