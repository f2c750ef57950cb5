/** Draws the card of a week on a canvas: exactly what `cardFacts` returns. */
import { percent } from '../lib/format.js';

/** @typedef {{ name: string, width: number, height: number }} Format */
/** @typedef {import('../lib/shareCard.js').Facts} Facts */

/** The sizes that networks show whole: a post, and a story @type {Record<'square' | 'tall', Format>} */
export const FORMATS = {
	square: { name: 'square', width: 1080, height: 1080 },
	tall: { name: 'tall', width: 1080, height: 1920 }
};

/** Letters as readers count them: an emoji of several code points is one @type {(text: string) => string[]} */
const letters = (text) =>
	'Segmenter' in Intl
		? Array.from(new Intl.Segmenter('en', { granularity: 'grapheme' }).segment(text), (one) => one.segment)
		: Array.from(text);

/** The site's typefaces, as its style sheet names them @type {() => { display: string, text: string }} */
const typefaces = () => {
	const style = getComputedStyle(document.documentElement);
	return {
		display: style.getPropertyValue('--display').trim() || 'sans-serif',
		text: style.getPropertyValue('--text').trim() || 'sans-serif'
	};
};

/** Waits until the site's typefaces are there for all that a card says @type {(said: string) => Promise<void>} */
export const loadTypefaces = async (said) => {
	const { display, text } = typefaces();
	const first = (/** @type {string} */ families) => families.split(',')[0];
	await Promise.all([
		document.fonts.load(`700 48px ${first(display)}`, said),
		document.fonts.load(`600 32px ${first(text)}`, said)
	]);
};

/** A pen for one canvas: text that fits, bars, waves @type {(context: CanvasRenderingContext2D, ink: string) => any} */
const penFor = (context, ink) => {
	const faces = typefaces();
	/** @type {(face: 'display' | 'text', weight: number, size: number) => void} */
	const use = (face, weight, size) => {
		context.font = `${weight} ${size}px ${faces[face]}`;
	};
	/** @type {(text: string) => number} */
	const widthOf = (text) => context.measureText(text).width;
	/** The text, shortened until it is no wider @type {(text: string, width: number) => string} */
	const shortened = (text, width) => {
		if (widthOf(text) <= width) return text;
		const all = letters(text);
		while (all.length && widthOf(`${all.join('').trimEnd()}…`) > width) all.pop();
		return `${all.join('').trimEnd()}…`;
	};
	/** Words in lines no wider than this @type {(text: string, width: number) => string[]} */
	const lines = (text, width) => {
		/** @type {string[]} */
		const found = [];
		for (const word of text.split(/\s+/)) {
			const longer = found.length ? `${found[found.length - 1]} ${word}` : word;
			if (found.length && widthOf(longer) <= width) found[found.length - 1] = longer;
			else found.push(word);
		}
		return found;
	};
	return {
		/** @type {(text: string, x: number, y: number, width: number, look: any) => void} */
		write(text, x, y, width, { face = 'text', weight = 500, size, align = 'left' }) {
			use(face, weight, size);
			context.fillStyle = ink;
			context.textAlign = align;
			context.fillText(shortened(text, width), x, y);
		},
		/** As large as fits on so many lines; returns the position of the last line
		 * @type {(text: string, x: number, y: number, width: number, look: any) => number} */
		writeLarge(text, x, y, width, { sizes, most = 2, centred = 0 }) {
			/** @type {string[]} */
			let found = [];
			let size = 0;
			for (size of sizes) {
				use('display', 750, size);
				found = lines(text, width);
				if (found.length <= most && found.every((one) => widthOf(one) <= width)) break;
			}
			if (found.length > most) found = [...found.slice(0, most - 1), found.slice(most - 1).join(' ')];
			context.fillStyle = ink;
			context.textAlign = 'left';
			const step = size * 1.04;
			const first = centred ? y + (centred - found.length * step) / 2 + size * 0.82 : y + size * 0.82;
			found.forEach((one, nth) => context.fillText(shortened(one, width), x, first + nth * step));
			return first + (found.length - 1) * step;
		},
		/** @type {(text: string, x: number, y: number, size: number) => void} */
		emoji(text, x, y, size) {
			use('text', 400, size);
			context.fillStyle = ink;
			context.textAlign = 'left';
			context.textBaseline = 'middle';
			context.fillText(text, x, y);
			context.textBaseline = 'alphabetic';
		},
		/** @type {(x: number, y: number, width: number) => void} */
		rule(x, y, width) {
			context.fillStyle = ink;
			context.fillRect(x, y, width, 3);
		},
		/** @type {(x: number, y: number, width: number, height: number, share: number) => void} */
		bar(x, y, width, height, share) {
			context.fillStyle = ink;
			context.globalAlpha = 0.24;
			context.beginPath();
			context.roundRect(x, y, width, height, height / 2);
			context.fill();
			context.globalAlpha = 1;
			context.beginPath();
			context.roundRect(x, y, Math.max(height, width * share), height, height / 2);
			context.fill();
		},
		/** @type {(width: number, height: number) => void} */
		waves(width, height) {
			context.strokeStyle = ink;
			context.globalAlpha = 0.07;
			context.lineWidth = 64;
			context.lineCap = 'round';
			for (const at of [0.5, 0.68]) {
				const y = height * at;
				context.beginPath();
				context.moveTo(-80, y);
				context.bezierCurveTo(width * 0.2, y, width * 0.2, y - height * 0.32, width * 0.42, y - height * 0.32);
				context.bezierCurveTo(
					width * 0.64,
					y - height * 0.32,
					width * 0.6,
					y + height * 0.06,
					width * 0.82,
					y + height * 0.06
				);
				context.bezierCurveTo(width * 0.94, y + height * 0.06, width, y - height * 0.1, width + 80, y - height * 0.1);
				context.stroke();
			}
			context.globalAlpha = 1;
		}
	};
};

