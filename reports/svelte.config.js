// Evidence merges this file into the configuration of the SvelteKit project that it generates in .evidence/template.
// It runs inside that project, before anything is built: the place to take out what Evidence puts into every site.
import { copyFileSync, rmSync } from 'fs';
import adapter from '@sveltejs/adapter-static';

if (process.cwd().includes('.evidence')) {
	// The site's own document shell: no splash screen, our colours before the first paint.
	copyFileSync('../../app.html', 'src/app.html');
	// Tools for people who write pages, not for people who read them; without them a build takes half the time.
	for (const page of ['explore', 'settings', 'fix-tprotocol-service-worker.js']) {
		rmSync(`src/pages/${page}`, { recursive: true, force: true });
	}
}

/** Pages show a failed query as an error box, never its SQL; and no page names Evidence's account as its author. */
const ownPages = {
	/** @param {{ content: string, filename?: string }} page */
	markup({ content, filename }) {
		if (!filename?.endsWith('+page.md')) return;
		const code = content
			.replace(
				"import { QueryViewer } from '@evidence-dev/core-components'",
				"import QueryViewer from '$lib/frame/QueryViewer.svelte'"
			)
			.replace(/<meta name="twitter:site"[^>]*>/, '')
			.replace('<title>Evidence</title>', '<title>SpotiFlow</title>');
		return { code };
	}
};

class SiteConfig {
	// On the prototype, because Evidence deletes it from the object after the first of several readings
	get preprocess() {
		return [ownPages];
	}

	kit = {
		adapter: adapter({
			pages: process.env.EVIDENCE_BUILD_DIR ?? './build',
			fallback: '404.html', // what static hosts serve for an address that no page has
			strict: false
		})
	};
}

export default new SiteConfig();
