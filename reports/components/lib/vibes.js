/** How a vibe looks: colour and emoji come from the published bands, the text colour from the brightness of the colour. */

/** @typedef {Rows.Shared['vibes']} Band */

const DARK = '#17112a';
const LIGHT = '#ffffff';

/** Relative luminance (WCAG 2) of #rrggbb @type {(colour: string) => number} */
const luminance = (colour) => {
	const channel = (/** @type {number} */ at) => {
		const value = parseInt(colour.slice(at, at + 2), 16) / 255;
		return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
	};
	return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
};

/** @type {(one: number, other: number) => number} */
const contrast = (one, other) => (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);

/** The more readable of a dark and a light ink on a colour @type {(colour: string) => string} */
const inkOn = (colour) =>
	contrast(luminance(colour), luminance(DARK)) >= contrast(luminance(colour), luminance(LIGHT)) ? DARK : LIGHT;

/**
 * Colour, emoji and ink of a vibe; null when there is no vibe. Without a version, the newest band of that name.
 * @type {(vibes: Band[] | undefined, vibe: string | null | undefined, version?: number | null)
 *   => { vibe: string, colour: string, emoji: string, ink: string } | null}
 */
export const lookOf = (vibes, vibe, version) => {
	if (!vibe) return null;
	const named = (vibes ?? []).filter((band) => band.vibe === vibe);
	const band = named.find((one) => one.version === version) ?? named.at(-1);
	const colour = band && /^#[0-9a-f]{6}$/i.test(band.colour) ? band.colour : '#8b8299';
	return { vibe, colour, emoji: band?.emoji ?? '', ink: inkOn(colour) };
};

/**
 * Every vibe once, for a legend: those of the newest version in their order, then vibes that only older versions have.
 * @type {(vibes: Band[] | undefined) => Band[]}
 */
export const vibesOnce = (vibes) => {
	const newestFirst = [...(vibes ?? [])].sort(
		(one, other) => other.version - one.version || one.vibe_order - other.vibe_order
	);
	return newestFirst.filter((band, at) => newestFirst.findIndex((other) => other.vibe === band.vibe) === at);
};
