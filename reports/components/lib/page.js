/** The state that pages share: what the address asks for, and what is on show until everything about it has arrived. */
import { afterNavigate, goto } from '$app/navigation';
import { page } from '$app/stores';
import { getInputContext } from '@evidence-dev/sdk/utils/svelte';
import { derived, writable } from 'svelte/store';

/**
 * The parameters of the address; undefined until a browser reads them, because a page is built once, for every choice.
 * @type {() => import('svelte/store').Readable<URLSearchParams | undefined>}
 */
export const addressParameters = () => {
	const ready = writable(false);
	afterNavigate(() => ready.set(true));
	return derived([ready, page], ([isReady, here]) => (isReady ? here.url.searchParams : undefined));
};

/** Sets the inputs of the page's queries; silent when they have these values already
 * @type {() => (values: Record<string, string>) => void} */
export const queryInputs = () => {
	const inputs = getInputContext();
	return (values) => inputs.update((/** @type {any} */ known) => Object.assign(known, values));
};

/**
 * What a page shows for a choice, once every part has arrived. A page changes all at once: while this is undefined,
 * the former choice stays on show.
 * @type {<Parts extends Record<string, unknown>>(parts: Parts)
 *   => { [Name in keyof Parts]: NonNullable<Parts[Name]> } | undefined}
 */
export const complete = (parts) =>
	Object.values(parts).some((part) => part === undefined || part === null) ? undefined : /** @type {any} */ (parts);

/** Goes to what a reader chose, and leaves focus and scroll where they are @type {(address: string) => void} */
export const visit = (address) => {
	goto(address, { keepFocus: true, noScroll: true });
};

/** Writes what is shown into the address bar, without a step in the history @type {(address: string) => void} */
export const settle = (address) => {
	if (`${location.pathname}${location.search}` !== address) {
		goto(address, { replaceState: true, keepFocus: true, noScroll: true });
	}
};
