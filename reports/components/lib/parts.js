/** Which part of a table in parts holds the rows of a song or an artist: as the sources cut it. */
import md5 from 'blueimp-md5';

/** @type {(key: string) => string} */
export const partOf = (key) => md5(key).slice(0, 1);
