/**
 * Why a number is missing, in words: marts name the reason, a seed has its sentence.
 * @type {(reasons: Rows.Shared['missing_value_reasons'][] | undefined, subject: string, reason: string | null | undefined) => string}
 */
export const reasonFor = (reasons, subject, reason) => {
	if (!reason) return 'Not known.';
	const found = reasons?.find((one) => one.subject === subject && one.reason === reason);
	return found?.sentence ?? `${reason.charAt(0).toUpperCase()}${reason.slice(1)}.`;
};
