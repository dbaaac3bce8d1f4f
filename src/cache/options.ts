import { atLeast, between, hasMethods, isFunction, isText, oneOf, wholeAtLeast } from '../core/check.ts'
import { OptionError } from '../core/errors.ts'
import { defaultHost, type Host } from '../core/host.ts'

/** How much a cache holds, how long its values are fresh or may be served stale, and how long a load may take. */
export interface CacheOptions<V> {
  /** Names the cache in statistics and facts. @defaultValue `cache` */
  readonly name?: string
  /** Above it an entry is dropped, as `eviction` says. @defaultValue 1000 */
  readonly maxEntries?: number
  /**
   * Which entry goes when room is needed: `lru` the least recently used, `sieve` one that was not used since the last
   * time round (NSDI 2024), which keeps more of what is asked for often, and costs less. @defaultValue `lru`
   */
  readonly eviction?: 'lru' | 'sieve'
  /** Above it entries are dropped, too; what `sizeOf` says is added up. A larger entry is not kept. @defaultValue no limit */
  readonly maxBytes?: number
  /** The weight of an entry, in bytes or any other unit, rounded up. Needed with `maxBytes`. */
  readonly sizeOf?: (value: V, key: string) => number
  /**
   * How long an entry is fresh, in milliseconds, or a function of it. What gets 0 (or, from a function, no number above 0)
   * is not kept, not for the stale windows either. @defaultValue for ever
   */
  readonly ttlMs?: number | ((value: V, key: string) => number)
  /** Shortens each time to live by a random part of at most this share, 0 to 1, so that entries do not expire together. @defaultValue 0 */
  readonly ttlJitter?: number
  /**
   * How long after its expiry an entry is still served while a load in the background replaces it, in milliseconds
   * (RFC 5861, section 3). @defaultValue 0
   */
  readonly staleWhileRevalidateMs?: number
  /**
   * How long after its expiry an entry is still served when the load that should replace it fails, in milliseconds
   * (RFC 5861, section 4). @defaultValue 0
   */
  readonly staleIfErrorMs?: number
  /** Which loaded values mean *not found*. @defaultValue `null` and `undefined` */
  readonly isNegative?: (value: V) => boolean
  /** How long *not found* is remembered, in milliseconds. @defaultValue 0: not at all */
  readonly negativeTtlMs?: number
  /** The deadline of a load, in milliseconds: its signal aborts then, and no caller waits longer. @defaultValue 10 000 */
  readonly loadTimeoutMs?: number
  readonly host?: Host
}

/** The options with their defaults. */
export type CheckedOptions<V> = Required<CacheOptions<V>>

/** The names of all options. */
export const CACHE_OPTIONS: readonly (keyof CacheOptions<unknown>)[] = [
  'name',
  'maxEntries',
  'eviction',
  'maxBytes',
  'sizeOf',
  'ttlMs',
  'ttlJitter',
  'staleWhileRevalidateMs',
  'staleIfErrorMs',
  'isNegative',
  'negativeTtlMs',
  'loadTimeoutMs',
  'host',
]

/** Applies the defaults and refuses what cannot be meant; names are the caller's to check. */
export function checkedOptions<V>(options: CacheOptions<V>): CheckedOptions<V> {
  const {
    name = 'cache',
    maxEntries = 1_000,
    eviction = 'lru',
    maxBytes = Infinity,
    sizeOf = weightless,
    ttlMs = Infinity,
    ttlJitter = 0,
    staleWhileRevalidateMs = 0,
    staleIfErrorMs = 0,
    isNegative = isMissing,
    negativeTtlMs = 0,
    loadTimeoutMs = 10_000,
    host = defaultHost,
  } = options
  const checked: CheckedOptions<V> = {
    name,
    maxEntries,
    eviction,
    maxBytes,
    sizeOf,
    ttlMs,
    ttlJitter,
    staleWhileRevalidateMs,
    staleIfErrorMs,
    isNegative,
    negativeTtlMs,
    loadTimeoutMs,
    host,
  }
  check(checked)
  return checked
}

function check<V>(options: CheckedOptions<V>): void {
  const { maxBytes, sizeOf, ttlMs } = options
  isText('name', options.name)
  wholeAtLeast(1, 'maxEntries', options.maxEntries)
  oneOf(['lru', 'sieve'], 'eviction', options.eviction)
  if (maxBytes !== Infinity) wholeAtLeast(1, 'maxBytes', maxBytes)
  isFunction('sizeOf', sizeOf)
  if ((maxBytes === Infinity) !== (sizeOf === weightless)) throw new OptionError('maxBytes and sizeOf need each other')
  if (typeof ttlMs !== 'function') isTtl('ttlMs', ttlMs)
  between([0, 1], 'ttlJitter', options.ttlJitter)
  isTtl('staleWhileRevalidateMs', options.staleWhileRevalidateMs)
  isTtl('staleIfErrorMs', options.staleIfErrorMs)
  isFunction('isNegative', options.isNegative)
  atLeast(0, 'negativeTtlMs', options.negativeTtlMs)
  atLeast(1, 'loadTimeoutMs', options.loadTimeoutMs)
  hasMethods('host', options.host, 'observe', 'track')
}

/** A number of milliseconds, or `Infinity` for ever. */
export function isTtl(name: string, value: unknown): void {
  if (value !== Infinity) atLeast(0, name, value)
}

function weightless(): number {
  return 0
}

function isMissing(value: unknown): boolean {
  return value === null || value === undefined
}
