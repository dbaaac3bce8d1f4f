import { atLeast, between, hasMethods, isFunction, isText, knownOptions, wholeAtLeast } from '../core/check.ts'
import { defaultHost, type Host } from '../core/host.ts'

/** How much a cache holds, how long its values are fresh or may be served stale, and how long a load may take. */
export interface CacheOptions<V> {
  /** Names the cache in statistics and facts. @defaultValue `cache` */
  readonly name?: string
  /** Above it the least recently used entry is dropped. @defaultValue 1000 */
  readonly maxEntries?: number
  /** How long an entry is fresh, in milliseconds, or a function of it. @defaultValue for ever */
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

export type CheckedOptions<V> = Required<CacheOptions<V>>

const NAMES: readonly (keyof CacheOptions<unknown>)[] = [
  'name',
  'maxEntries',
  'ttlMs',
  'ttlJitter',
  'staleWhileRevalidateMs',
  'staleIfErrorMs',
  'isNegative',
  'negativeTtlMs',
  'loadTimeoutMs',
  'host',
]

/** Applies the defaults and refuses what cannot be meant. */
export function checkedOptions<V>(options: CacheOptions<V>): CheckedOptions<V> {
  knownOptions(options, ...NAMES)
  const {
    name = 'cache',
    maxEntries = 1_000,
    ttlMs = Infinity,
    ttlJitter = 0,
    staleWhileRevalidateMs = 0,
    staleIfErrorMs = 0,
    isNegative = isMissing,
    negativeTtlMs = 0,
    loadTimeoutMs = 10_000,
    host = defaultHost,
  } = options
  const checked = {
    name,
    maxEntries,
    ttlMs,
    ttlJitter,
    staleWhileRevalidateMs,
    staleIfErrorMs,
    isNegative,
    negativeTtlMs,
    loadTimeoutMs,
    host,
  }
  isText('name', name)
  wholeAtLeast(1, 'maxEntries', maxEntries)
  if (typeof ttlMs !== 'function') isTtl('ttlMs', ttlMs)
  between([0, 1], 'ttlJitter', ttlJitter)
  atLeast(0, 'staleWhileRevalidateMs', staleWhileRevalidateMs)
  atLeast(0, 'staleIfErrorMs', staleIfErrorMs)
  isFunction('isNegative', isNegative)
  atLeast(0, 'negativeTtlMs', negativeTtlMs)
  atLeast(1, 'loadTimeoutMs', loadTimeoutMs)
  hasMethods('host', host, 'observe', 'track')
  return checked
}

/** A number of milliseconds, or `Infinity` for ever. */
export function isTtl(name: string, value: unknown): void {
  if (value !== Infinity) atLeast(0, name, value)
}

function isMissing(value: unknown): boolean {
  return value === null || value === undefined
}
