/** The pages of the site, in the two levels that the header shows. */

/**
 * @typedef {{ path: string, label: string, also?: string[] }} Place a page; `also`: pages that are reached through it
 * @typedef {{ label: string, short?: string, icon: string, places: Place[] }} Section the first place is where its name leads
 */

/** @type {Section[]} */
export const sections = [
	{
		label: 'Home',
		icon: 'M4 11.5 12 4l8 7.5M6.5 10v9.5h11V10',
		places: [{ path: '/', label: 'Home' }]
	},
	{
		label: 'Weekly Wrapped',
		short: 'Wrapped',
		icon: 'M5 20v-7M10 20V8M15 20V4M20 20v-9',
		places: [
			{ path: '/weekly-wrapped/', label: 'The week' },
			{ path: '/compare/', label: 'Two listeners' }
		]
	},
	{
		label: 'Diagnostics',
		icon: 'M4 8h9m4 0h3M4 16h3m4 0h9M13 8a2 2 0 1 0 4 0 2 2 0 0 0-4 0ZM7 16a2 2 0 1 0 4 0 2 2 0 0 0-4 0Z',
		places: [
			{ path: '/predicted-vs-actual/', label: 'Predicted vs Actual' },
			{ path: '/scorecard/', label: 'Scorecard' },
			{ path: '/audio-features/', label: 'Audio features', also: ['/day/'] },
			{ path: '/top-songs/', label: 'Top songs' },
			{ path: '/search/', label: 'Explore', also: ['/artist/', '/track/'] },
			{ path: '/engagement/', label: 'Engagement' },
			{ path: '/segments/', label: 'Segments' }
		]
	},
	{
		label: 'Trust',
		icon: 'M6 4h9a3 3 0 0 1 3 3v13H8a2 2 0 0 1-2-2V4Zm0 13a2 2 0 0 1 2-2h10M10 8h4',
		places: [
			{ path: '/definitions/', label: 'Definitions' },
			{ path: '/glossary/', label: 'Glossary' },
			{ path: '/data-health/', label: 'Data health' }
		]
	}
];

/** Whether an address is this place or one that is reached through it @type {(place: Place, here: string) => boolean} */
export const isAt = (place, here) => here === place.path || Boolean(place.also?.includes(here));

/** The section that a page belongs to @type {(here: string) => Section | undefined} */
export const sectionOf = (here) => sections.find((section) => section.places.some((place) => isAt(place, here)));