/** The Top Songs, one row each
 * @type {(pen: any, facts: Facts, x: number, y: number, width: number, row: number, size: number) => void} */
const drawSongs = (pen, facts, x, y, width, row, size) => {
	pen.write('Top songs', x, y, width, { weight: 600, size: 28 });
	const indent = size * 1.8;
	facts.top.forEach((song, nth) => {
		const first = y + size * 1.9 + nth * row;
		pen.write(String(nth + 1), x, first + size * 0.5, indent, { face: 'display', weight: 750, size: size * 1.3 });
		pen.write(song.track, x + indent, first, width - indent, { weight: 650, size });
		pen.write(song.artist, x + indent, first + size * 1.08, width - indent, { size: size * 0.8 });
	});
};

/** Scores side by side @type {(pen: any, facts: Facts, x: number, y: number, width: number) => void} */
const drawScores = (pen, facts, x, y, width) => {
	const gap = 32;
	const each = (width - gap * (facts.scores.length - 1)) / facts.scores.length;
	facts.scores.forEach((score, nth) => {
		const left = x + nth * (each + gap);
		const crowded = facts.scores.length > 4;
		if (crowded) {
			pen.write(percent(score.value), left, y - 34, each, { face: 'display', weight: 700, size: 34 });
			pen.write(score.label, left, y, each, { weight: 600, size: 22 });
		} else {
			pen.write(score.label, left, y, each - 96, { weight: 600, size: 28 });
			pen.write(percent(score.value), left + each, y, 96, { face: 'display', weight: 700, size: 34, align: 'right' });
		}
		pen.bar(left, y + 18, each, 14, score.value / 100);
	});
};

/** @type {(pen: any, figure: string, label: string, x: number, y: number, width: number, size: number) => void} */
const drawFigure = (pen, figure, label, x, y, width, size) => {
	pen.write(figure, x, y, width, { face: 'display', weight: 750, size });
	pen.write(label, x, y + 14 + size * 0.32, width, { weight: 600, size: Math.max(28, size * 0.2) });
};

