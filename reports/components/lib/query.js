/**
 * The rows of an Evidence query, once they are there.
 * Queries arrive as proxies that publish several times while they load; these helpers return plain rows or undefined.
 */

/** The rows, or undefined while they load @type {<Row>(query: Query<Row> | undefined) => Row[] | undefined} */
export const rowsOf = (query) => {
	if (!query || query.error || !query.dataLoaded) return undefined;
	return Array.from(query, (/** @type {any} */ row) => ({ ...(row?.toJSON?.() ?? row) }));
};

/** The first row; null when there is none, undefined while it loads
 * @type {<Row>(query: Query<Row> | undefined) => Row | null | undefined} */
export const rowOf = (query) => {
	const rows = rowsOf(query);
	return rows && (rows[0] ?? null);
};

/**
 * The rows for a choice, or undefined while they load. Until a query is answered, Evidence keeps returning the previous
 * answer, so the text of the query is searched for the choice.
 * @type {<Row>(query: Query<Row> | undefined, choice: (string | null | undefined)[]) => Row[] | undefined}
 */
export const rowsFor = (query, choice) => {
	const text = query?.originalText ?? '';
	return choice.every((value) => value && text.includes(`'${value}'`)) ? rowsOf(query) : undefined;
};
