/** Moves between the points of a chart with the keyboard. */

/**
 * The point that a key leads to: next, previous, first or last; undefined for other keys.
 * @type {(key: string, at: number | undefined, last: number) => number | undefined}
 */
export const stepped = (key, at, last) => {
	/** @type {Record<string, number>} */
	const steps = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 };
	if (key === 'Home') return 0;
	if (key === 'End') return last;
	if (!(key in steps)) return undefined;
	return at === undefined ? last : Math.min(last, Math.max(0, at + steps[key]));
};
