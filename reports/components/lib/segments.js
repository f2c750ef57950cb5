/** Segments of listeners: which one a page shows, and what they are called. */
import { asTitle } from './format.js';

/** @typedef {{ segment_key: string, segment_kind: string, segment: string }} Segment */

/** The kind of segment that holds everybody; it has one segment of the same name */
export const EVERYBODY = 'everybody';

/** Everybody first, then kinds and names in order @type {(one: Segment, other: Segment) => number} */
const inOrder = (one, other) => Number(other.segment_kind === EVERYBODY) - Number(one.segment_kind === EVERYBODY);

/** @type {(segment: Segment) => string} */
export const nameOf = (segment) => (segment.segment_kind === EVERYBODY ? asTitle(segment.segment) : segment.segment);

/** For a select of all segments @type {(segments: Segment[]) => { value: string, label: string, group?: string }[]} */
export const segmentOptions = (segments) =>
	[...segments].sort(inOrder).map((one) => ({
		value: one.segment_key,
		label: nameOf(one),
		group: one.segment_kind === EVERYBODY ? undefined : asTitle(one.segment_kind)
	}));

/**
 * The segment of the address, else the usual one; `notice` when the address names one that is not there.
 * @type {<One extends Segment>(segments: One[], kind: string | null, name: string | null, usual: One | undefined)
 *   => { segment: One | undefined, notice: string }}
 */
export const chooseSegment = (segments, kind, name, usual) => {
	const found = segments.find((one) => one.segment_kind === kind && one.segment === name);
	const notice = 'The segment in the link is not on this site, so you see another one.';
	return { segment: found ?? usual, notice: kind && name && !found ? notice : '' };
};
