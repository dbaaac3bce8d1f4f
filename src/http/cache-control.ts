/** The directives of a `Cache-Control` field by their name in lower case; '' for one without an argument. */
export type Directives = ReadonlyMap<string, string>

/**
 * A name, and perhaps an argument as a token or in quotes. A semicolon or a blank ends a directive too: `private; max-age=5`
 * is malformed, and must not be read as a directive that nobody knows.
 */
const DIRECTIVE = /([^\s,;="]+)(?:=(?:"((?:[^"\\]|\\.)*)"|([^\s,;]*)))?/g

/** RFC 9111, section 1.2.2: what is longer is taken for this, about 68 years. In seconds. */
const LONGEST_SECONDS = 2 ** 31

/** No span of time in the HTTP cache is longer, also when an option says `Infinity`. In milliseconds. */
export const LONGEST_MS: number = LONGEST_SECONDS * 1_000

/**
 * Reads a `Cache-Control` field, joined by commas when it came several times. Never throws: what is malformed becomes a
 * directive without a usable argument.
 */
export function parseCacheControl(field: string | null): Directives {
  const directives = new Map<string, string>()
  if (field === null) return directives
  for (const [, name = '', quoted, token] of field.matchAll(DIRECTIVE)) {
    const key = name.toLowerCase()
    const value = quoted === undefined ? (token ?? '') : quoted.replaceAll(/\\(.)/g, '$1')
    const before = directives.get(key)
    // Two values for one directive leave it without a usable one: the response is stale (RFC 9111, section 4.2.1).
    directives.set(key, before === undefined || before === value ? value : `${before},${value}`)
  }
  return directives
}

/** The milliseconds of a directive; `undefined` when it is not there, 0 when its argument is no number of seconds. */
export function spanOf(directives: Directives, name: string): number | undefined {
  const value = directives.get(name)
  return value === undefined ? undefined : (secondsToMs(value) ?? 0)
}

/** Delta seconds as milliseconds; `undefined` when it is none. */
export function secondsToMs(text: string): number | undefined {
  return /^\d+$/.test(text) ? Math.min(Number(text), LONGEST_SECONDS) * 1_000 : undefined
}
