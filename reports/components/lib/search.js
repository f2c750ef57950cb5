/** Finds names the way people type them: accents, capitals and punctuation do not matter, nor does the order of words. */

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
 * Rows whose `words` contain every word of a text; those that begin with the text come first.
 * @type {<Row extends { words: string }>(rows: Row[], text: string) => Row[]}
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
