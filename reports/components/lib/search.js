/** Finding names as people type them: without accents, capitals and punctuation, every word anywhere. */

/** @type {(text: unknown) => string} */
export const searchable = (text) =>
	String(text ?? '')
		.normalize('NFKD')
		.replace(/\p{M}/gu, '')
		.toLowerCase()
		.replace(/['’`]/g, '')
		.replace(/[^\p{L}\p{N}]+/gu, ' ')
		.trim();

/**
 * Rows whose `words` hold every word of a text: first those that begin with it, else in their order.
 * @template {{ words: string }} T
 * @type {(rows: T[], text: string) => T[]}
 */
export const found = (rows, text) => {
	const wanted = searchable(text);
	if (!wanted) return text.trim() ? [] : rows;
	const words = wanted.split(' ');
	const hits = rows.filter((row) => words.every((word) => row.words.includes(word)));
	return [
		...hits.filter((row) => row.words.startsWith(wanted)),
		...hits.filter((row) => !row.words.startsWith(wanted))
	];
};
