/**
 * What a page may show of an Evidence query: its rows once they are there, its error if it failed.
 * Queries arrive as proxies that publish several times while they load; these helpers make one plain answer of that.
 */

/** @typedef {Record<string, any>} Row */

/** The rows, or undefined while they load @type {(query: any) => Row[] | undefined} */
export const rowsOf = (query) => {
	if (!query || query.error || !query.dataLoaded) return undefined;
	return Array.from(query, (row) => ({ ...(row?.toJSON?.() ?? row) }));
};

/** The first row; null when there is none, undefined while it loads @type {(query: any) => Row | null | undefined} */
export const rowOf = (query) => {
	const rows = rowsOf(query);
	return rows && (rows[0] ?? null);
};

/**
 * The rows for a choice, or undefined while they load. Until a query is answered, Evidence hands out its predecessor:
 * the text tells whose answer it is.
 * @type {(query: any, choice: (string | null | undefined)[]) => Row[] | undefined}
 */
export const rowsFor = (query, choice) => {
	const text = query?.originalText ?? '';
	return choice.every((value) => value && text.includes(`'${value}'`)) ? rowsOf(query) : undefined;
};
