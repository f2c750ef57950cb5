/** Downloads that are made in the browser. */

/** A field of CSV (RFC 4180); text that a spreadsheet would run as a formula gets an apostrophe
 * @type {(value: unknown) => string} */
const field = (value) => {
	const text = value === null || value === undefined ? '' : String(value);
	const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
	return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

/** @type {(rows: Record<string, any>[], columns: string[]) => string} */
export const asCsv = (rows, columns) =>
	[columns, ...rows.map((row) => columns.map((column) => row[column]))]
		.map((cells) => `${cells.map(field).join(',')}\r\n`)
		.join('');

/** @type {(name: string, content: Blob) => void} */
export const save = (name, content) => {
	const link = document.createElement('a');
	link.href = URL.createObjectURL(content);
	link.download = name;
	link.click();
	setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
};

/** @type {(name: string, rows: Record<string, any>[], columns: string[]) => void} */
export const saveCsv = (name, rows, columns) =>
	save(name, new Blob(['\ufeff', asCsv(rows, columns)], { type: 'text/csv;charset=utf-8' }));
