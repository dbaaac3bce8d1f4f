import fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  CacheModel,
  LOAD_TIMEOUT_MS,
  tagsByValue,
  TTL_MS,
  type Config,
  type Tagging,
  type Value,
} from '../../test/support/cache-model.ts'
import { TimeoutError } from '../core/errors.ts'
import { createHost } from '../core/host.ts'
import { manualClock } from '../testing/clock.ts'
import { createCache } from './cache.ts'
import type { GetOrSetOptions } from './types.ts'

/** What may happen to a cache. `pick` chooses among the loads there are at that moment. */
type Step =
  | { readonly do: 'getOrSet' | 'lookup'; readonly key: string; readonly tagging: Tagging }
  | { readonly do: 'get' | 'has' | 'delete'; readonly key: string }
  | {
      readonly do: 'set'
      readonly key: string
      readonly value: Value
      readonly ttlMs: number | undefined
      readonly tagging: 'none' | 'x' | 'xy'
    }
  | { readonly do: 'land'; readonly pick: number; readonly as: 'value' | 'nothing' | 'error' }
  | { readonly do: 'gone' | 'stale'; readonly tag: string }
  | { readonly do: 'clear' }
  | { readonly do: 'pass'; readonly ms: number }

const KEYS = ['a', 'b', 'c'] as const
const key = fc.constantFrom(...KEYS)
const look = fc.record({
  do: fc.constantFrom('getOrSet' as const, 'lookup' as const),
  key,
  tagging: fc.constantFrom('none' as const, 'x' as const, 'xy' as const, 'by value' as const),
})
const land = fc.record({
  do: fc.constant('land' as const),
  pick: fc.nat(1_000),
  as: fc.constantFrom('value', 'value', 'nothing', 'error', 'error'),
})
const set = fc.record({
  do: fc.constant('set' as const),
  key,
  value: fc.constantFrom(-1, null),
  ttlMs: fc.constantFrom(undefined, 0, 10, Infinity),
  tagging: fc.constantFrom('none' as const, 'x' as const, 'xy' as const),
})
const pass = fc.record({ do: fc.constant('pass' as const), ms: fc.oneof(fc.nat(400), fc.nat(3_000)) })
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: look },
  { weight: 9, arbitrary: land },
  { weight: 7, arbitrary: pass },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('get' as const, 'has' as const, 'delete' as const), key }) },
  { weight: 3, arbitrary: set },
  {
    weight: 5,
    // Nothing ever has the tag `z`.
    arbitrary: fc.record({
      do: fc.constantFrom('gone' as const, 'stale' as const),
      tag: fc.constantFrom('x', 'y', 'z'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('clear' as const) }) },
)
const config: fc.Arbitrary<Config> = fc.record({
  staleWhileRevalidateMs: fc.constantFrom(0, 500, 5_000),
  staleIfErrorMs: fc.constantFrom(0, 800, 10_000),
  negativeTtlMs: fc.constantFrom(0, 300),
  eviction: fc.constantFrom('lru' as const, 'sieve' as const),
  maxEntries: fc.constantFrom(1, 2, 3),
})

/** The options of a look-up that say the same as the model's word. */
function optionsOf(tagging: Tagging): GetOrSetOptions<Value> {
  if (tagging === 'none') return {}
  return { tags: tagging === 'by value' ? tagsByValue : [...tagging] }
}

