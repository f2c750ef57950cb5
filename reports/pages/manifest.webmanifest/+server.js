import { base } from '$app/paths';

export const prerender = true;

const manifest = {
	name: 'SpotiFlow',
	short_name: 'SpotiFlow',
	start_url: `${base}/`,
	display: 'minimal-ui',
	background_color: '#FBF9F5',
	theme_color: '#4B32C3',
	icons: [192, 512].map((size) => ({
		src: `${base}/icon-${size}.png`,
		type: 'image/png',
		sizes: `${size}x${size}`
	}))
};

export const GET = () => new Response(JSON.stringify(manifest));
