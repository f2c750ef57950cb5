/** Addresses of pages, with what they show in the query string: the one place that knows their parameters. */
import { addBasePath } from '@evidence-dev/sdk/utils/svelte';

/** @type {(path: string, parameters: Record<string, string | number | null | undefined>) => string} */
const address = (path, parameters) => {
	const query = new URLSearchParams();
	for (const [name, value] of Object.entries(parameters)) {
		if (value !== null && value !== undefined && value !== '') query.set(name, String(value));
	}
	return `${addBasePath(path)}${query.size ? `?${query}` : ''}`;
};

/** @type {(listener?: string, week?: string | null) => string} */
export const weekAddress = (listener, week) => address('/weekly-wrapped/', { listener, week });

/** @type {(listener?: string, date?: string | null) => string} */
export const dayAddress = (listener, date) => address('/day/', { listener, date });

/** @type {(parameters: { recommender?: string, listener?: string, week?: string | null, song?: number }) => string} */
export const comparisonAddress = (parameters) => address('/predicted-vs-actual/', parameters);

/** @type {(anchor: string) => string} */
export const definitionAddress = (anchor) => `${addBasePath('/definitions/')}#${anchor}`;

/** A term of the glossary, by its kind and name @type {(anchor?: string) => string} */
export const glossaryAddress = (anchor) => `${addBasePath('/glossary/')}${anchor ? `#${anchor}` : ''}`;

/** dbt's documentation of the tables, a page of its own; an anchor names a place in it @type {(anchor?: string) => string} */
export const docsAddress = (anchor = '') => `${addBasePath('/docs/index.html')}${anchor}`;
