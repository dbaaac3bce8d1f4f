import { atLeast, hasMethods, isFunction, isText, knownOptions, wholeAtLeast } from '../core/check.ts'
import { OptionError } from '../core/errors.ts'
import { defaultHost, type Host } from '../core/host.ts'
import type { PathPattern } from './cache-key.ts'
import type { ResponseCache } from './cache-port.ts'
import type { CookiePattern } from './cache-request.ts'
import { TOKEN } from './cache-vary.ts'

/** Where responses are kept, which of them, and for how long. */
export interface CacheMiddlewareOptions {
  /**
   * Where they are kept: `createCache<CachedResponse>()`, or a tiered cache with `cachedResponseCodec`. Its own times do
   * not matter: every entry comes with one.
   */
  readonly cache: ResponseCache
  /**
   * How long a response is fresh that says nothing about it (no `Cache-Control: max-age` or `s-maxage`, no `Expires`), in
   * milliseconds, or a function of the response, which must not read its body. For the statuses 200, 203, 204, 300, 301
   * and 308; others are stored only when they say for how long.
   */
  readonly ttlMs: number | ((response: Response) => number)
  /**
   * Request headers that responses depend on, as if every response named them in `Vary`. Whatever else the handler
   * reads of a request, be it `X-Forwarded-Host`, must stand here or in the response's `Vary`. @defaultValue none
   */
  readonly vary?: readonly string[]
  /**
   * Names the resource of a request; the same for all its methods, so that a write finds what a read stored.
   *
   * @defaultValue origin, path and query, in the order they were sent
   */
  readonly key?: (request: Request) => string
  /**
   * Paths to be cached: a string stands for that path and all below it, an expression is tried on the path, decoded and
   * without its query. @defaultValue every path
   */
  readonly include?: readonly PathPattern[]
  /** Paths not to be cached, also among those included. @defaultValue none */
  readonly exclude?: readonly PathPattern[]
  /**
   * How long after its freshness a response is served while it is refreshed in the background, in milliseconds, when it
   * does not say so itself (`stale-while-revalidate`), nor forbids it (`must-revalidate`, `s-maxage`). @defaultValue 0
   */
  readonly staleWhileRevalidateMs?: number
  /** The same for a handler that fails: a throw, a 5xx, or no answer within `loadTimeoutMs`. @defaultValue 0 */
  readonly staleIfErrorMs?: number
  /**
   * Cookies that no response depends on, by name: those of analytics, say. A request that brings others is not answered from
   * the cache. A handler whose answer may be stored does not get to see them. @defaultValue none: every cookie matters
   *
   * @example
   * ignoreCookies: [/^_ga/, 'theme-hint']
   */
  readonly ignoreCookies?: readonly CookiePattern[]
  /**
   * What a stored response can be purged by besides its address: `cache.invalidateTag`, which reaches every process that
   * shares the cache. Must not read the body. What it throws leaves the response unstored. @defaultValue none
   *
   * @example
   * tags: (request) => [`shop:${new URL(request.url).hostname}`]
   */
  readonly tags?: (request: Request, response: Response) => readonly string[]
  /**
   * Obeys `CDN-Cache-Control` in place of `Cache-Control` and `Expires` where a response has it (RFC 9213): for a cache that
   * stands in for a CDN. @defaultValue false
   */
  readonly targeted?: boolean
  /** Larger bodies pass through, unbuffered. In bytes. @defaultValue 1 048 576 */
  readonly maxBytes?: number
  /** Variants of one resource that are kept side by side; the eldest goes first. @defaultValue 16 */
  readonly maxVariants?: number
  /**
   * How long a request waits for the answer that another one is getting, before it asks the handler itself; also the
   * deadline of a refresh in the background, and of copying a body. In milliseconds. @defaultValue 10 000
   */
  readonly loadTimeoutMs?: number
  /** The deadline of every call to a cache that answers with promises, in milliseconds. @defaultValue 1000 */
  readonly cacheTimeoutMs?: number
  /** Lets clients ask for fresh or unstored responses: `no-cache`, `no-store`, `max-age`, `Pragma`. @defaultValue false */
  readonly allowClientRevalidation?: boolean
  /** Names the middleware in facts. @defaultValue `http` */
  readonly name?: string
  readonly host?: Host
}

/** The options with their defaults. */
export interface CheckedOptions extends Omit<Required<CacheMiddlewareOptions>, 'key' | 'include' | 'ttlMs' | 'tags'> {
  readonly key: CacheMiddlewareOptions['key'] | undefined
  readonly include: readonly PathPattern[] | undefined
  readonly ttlMs: (response: Response) => number
  readonly tags: CacheMiddlewareOptions['tags'] | undefined
}

