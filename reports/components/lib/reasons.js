/**
 * Why a number is missing, in words: marts name a reason, the definitions hold its sentence.
 * @type {(reasons: Record<string, any>[] | undefined, subject: string, reason: string | null | undefined) => string}
 */
export const reasonFor = (reasons, subject, reason) => {
	if (!reason) return 'Not known.';
	const found = reasons?.find((one) => one.subject === subject && one.reason === reason);
	return found?.sentence ?? `${reason.charAt(0).toUpperCase()}${reason.slice(1)}.`;
};
