/** Which part of a table in parts holds the rows of a song or an artist: the sources cut them the same way. */
import md5 from 'blueimp-md5';

/** @type {(key: string) => string} */
export const partOf = (key) => md5(key).slice(0, 1);