/** The same steps, taken by the real thing. */
function real(options: Config) {
  const clock = manualClock()
  const host = createHost({ clock })
  const cache = createCache<Value>({ ttlMs: TTL_MS, loadTimeoutMs: LOAD_TIMEOUT_MS, ...options, host })
  const outcomes: string[] = []
  const loads: { resolve: (value: Value) => void; reject: (error: Error) => void }[] = []
  const load = (): Promise<Value> => new Promise((resolve, reject) => loads.push({ resolve, reject }))
  const failed = (error: Error): string => (error instanceof TimeoutError ? 'timeout' : error.message)
  return {
    clock,
    cache,
    outcomes,
    getOrSet(name: string, tagging: Tagging): void {
      const caller = outcomes.push('waiting') - 1
      cache.getOrSet(name, load, optionsOf(tagging)).then(
        (value) => (outcomes[caller] = `? ${value} ?`),
        (error: Error) => (outcomes[caller] = failed(error)),
      )
    },
    lookup(name: string, tagging: Tagging): void {
      const caller = outcomes.push('waiting') - 1
      cache.lookup(name, load, optionsOf(tagging)).then(
        ({ status, value, ageMs }) => (outcomes[caller] = `${status} ${value} ${ageMs}`),
        (error: Error) => (outcomes[caller] = failed(error)),
      )
    },
    land(index: number, as: 'value' | 'nothing' | 'error'): void {
      if (as === 'error') loads[index]?.reject(new Error('error'))
      else loads[index]?.resolve(as === 'value' ? index : null)
    },
  }
}

/** Takes one step on both sides; what the step itself returns must be the same. */
async function take(taken: Step, model: CacheModel, actual: ReturnType<typeof real>): Promise<void> {
  const { cache, clock } = actual
  if (taken.do === 'getOrSet' || taken.do === 'lookup') {
    model.lookup(taken.key, taken.tagging)
    actual[taken.do](taken.key, taken.tagging)
  } else if (taken.do === 'get') expect(cache.get(taken.key)).toBe(model.get(taken.key))
  else if (taken.do === 'has') expect(cache.has(taken.key)).toBe(typeof model.fresh(taken.key) === 'number')
  else if (taken.do === 'delete') expect(cache.delete(taken.key)).toBe(model.delete(taken.key))
  else if (taken.do === 'set') {
    const { ttlMs, tagging } = taken
    model.set(taken.key, taken.value, { ttlMs, tagging })
    const tags = tagging === 'none' ? {} : { tags: [...tagging] }
    cache.set(taken.key, taken.value, ttlMs === undefined ? tags : { ttlMs, ...tags })
  } else if (taken.do === 'gone' || taken.do === 'stale') {
    model.invalidate(taken.tag, taken.do)
    if (taken.do === 'gone') cache.invalidateTag(taken.tag)
    else cache.expireTag(taken.tag)
  } else if (taken.do === 'clear') {
    model.clear()
    cache.clear()
  } else if (taken.do === 'pass') {
    model.pass(taken.ms)
    await clock.tick(taken.ms)
  } else if (taken.do === 'land' && model.loads.length > 0) {
    const index = taken.pick % model.loads.length
    model.land(index, taken.as)
    actual.land(index, taken.as)
  }
  await clock.tick(0)
}

/** `getOrSet` does not say how it was answered, only with what. */
const sameAs = (actual: string, model: string): boolean =>
  actual === (actual.startsWith('? ') ? model.replace(/^\w+ (\S+) \d+$/, '? $1 ?') : model)

it('is fresh, stale, loading, failed, expired, invalidated and evicted as a plain model is, in whatever order', async () => {
  await fc.assert(
    fc.asyncProperty(config, fc.array(step, { maxLength: 60, size: 'max' }), async (options, steps) => {
      const [model, actual] = [new CacheModel(options), real(options)]
      for (const taken of steps) {
        await take(taken, model, actual)
        const differ = actual.outcomes.filter((outcome, at) => !sameAs(outcome, model.outcomes[at] ?? ''))
        expect({ differ, real: actual.outcomes }).toMatchObject({ differ: [], real: { length: model.outcomes.length } })
        for (const name of KEYS) expect(actual.cache.peek(name)).toBe(model.fresh(name))
        expect(actual.cache.stats()).toMatchObject({ ...model.counts, size: model.entries.size })
      }
    }),
    { numRuns: 600 },
  )
})
