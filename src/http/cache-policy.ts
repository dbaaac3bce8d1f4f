import { LONGEST_MS, parseCacheControl, secondsToMs, spanOf, type Directives } from './cache-control.ts'
import { parseHttpDate } from './cache-date.ts'
import { isDecoded } from './cache-encoding.ts'
import type { StoredResponse } from './cache-entry.ts'
import { varyNames } from './cache-vary.ts'
import { parseDictionary } from './structured-dictionary.ts'

/** What the policy needs of the options. */
export interface PolicyOptions {
  /** How long a response that says nothing is fresh; what it gives is not trusted. */
  readonly ttlMs: (response: Response) => number
  readonly staleWhileRevalidateMs: number
  readonly staleIfErrorMs: number
  readonly maxBytes: number
  /** Whether `CDN-Cache-Control` counts. */
  readonly targeted: boolean
}

/** When the handler was asked, and when it answered; in epoch milliseconds. */
export interface Exchange {
  readonly askedAt: number
  readonly answeredAt: number
}

/** How a response may be stored. */
export interface Policy extends Pick<
  StoredResponse,
  'ageMs' | 'freshMs' | 'staleWhileRevalidateMs' | 'staleIfErrorMs'
> {
  /** The request fields that its own `Vary` names. */
  readonly vary: readonly string[]
}

/** Stored for `ttlMs` when the response says nothing about its freshness. */
const BY_DEFAULT: ReadonlySet<number> = new Set([200, 203, 204, 300, 301, 308])
/** Stored when the response says for how long. Never 206, nor a 5xx: that is a failure. */
const WHEN_TOLD: ReadonlySet<number> = new Set([...BY_DEFAULT, 302, 303, 307, 404, 405, 410, 414, 451])

/**
 * Decides by RFC 9111, section 3, whether a response to a GET may be given to others, and for how long (section 4.2).
 * In doubt it may not: `private` and `no-cache` refuse with field names too, `no-store` also beside `must-understand`.
 *
 * @returns undefined when it may not
 */
export function policyOf(response: Response, exchange: Exchange, options: PolicyOptions): Policy | undefined {
  const { headers } = response
  const vary = varyNames(headers.get('vary'))
  const control = controlOf(headers, options.targeted)
  const { directives } = control
  if (vary === undefined || !WHEN_TOLD.has(response.status) || isPersonal(headers, directives)) return undefined
  if (!isFinite(response, options.maxBytes)) return undefined
  const told = toldFreshness(headers, control, exchange)
  if (told === undefined && !BY_DEFAULT.has(response.status)) return undefined
  const freshMs = told ?? span(options.ttlMs(response))
  const ageMs = initialAge(headers, exchange)
  const windows = staleWindows(directives, freshMs, options)
  const staleMs = Math.max(windows.staleWhileRevalidateMs, windows.staleIfErrorMs)
  return freshMs + staleMs > ageMs ? { vary, freshMs, ageMs, ...windows } : undefined
}

function isPersonal(headers: Headers, directives: Directives): boolean {
  return headers.has('set-cookie') || ['private', 'no-store', 'no-cache'].some((name) => directives.has(name))
}

/** What a response says of caches. */
interface Control {
  readonly directives: Directives
  readonly expires: string | null
}

/**
 * `Cache-Control` and `Expires`; neither when `CDN-Cache-Control` counts, is a dictionary and not empty (RFC 9213, section
 * 2.2).
 */
function controlOf(headers: Headers, targeted: boolean): Control {
  const field = targeted ? headers.get('cdn-cache-control') : null
  const directives = field === null ? undefined : parseDictionary(field)
  if (directives !== undefined && directives.size > 0) return { directives, expires: null }
  return { directives: parseCacheControl(headers.get('cache-control')), expires: headers.get('expires') }
}

/** An event stream has no end, and what says that it is too long need not be read first. */
function isFinite(response: Response, maxBytes: number): boolean {
  const { headers } = response
  if (headers.get('content-type')?.trim().toLowerCase().startsWith('text/event-stream') === true) return false
  return isDecoded(response) || !(Number(headers.get('content-length')) > maxBytes)
}

/** `s-maxage`, else `max-age`, else `Expires` (section 4.2.1); what is there and cannot be read means *stale*. */
function toldFreshness(headers: Headers, control: Control, { answeredAt }: Exchange): number | undefined {
  const { directives, expires } = control
  const told = spanOf(directives, 's-maxage') ?? spanOf(directives, 'max-age')
  if (told !== undefined || expires === null) return told
  const until = parseHttpDate(expires, answeredAt)
  return until === undefined ? 0 : span(until - (parseHttpDate(headers.get('date'), answeredAt) ?? answeredAt))
}

/**
 * The age on arrival (section 4.2.3). The time the handler took counts only when an upstream cache stands behind it, as
 * its `Age` says: else a handler that takes longer than its own `max-age` could never be answered for.
 */
function initialAge(headers: Headers, { askedAt, answeredAt }: Exchange): number {
  const [first = ''] = (headers.get('age') ?? '').split(',')
  const upstream = secondsToMs(first.trim()) ?? 0
  const apparent = answeredAt - (parseHttpDate(headers.get('date'), answeredAt) ?? answeredAt)
  return Math.max(0, apparent, upstream === 0 ? 0 : upstream + Math.max(0, answeredAt - askedAt))
}

type Windows = Pick<Policy, 'staleWhileRevalidateMs' | 'staleIfErrorMs'>

/**
 * RFC 5861, as the response says, else as the options do. Theirs are not for a response that is to be checked once it is
 * stale (`must-revalidate`, `proxy-revalidate`, and `s-maxage`, which implies it), or that is stale at once.
 */
function staleWindows(directives: Directives, freshMs: number, options: PolicyOptions): Windows {
  if (directives.has('must-revalidate') || directives.has('proxy-revalidate'))
    return { staleWhileRevalidateMs: 0, staleIfErrorMs: 0 }
  const usual = freshMs > 0 && !directives.has('s-maxage') ? options : undefined
  return {
    staleWhileRevalidateMs: spanOf(directives, 'stale-while-revalidate') ?? span(usual?.staleWhileRevalidateMs ?? 0),
    staleIfErrorMs: spanOf(directives, 'stale-if-error') ?? span(usual?.staleIfErrorMs ?? 0),
  }
}

/** From 0 to the longest; what is no number is 0. */
function span(ms: number): number {
  return ms > 0 ? Math.min(ms, LONGEST_MS) : 0
}
