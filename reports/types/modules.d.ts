declare module '@evidence-dev/sdk/utils/svelte' {
	/** A path of the site, with the folder that the site may lie in */
	export function addBasePath(path: string): string;
	export function getInputContext(): import('svelte/store').Writable<Record<string, string>>;
}
