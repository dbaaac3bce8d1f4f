import fc from 'fast-check'
import { expect, it } from 'vitest'
import { TimeoutError } from '../core/errors.ts'
import { createHost } from '../core/host.ts'
import { manualClock } from '../testing/clock.ts'
import { createCache, type CacheStats } from './cache.ts'

type Value = number | null

interface Config {
  readonly staleWhileRevalidateMs: number
  readonly staleIfErrorMs: number
  readonly negativeTtlMs: number
}

const TTL_MS = 1_000
const LOAD_TIMEOUT_MS = 700

/** What may happen to a cache. `pick` chooses among the loads there are at that moment. */
type Step =
  | { readonly do: 'getOrSet' | 'get' | 'has' | 'delete'; readonly key: string }
  | { readonly do: 'set'; readonly key: string; readonly value: Value; readonly ttlMs: number | undefined }
  | { readonly do: 'land'; readonly pick: number; readonly as: 'value' | 'nothing' | 'error' }
  | { readonly do: 'clear' }
  | { readonly do: 'pass'; readonly ms: number }

const key = fc.constantFrom('a', 'b')
const look = fc.record({ do: fc.constant('getOrSet' as const), key })
const land = fc.record({
  do: fc.constant('land' as const),
  pick: fc.nat(1_000),
  as: fc.constantFrom('value', 'value', 'nothing', 'error', 'error'),
})
const pass = fc.record({ do: fc.constant('pass' as const), ms: fc.oneof(fc.nat(400), fc.nat(3_000)) })
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: look },
  { weight: 9, arbitrary: land },
  { weight: 9, arbitrary: pass },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('get' as const, 'has' as const, 'delete' as const), key }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('set' as const),
      key,
      value: fc.constantFrom(-1, null),
      ttlMs: fc.constantFrom(undefined, 0, 10, Infinity),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('clear' as const) }) },
)
const config: fc.Arbitrary<Config> = fc.record({
  staleWhileRevalidateMs: fc.constantFrom(0, 500, 5_000),
  staleIfErrorMs: fc.constantFrom(0, 800, 10_000),
  negativeTtlMs: fc.constantFrom(0, 300),
})

interface Load {
  readonly key: string
  readonly deadline: number
  readonly callers: number[]
  running: boolean
}

/** The rules in plain words: times as numbers, outcomes as strings, no promises, no clock. */
class Model {
  now = 0
  readonly outcomes: string[] = []
  readonly loads: Load[] = []
  readonly counts = { hits: 0, misses: 0, staleHits: 0, loads: 0, loadErrors: 0 }
  readonly entries = new Map<string, { readonly value: Value; readonly expiresAt: number }>()
  readonly #flying = new Map<string, Load>()
  readonly #pauses = new Map<string, { readonly until: number; readonly ms: number }>()

  constructor(readonly config: Config) {}

  fresh(name: string): Value | undefined {
    const entry = this.entries.get(name)
    return entry !== undefined && this.now < entry.expiresAt ? entry.value : undefined
  }

  get(name: string): Value | undefined {
    const value = this.fresh(name)
    this.counts[value === undefined ? 'misses' : 'hits'] += 1
    return value
  }

