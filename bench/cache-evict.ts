/** Storing new keys in a cache that is full: each one evicts another, and must cost the same however large the cache is. */
import { lruCache, ours, phones, PROFILE, WINDOWS, type Profile } from './cache-setup.ts'
import { compare, judge, type Candidate, type Comparison, type Figure, type Target } from './harness.ts'
import { shuffled } from './random.ts'

const SIZES = [1_000, 10_000, 100_000] as const
const BURST = 1_000
/** Of the growth of `lru-cache`; a queue that degrades grows fifty times. */
const GROWTH_AT_MOST = 1.5

type Keys = readonly string[]

/** Gives the keys in turn, for ever; twice as many as the cache holds, so that whoever comes round has long been evicted. */
class Ring {
  readonly #keys: Keys
  #at = 0

  constructor(size: number) {
    this.#keys = shuffled(phones(2 * size))
  }

  next(count: number): Keys {
    const keys = this.upcoming(count)
    this.#at = (this.#at + count) % this.#keys.length
    return keys
  }

  upcoming(count: number): Keys {
    return this.#keys.slice(this.#at, this.#at + count)
  }
}

interface Store {
  set(key: string, value: Profile): unknown
  has(key: string): boolean
}

/** A full cache with the keys that follow, and the check that each of these will be new to it. */
function filled<C extends Store>(cache: C, size: number) {
  const ring = new Ring(size)
  for (const key of ring.next(size)) cache.set(key, PROFILE)
  const check = (): void => {
    if (ring.upcoming(BURST).some((key) => cache.has(key))) throw new Error(`a cache of ${size} entries did not evict`)
  }
  return { cache, check, ops: BURST, prepare: () => ring.next(BURST) }
}

/** What no cache over a `Map` can be without: it looks the key up, drops the eldest, adds the new one, and reads the clock. */
function floor(max: number): Store {
  const slots = new Map<string, number>()
  const [keys, values]: [string[], Profile[]] = [[], []]
  const expiresAt = new Float64Array(max)
  let eldest = 0
  return {
    has: (key) => slots.has(key),
    set(key, value) {
      const slot = slots.get(key) ?? eldest
      if (slots.size === max) slots.delete(keys[slot] ?? '')
      slots.set(key, slot)
      keys[slot] = key
      values[slot] = value
      expiresAt[slot] = Date.now() + WINDOWS.ttlMs
      eldest = (slot + 1) % max
    },
  }
}

const nameOf = (kind: string, size: number): string => `${kind}, ${size / 1_000} k entries`

/** Every loop is written out, so that its call site knows one kind of cache only. */
function candidates(size: number): (Candidate<Keys> & { readonly check: () => void })[] {
  const byHand = filled(floor(size), size)
  const peer = filled(lruCache(size), size)
  const lru = filled(ours({ maxEntries: size }), size)
  const sieve = filled(ours({ maxEntries: size, eviction: 'sieve' }), size)
  return [
    {
      ...byHand,
      name: nameOf('a Map by hand', size),
      run(keys) {
        for (const key of keys) byHand.cache.set(key, PROFILE)
      },
    },
    {
      ...peer,
      name: nameOf('lru-cache', size),
      run(keys) {
        for (const key of keys) peer.cache.set(key, PROFILE)
      },
    },
    {
      ...lru,
      name: nameOf('easymo lru', size),
      run(keys) {
        for (const key of keys) lru.cache.set(key, PROFILE)
      },
    },
    {
      ...sieve,
      name: nameOf('easymo sieve', size),
      run(keys) {
        for (const key of keys) sieve.cache.set(key, PROFILE)
      },
    },
  ]
}

function targets(size: number): Target[] {
  const against = nameOf('lru-cache', size)
  return [
    { of: nameOf('easymo lru', size), against, atMost: 1.15 },
    { of: nameOf('easymo sieve', size), against, atMost: 0.8 },
  ]
}

/**
 * How much dearer a new key is in the largest cache than in the smallest one. The processor's own caches miss more often
 * then, whoever's code it is, so ours is held to what `lru-cache` pays for that.
 */
function growth({ candidates }: Comparison): Figure[] {
  const [smallest, largest] = [Math.min(...SIZES), Math.max(...SIZES)]
  const nsOf = (kind: string, size: number): number =>
    candidates.find(({ name }) => name === nameOf(kind, size))?.ns ?? NaN
  const grown = (kind: string): number => nsOf(kind, largest) / nsOf(kind, smallest)
  const unit = 'times'
  const atMost = GROWTH_AT_MOST * grown('lru-cache')
  return [
    { of: 'a Map by hand', value: grown('a Map by hand'), unit },
    { of: 'lru-cache', value: grown('lru-cache'), unit },
    { of: 'easymo lru', value: grown('easymo lru'), unit, atMost },
    { of: 'easymo sieve', value: grown('easymo sieve'), unit, atMost },
  ]
}

export async function evictions(): Promise<Comparison[]> {
  const measured = SIZES.flatMap((size) => candidates(size))
  for (const { check } of measured) check()
  const comparison = await compare(
    'set of a new key, which evicts',
    measured,
    SIZES.flatMap((size) => targets(size)),
  )
  for (const { check } of measured) check()
  return [comparison, judge('the same, 100 k entries against 1 k', growth(comparison))]
}
