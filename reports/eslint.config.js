import js from '@eslint/js';
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';

export default [
	{ ignores: ['.evidence/', '.build-*/', 'build/', 'static/'] },
	js.configs.recommended,
	...svelte.configs['flat/recommended'],
	...svelte.configs['flat/prettier'],
	{
		languageOptions: { globals: { ...globals.browser, ...globals.node } },
		linterOptions: { reportUnusedDisableDirectives: true },
		rules: {
			// svelte-check reports what the compiler warns of
			'svelte/valid-compile': 'off',
			'svelte/no-unused-svelte-ignore': 'off'
		}
	}
];