  getOrSet(name: string): void {
    const entry = this.entries.get(name)
    const late = entry === undefined ? Infinity : this.now - entry.expiresAt
    const paused = this.now < (this.#pauses.get(name)?.until ?? -1)
    if (entry !== undefined && late < 0) {
      this.counts.hits += 1
      this.outcomes.push(`value ${entry.value}`)
    } else if (
      entry !== undefined &&
      (late < this.config.staleWhileRevalidateMs || (paused && late < this.config.staleIfErrorMs))
    ) {
      this.counts.staleHits += 1
      this.outcomes.push(`value ${entry.value}`)
      if (!paused && !this.#flying.has(name)) this.#start(name)
    } else {
      const load = this.#flying.get(name) ?? this.#start(name)
      load.callers.push(this.outcomes.push('waiting') - 1)
      if (this.config.staleIfErrorMs === 0) this.counts.misses += 1
    }
  }

  set(name: string, value: Value, ttlMs: number = TTL_MS): void {
    this.#flying.delete(name)
    this.#store(name, value, ttlMs)
  }

  delete(name: string): boolean {
    this.#flying.delete(name)
    this.#pauses.delete(name)
    return this.entries.delete(name)
  }

  clear(): void {
    for (const map of [this.#flying, this.#pauses, this.entries]) map.clear()
  }

  land(index: number, as: 'value' | 'nothing' | 'error' | 'timeout'): void {
    const load = this.loads[index]
    if (load?.running !== true) return
    load.running = false
    const current = this.#flying.get(load.key) === load
    if (current) this.#flying.delete(load.key)
    if (as === 'error' || as === 'timeout') this.#failed(load, current, as)
    else {
      const value = as === 'value' ? index : null
      if (current) this.#store(load.key, value, TTL_MS)
      for (const caller of load.callers) this.#answered(caller, `value ${value}`)
    }
  }

  pass(ms: number): void {
    const until = this.now + ms
    for (const [index, load] of this.loads.entries()) {
      if (!load.running || load.deadline > until) continue
      this.now = load.deadline
      this.land(index, 'timeout')
    }
    this.now = until
  }

  #start(name: string): Load {
    const load = { key: name, deadline: this.now + LOAD_TIMEOUT_MS, callers: [], running: true }
    this.loads.push(load)
    this.#flying.set(name, load)
    this.counts.loads += 1
    return load
  }

  #failed(load: Load, current: boolean, outcome: string): void {
    this.counts.loadErrors += 1
    const entry = this.entries.get(load.key)
    const before = this.#pauses.get(load.key)
    if (current && entry !== undefined) {
      const ms = before === undefined ? 1_000 : Math.min(before.ms * 2, 30_000)
      this.#pauses.set(load.key, { until: this.now + ms, ms })
    }
    const served = entry !== undefined && this.now - entry.expiresAt < this.config.staleIfErrorMs
    for (const caller of load.callers)
      if (served && this.config.staleIfErrorMs > 0) {
        this.outcomes[caller] = `value ${entry.value}`
        this.counts.staleHits += 1
      } else this.#answered(caller, outcome)
  }

  #answered(caller: number, outcome: string): void {
    this.outcomes[caller] = outcome
    if (this.config.staleIfErrorMs > 0) this.counts.misses += 1
  }

  #store(name: string, value: Value, ttlMs: number): void {
    this.#pauses.delete(name)
    const chosen = value === null ? this.config.negativeTtlMs : ttlMs
    if (chosen === 0) this.entries.delete(name)
    else this.entries.set(name, { value, expiresAt: this.now + chosen })
  }
}

/** The same steps, taken by the real thing. */
function real(options: Config) {
  const clock = manualClock()
  const host = createHost({ clock })
  const cache = createCache<Value>({ ttlMs: TTL_MS, loadTimeoutMs: LOAD_TIMEOUT_MS, ...options, host })
  const outcomes: string[] = []
  const loads: { resolve: (value: Value) => void; reject: (error: Error) => void }[] = []
  const load = (): Promise<Value> => new Promise((resolve, reject) => loads.push({ resolve, reject }))
  return {
    clock,
    cache,
    outcomes,
    getOrSet(name: string): void {
      const caller = outcomes.push('waiting') - 1
      cache.getOrSet(name, load).then(
        (value) => (outcomes[caller] = `value ${value}`),
        (error: Error) => (outcomes[caller] = error instanceof TimeoutError ? 'timeout' : error.message),
      )
    },
    land(index: number, as: 'value' | 'nothing' | 'error'): void {
      if (as === 'error') loads[index]?.reject(new Error('error'))
      else loads[index]?.resolve(as === 'value' ? index : null)
    },
  }
}

/** Takes one step on both sides; what the step itself returns must be the same. */
async function take(taken: Step, model: Model, actual: ReturnType<typeof real>): Promise<void> {
  const { cache, clock } = actual
  if (taken.do === 'getOrSet') {
    model.getOrSet(taken.key)
    actual.getOrSet(taken.key)
  } else if (taken.do === 'get') expect(cache.get(taken.key)).toBe(model.get(taken.key))
  else if (taken.do === 'has') expect(cache.has(taken.key)).toBe(typeof model.fresh(taken.key) === 'number')
  else if (taken.do === 'delete') expect(cache.delete(taken.key)).toBe(model.delete(taken.key))
  else if (taken.do === 'set') {
    model.set(taken.key, taken.value, taken.ttlMs)
    cache.set(taken.key, taken.value, taken.ttlMs === undefined ? {} : { ttlMs: taken.ttlMs })
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

it('is fresh, stale, loading, failed, expired and invalidated as a plain model is, in whatever order', async () => {
  await fc.assert(
    fc.asyncProperty(config, fc.array(step, { maxLength: 60 }), async (options, steps) => {
      const [model, actual] = [new Model(options), real(options)]
      for (const taken of steps) {
        await take(taken, model, actual)
        expect(actual.outcomes).toEqual(model.outcomes)
        for (const name of ['a', 'b']) expect(actual.cache.peek(name)).toBe(model.fresh(name))
        const stats: CacheStats = actual.cache.stats()
        expect(stats).toMatchObject({ ...model.counts, size: model.entries.size, evictions: 0 })
      }
    }),
    { numRuns: 400 },
  )
})
