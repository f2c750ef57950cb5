/** Addresses of pages and their query parameters: the only place that knows them. */
import { addBasePath } from '@evidence-dev/sdk/utils/svelte';

/** @type {(path: string, parameters: Record<string, string | number | null | undefined>) => string} */
const address = (path, parameters) => {
	const query = new URLSearchParams();
	for (const [name, value] of Object.entries(parameters)) {
		if (value !== null && value !== undefined && value !== '') query.set(name, String(value));
	}
	return `${addBasePath(path)}${query.size ? `?${query}` : ''}`;
};

/** A path of the site without the folder that the site may lie in @type {(path: string) => string} */
export const withoutBase = (path) => {
	const base = addBasePath('/').replace(/\/$/, '');
	const own = base && path.startsWith(base) ? path.slice(base.length) : path;
	return own.endsWith('/') ? own : `${own}/`;
};

/** @type {(listener?: string, week?: string | null) => string} */
export const weekAddress = (listener, week) => address('/weekly-wrapped/', { listener, week });

/** @type {(listener?: string, date?: string | null) => string} */
export const dayAddress = (listener, date) => address('/day/', { listener, date });

/** @type {(parameters: { recommender?: string, listener?: string, week?: string | null, song?: string }) => string} */
export const comparisonAddress = (parameters) => address('/predicted-vs-actual/', parameters);

/** @type {(listener?: string, other?: string, week?: string | null) => string} */
export const compareAddress = (listener, other, week) => address('/compare/', { listener, other, week });

/** @type {(parameters: { metric?: string, horizon?: string }) => string} */
export const scorecardAddress = (parameters) => address('/scorecard/', parameters);

/** @type {(listener?: string, from?: string | null, to?: string | null, measure?: string) => string} */
export const featuresAddress = (listener, from, to, measure) =>
	address('/audio-features/', { listener, from, to, measure });

/** @type {(listener?: string, from?: string | null, to?: string | null) => string} */
export const topSongsAddress = (listener, from, to) => address('/top-songs/', { listener, from, to });

/** @type {(search?: string) => string} */
export const exploreAddress = (search) => address('/search/', { search });

/** @type {(track?: string | null) => string} */
export const trackAddress = (track) => address('/track/', { track });

/** @type {(artist?: string | null) => string} */
export const artistAddress = (artist) => address('/artist/', { artist });

/** @type {(parameters: { kind?: string, segment?: string }) => string} */
export const segmentAddress = (parameters) => address('/segments/', parameters);

/** @type {(parameters: { kind?: string, segment?: string, outcome?: string, measure?: string }) => string} */
export const engagementAddress = (parameters) => address('/engagement/', parameters);

/** @type {(listener?: string | null) => string} */
export const healthAddress = (listener) => address('/data-health/', { listener });

/** @type {(anchor: string) => string} */
export const definitionAddress = (anchor) => `${addBasePath('/definitions/')}#${anchor}`;

/** A term of the glossary, by its kind and name @type {(anchor?: string) => string} */
export const glossaryAddress = (anchor) => `${addBasePath('/glossary/')}${anchor ? `#${anchor}` : ''}`;

/** dbt's documentation of the tables, a page of its own; an anchor names a place in it @type {(anchor?: string) => string} */
export const docsAddress = (anchor = '') => `${addBasePath('/docs/index.html')}${anchor}`;