const NAMES: readonly (keyof CacheMiddlewareOptions)[] = [
  'cache',
  'ttlMs',
  'vary',
  'key',
  'include',
  'exclude',
  'staleWhileRevalidateMs',
  'staleIfErrorMs',
  'ignoreCookies',
  'tags',
  'targeted',
  'maxBytes',
  'maxVariants',
  'loadTimeoutMs',
  'cacheTimeoutMs',
  'allowClientRevalidation',
  'name',
  'host',
]

/** Applies the defaults and refuses what cannot be meant. */
export function checkedOptions(options: CacheMiddlewareOptions): CheckedOptions {
  knownOptions(options, ...NAMES)
  const { cache, ttlMs, key, include, vary = [], exclude = [], name = 'http', host = defaultHost } = options
  const { allowClientRevalidation = false, targeted = false, ignoreCookies = [], tags } = options
  hasMethods('cache', cache, 'get', 'set', 'delete')
  hasMethods('host', host, 'observe', 'track')
  isText('name', name)
  isFunction('key', key, 'optional')
  isFunction('tags', tags, 'optional')
  if (tags !== undefined) hasMethods('cache', cache, 'invalidateTag')
  if (typeof ttlMs !== 'function') isSpan('ttlMs', ttlMs)
  isTrueOrFalse('allowClientRevalidation', allowClientRevalidation)
  isTrueOrFalse('targeted', targeted)
  checkCookies(ignoreCookies)
  checkPatterns('include', include ?? [])
  checkPatterns('exclude', exclude)
  return {
    ...checkedLimits(options),
    cache,
    key,
    include: include && [...include],
    exclude: [...exclude],
    allowClientRevalidation,
    targeted,
    ignoreCookies: [...ignoreCookies],
    tags,
    name,
    host,
    vary: fieldNames(vary),
    ttlMs: typeof ttlMs === 'function' ? ttlMs : () => ttlMs,
  }
}

type Limits =
  'staleWhileRevalidateMs' | 'staleIfErrorMs' | 'maxBytes' | 'maxVariants' | 'loadTimeoutMs' | 'cacheTimeoutMs'

function checkedLimits(options: CacheMiddlewareOptions): Pick<CheckedOptions, Limits> {
  const { staleWhileRevalidateMs = 0, staleIfErrorMs = 0, maxBytes = 1_048_576, maxVariants = 16 } = options
  const { loadTimeoutMs = 10_000, cacheTimeoutMs = 1_000 } = options
  isSpan('staleWhileRevalidateMs', staleWhileRevalidateMs)
  isSpan('staleIfErrorMs', staleIfErrorMs)
  wholeAtLeast(0, 'maxBytes', maxBytes)
  wholeAtLeast(1, 'maxVariants', maxVariants)
  atLeast(1, 'loadTimeoutMs', loadTimeoutMs)
  atLeast(1, 'cacheTimeoutMs', cacheTimeoutMs)
  return { staleWhileRevalidateMs, staleIfErrorMs, maxBytes, maxVariants, loadTimeoutMs, cacheTimeoutMs }
}

/** `Infinity` is the longest that there is. */
function isSpan(name: string, value: unknown): void {
  if (value !== Infinity) atLeast(0, name, value)
}

function isTrueOrFalse(name: string, value: unknown): void {
  if (typeof value !== 'boolean') throw new OptionError(`${name} must be true or false`)
}

function checkCookies(patterns: unknown): void {
  const usable = (each: unknown): boolean => each instanceof RegExp || (typeof each === 'string' && each !== '')
  if (!Array.isArray(patterns) || !patterns.every(usable))
    throw new OptionError('ignoreCookies must be a list of names and of regular expressions')
}

function checkPatterns(name: string, patterns: unknown): void {
  const usable = (each: unknown): boolean =>
    each instanceof RegExp || (typeof each === 'string' && each.startsWith('/'))
  if (!Array.isArray(patterns) || !patterns.every(usable))
    throw new OptionError(`${name} must be a list of paths that begin with / and of regular expressions`)
}

function fieldNames(names: unknown): readonly string[] {
  const usable = (each: unknown): boolean => typeof each === 'string' && each !== '*' && TOKEN.test(each)
  if (!Array.isArray(names) || !names.every(usable)) throw new OptionError('vary must be a list of header names')
  return (names as readonly string[]).map((name) => name.toLowerCase())
}
