import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createHost } from '../core/host.ts'
import { collect, createMetrics } from '../metrics/index.ts'
import { manualClock } from '../testing/clock.ts'
import { RequestMeter } from './request-meter.ts'
import type { RecentRequests } from './request-window.ts'

/** What may happen to a window. */
type Step =
  | { readonly do: 'request'; readonly ms: number; readonly status: number }
  | { readonly do: 'look up'; readonly field: 'hits' | 'staleHits' | 'misses' }
  | { readonly do: 'replace the cache' }
  | { readonly do: 'pass'; readonly ms: number }
  /** An administrator sets the clock. */
  | { readonly do: 'set'; readonly ms: number }

const request = fc.record({
  do: fc.constant('request' as const),
  ms: fc.oneof(fc.nat(5_000), fc.constant(NaN)),
  status: fc.constantFrom(200, 302, 404, 499, 500, 503),
})
const lookUp = fc.record({
  do: fc.constant('look up' as const),
  field: fc.constantFrom('hits' as const, 'staleHits' as const, 'misses' as const),
})
// Mostly within the window, sometimes far beyond it, often at the very end of a part.
const pass = fc.record({
  do: fc.constant('pass' as const),
  ms: fc.oneof(fc.nat(40_000), fc.nat(700_000), fc.constantFrom(1, 29_999, 30_000, 270_000, 300_000)),
})
const step: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: request, weight: 4 },
  { arbitrary: lookUp, weight: 3 },
  { arbitrary: pass, weight: 3 },
  { arbitrary: fc.record({ do: fc.constant('set' as const), ms: fc.integer({ min: -1e9, max: 1e9 }) }), weight: 1 },
  { arbitrary: fc.constant({ do: 'replace the cache' as const }), weight: 1 },
)

interface ModelRequest {
  readonly at: number
  readonly ms: number
  readonly status: number
  /** Where the cache stood. */
  readonly hits: number
  readonly lookups: number
}

/** All requests there ever were, filtered when somebody asks. */
function expected(
  all: readonly ModelRequest[],
  at: number,
  now: { hits: number; lookups: number },
): Omit<RecentRequests, 'warmCache'> {
  const from = (Math.floor(at / 30_000) - 9) * 30_000
  const recent = all.filter((one) => one.at >= from)
  const first = recent[0] ?? now
  const misses = (at: { hits: number; lookups: number }): number => at.lookups - at.hits
  const since = first.hits <= now.hits && misses(first) <= misses(now) ? first : { hits: 0, lookups: 0 }
  const isTheirs = ({ status }: ModelRequest): boolean => status >= 400 && status < 500
  const ours = recent.filter((one) => !isTheirs(one))
  const timed = ours.filter(({ ms }) => !Number.isNaN(ms))
  return {
    requests: ours.length,
    errors: ours.filter(({ status }) => status >= 500).length,
    clientErrors: recent.filter(isTheirs).length,
    timed: timed.length,
    latencyMs: timed.reduce((sum, { ms }) => sum + ms, 0),
    cacheHits: now.hits - since.hits,
    cacheLookups: now.lookups - since.lookups,
  }
}

async function obeysTheModel(steps: readonly Step[]): Promise<void> {
  const clock = manualClock()
  const metrics = createMetrics({ host: createHost({ clock }) })
  const meter = RequestMeter.of(metrics)
  const all: ModelRequest[] = []
  let stats = { hits: 0, staleHits: 0, misses: 0 }
  collect(metrics, 'cache', 'profile', () => ({ ...stats }))
  const cache = () => ({ hits: stats.hits + stats.staleHits, lookups: stats.hits + stats.staleHits + stats.misses })
  for (const each of steps) {
    if (each.do === 'request') {
      all.push({ at: clock.elapsed(), ...each, ...cache() })
      meter.record({ method: 'GET', route: '/a', status: each.status, latencyMs: each.ms }, clock.elapsed())
    } else if (each.do === 'look up') stats[each.field] += 1
    else if (each.do === 'replace the cache') stats = { hits: 0, staleHits: 0, misses: 0 }
    else if (each.do === 'set') clock.set(clock.now() + each.ms)
    else await clock.tick(each.ms)
    expect(meter.read()).toMatchObject(expected(all, clock.elapsed(), cache()))
  }
}

describe('the window of recent requests', () => {
  it('says what a list of all requests would say, whatever happens and however the clock is set', async () => {
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 60 }), obeysTheModel), { numRuns: 200 })
  })

  it('is one for all who measure over a registry', () => {
    const clock = manualClock()
    const metrics = createMetrics({ host: createHost({ clock }) })
    const meter = RequestMeter.of(metrics)
    expect([RequestMeter.of(metrics), RequestMeter.known(metrics)]).toEqual([meter, meter])
    expect(RequestMeter.known(createMetrics())).toBeUndefined()
  })
})

describe('the look-ups of warm caches', () => {
  function setUp() {
    const clock = manualClock()
    const metrics = createMetrics({ host: createHost({ clock }) })
    const stats = { hits: 0, misses: 0 }
    collect(metrics, 'cache', 'profile', () => ({ ...stats }))
    const meter = RequestMeter.of(metrics)
    /** Requests for so many minutes, each with a miss. */
    const minutes = async (count: number): Promise<void> => {
      for (let half = 0; half < count * 2; half += 1) {
        stats.misses += 10
        meter.record({ method: 'GET', route: '/a', status: 200, latencyMs: 1 }, clock.elapsed())
        await clock.tick(30_000)
      }
    }
    return { clock, stats, minutes, warm: () => meter.read().warmCache.lookups }
  }

  it('are none in the first five minutes, and then those after them', async () => {
    const { minutes, warm } = setUp()
    await minutes(5)
    expect(warm()).toBe(0)
    await minutes(1)
    expect(warm()).toBeGreaterThan(0)
    await minutes(5)
    expect(warm()).toBe(80)
  })

  it('are none after a silence that has emptied them', async () => {
    const { clock, minutes, warm } = setUp()
    await minutes(20)
    expect(warm()).toBe(80)
    await clock.tick(600_000)
    await minutes(4)
    expect(warm()).toBe(0)
  })
})