/** @type {(pen: any, facts: Facts) => void} */
const drawSquare = (pen, facts) => {
	const left = 72;
	const width = FORMATS.square.width - 2 * left;
	const right = left + 580;
	const aside = width - 580;
	pen.write(facts.title, left, 112, 540, { face: 'display', weight: 700, size: 46 });
	pen.write(facts.dates, left + width, 110, 380, { weight: 600, size: 30, align: 'right' });
	if (facts.emoji) pen.emoji(facts.emoji, left, 258, 168);
	const beside = facts.emoji ? 240 : 0;
	pen.writeLarge(facts.vibe, left + beside, 148, width - beside, { sizes: [104, 92, 80, 68, 56], centred: 220 });
	pen.rule(left, 392, width);
	if (!facts.top.length) {
		drawFigure(pen, facts.minutes, facts.minutesUnit, left, 740, width / 2 - 20, 210);
		drawFigure(pen, facts.songs, facts.songsUnit, left + width / 2, 740, width / 2, 210);
		return;
	}
	drawSongs(pen, facts, left, 456, 530, 82, 32);
	drawFigure(pen, facts.minutes, facts.minutesUnit, right, 504, aside, 84);
	drawFigure(pen, facts.songs, facts.songsUnit, right, 652, aside, 84);
	if (facts.artist) {
		pen.write('Top artist', right, 766, aside, { weight: 600, size: 28 });
		pen.writeLarge(facts.artist, right, 784, aside, { sizes: [46, 40, 34] });
	}
	if (facts.scores.length) drawScores(pen, facts, left, 972, width);
};

/** Networks lay their own buttons over the upper and lower end @type {(pen: any, facts: Facts) => void} */
const drawTall = (pen, facts) => {
	const left = 84;
	const width = FORMATS.tall.width - 2 * left;
	const half = left + width / 2;
	pen.write(facts.title, left, 190, width, { face: 'display', weight: 700, size: 60 });
	pen.write(facts.dates, left, 244, width, { weight: 600, size: 34 });
	if (facts.emoji) pen.emoji(facts.emoji, left, 424, 240);
	const above = facts.emoji ? 570 : 360;
	pen.writeLarge(facts.vibe, left, above, width, { sizes: [132, 120, 104, 88, 72], centred: 864 - above });
	pen.rule(left, 896, width);
	if (!facts.top.length) {
		drawFigure(pen, facts.minutes, facts.minutesUnit, left, 1170, width, 250);
		drawFigure(pen, facts.songs, facts.songsUnit, left, 1560, width, 250);
		return;
	}
	drawFigure(pen, facts.minutes, facts.minutesUnit, left, 1024, width / 2 - 20, 108);
	drawFigure(pen, facts.songs, facts.songsUnit, half, 1024, width / 2, 108);
	drawSongs(pen, facts, left, 1140, width, 94, 38);
	if (facts.artist) {
		pen.write('Top artist', left, 1706, 200, { weight: 600, size: 28 });
		pen.write(facts.artist, left + 180, 1708, width - 180, { face: 'display', weight: 700, size: 42 });
	}
	if (facts.scores.length) drawScores(pen, facts, left, 1802, width);
};

/** @type {(canvas: HTMLCanvasElement, facts: Facts, format: Format) => void} */
export const drawCard = (canvas, facts, format) => {
	const context = canvas.getContext('2d');
	if (!context) return;
	canvas.width = format.width;
	canvas.height = format.height;
	context.fillStyle = facts.colour;
	context.fillRect(0, 0, format.width, format.height);
	const pen = penFor(context, facts.ink);
	pen.waves(format.width, format.height);
	(format === FORMATS.tall ? drawTall : drawSquare)(pen, facts);
};

/** The picture in a canvas @type {(canvas: HTMLCanvasElement) => Promise<Blob>} */
export const pictureOf = (canvas) =>
	new Promise((resolve, reject) => {
		canvas.toBlob(
			(blob) => (blob ? resolve(blob) : reject(new Error('The browser made no picture of the card.'))),
			'image/png'
		);
	});
