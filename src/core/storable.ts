const NOT_STORABLE = /[\0\ufffd\p{Cs}]/gu
const WRITTEN_OUT = /\ufffd([0-9a-f]{4})/g

/**
 * The key as every store can hold it: lone surrogates become one and the same character on their way to a server, so
 * that two keys would be one there, and Postgres refuses NUL. Both are written out as U+FFFD and four hex digits; U+FFFD
 * itself too, so that keys which differ stay different.
 */
export function storable(key: string): string {
  return key.replace(NOT_STORABLE, (one) => `\ufffd${one.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** What `storable` was given. */
export function unstorable(stored: string): string {
  return stored.replace(WRITTEN_OUT, (_, digits: string) => String.fromCharCode(parseInt(digits, 16)))
}
