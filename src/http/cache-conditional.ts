import { parseHttpDate } from './cache-date.ts'

/** What tells one state of a resource from another. */
export interface Validators {
  readonly status: number
  readonly etag: string | null | undefined
  readonly lastModified: string | null | undefined
  /** When what is stored was made: it stands in for a time of change that nobody gave (RFC 9111, section 4.3.2). */
  readonly date?: string | null | undefined
  /** In epoch milliseconds. */
  readonly now: number
}

/** The conditional fields that are answered here, so that a handler is asked for the whole. */
const ANSWERED = ['if-none-match', 'if-modified-since']

/** True when the request has a condition that is answered here. */
export function isConditional(headers: Headers): boolean {
  return ANSWERED.some((name) => headers.has(name))
}

/** A copy without the conditions: their answer would be of use to nobody else. */
export function unconditional(headers: Headers): Headers {
  const copy = new Headers(headers)
  for (const name of ANSWERED) copy.delete(name)
  return copy
}

/**
 * True when the client has this very state, so that 304 is the answer (RFC 9110, section 13.2.2). `If-None-Match` decides
 * alone when it is there.
 */
export function isUnmodified(headers: Headers, { status, etag, lastModified, date, now }: Validators): boolean {
  // A condition is about what would else be a success (section 13.2.1).
  if (status !== 200) return false
  const asked = headers.get('if-none-match')
  if (asked !== null) return matches(asked.trim(), etag)
  const since = parseHttpDate(headers.get('if-modified-since'), now)
  const modified = parseHttpDate(lastModified ?? date, now)
  return since !== undefined && modified !== undefined && modified <= since
}

/** The weak comparison of section 8.8.3.2: `W/` makes no difference. */
function matches(asked: string, etag: string | null | undefined): boolean {
  if (asked === '*') return true
  if (typeof etag !== 'string') return false
  const own = etag.trim().replace(/^W\//, '')
  if (asked === own) return true
  // A comma may be part of a tag.
  for (const [tag] of asked.matchAll(/"[^"]*"/g)) if (tag === own) return true
  return false
}

/** Describes the body, which a 304 does not have; the rest is sent with it (section 15.4.5). */
const OF_THE_BODY: ReadonlySet<string> = new Set(
  'content-length content-type content-encoding content-language content-range content-disposition content-digest repr-digest digest content-md5 accept-ranges last-modified'.split(
    ' ',
  ),
)

/** True for a field that a 304 goes without. */
export function notIn304(name: string): boolean {
  return OF_THE_BODY.has(name)
}
