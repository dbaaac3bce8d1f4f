import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createHost } from '../core/host.ts'
import { collect, createMetrics } from '../metrics/index.ts'
import { manualClock } from '../testing/clock.ts'
import { recentRequests, RequestWindow, type RecentRequests } from './request-window.ts'

/** What may happen to a window. */
type Step =
  | { readonly do: 'request'; readonly ms: number; readonly failed: boolean }
  | { readonly do: 'look up'; readonly field: 'hits' | 'staleHits' | 'misses' }
  | { readonly do: 'replace the cache' }
  | { readonly do: 'pass'; readonly ms: number }
  /** An administrator sets the clock. */
  | { readonly do: 'set'; readonly ms: number }

const request = fc.record({ do: fc.constant('request' as const), ms: fc.nat(5_000), failed: fc.boolean() })
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
  readonly failed: boolean
  /** Where the cache stood. */
  readonly hits: number
  readonly lookups: number
}

/** All requests there ever were, filtered when somebody asks. */
function expected(all: readonly ModelRequest[], at: number, now: { hits: number; lookups: number }): RecentRequests {
  const from = (Math.floor(at / 30_000) - 9) * 30_000
  const recent = all.filter((one) => one.at >= from)
  const first = recent[0] ?? now
  const misses = (at: { hits: number; lookups: number }): number => at.lookups - at.hits
  const since = first.hits <= now.hits && misses(first) <= misses(now) ? first : { hits: 0, lookups: 0 }
  return {
    requests: recent.length,
    errors: recent.filter(({ failed }) => failed).length,
    latencyMs: recent.reduce((sum, { ms }) => sum + ms, 0),
    cacheHits: now.hits - since.hits,
    cacheLookups: now.lookups - since.lookups,
  }
}

async function obeysTheModel(steps: readonly Step[]): Promise<void> {
  const clock = manualClock()
  const metrics = createMetrics({ host: createHost({ clock }) })
  const window = RequestWindow.of('core', metrics, clock)
  const all: ModelRequest[] = []
  let stats = { hits: 0, staleHits: 0, misses: 0 }
  collect(metrics, 'cache', 'profile', () => ({ ...stats }))
  const cache = () => ({ hits: stats.hits + stats.staleHits, lookups: stats.hits + stats.staleHits + stats.misses })
  for (const each of steps) {
    if (each.do === 'request') {
      all.push({ at: clock.elapsed(), ...each, ...cache() })
      window.add(clock.elapsed(), each.ms, each.failed)
    } else if (each.do === 'look up') stats[each.field] += 1
    else if (each.do === 'replace the cache') stats = { hits: 0, staleHits: 0, misses: 0 }
    else if (each.do === 'set') clock.set(clock.now() + each.ms)
    else await clock.tick(each.ms)
    expect(recentRequests(metrics)).toEqual(expected(all, clock.elapsed(), cache()))
  }
}

describe('the window of recent requests', () => {
  it('says what a list of all requests would say, whatever happens and however the clock is set', async () => {
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 60 }), obeysTheModel), { numRuns: 200 })
  })

  it('is one for all handlers of a service, and services are added up but not their caches', () => {
    const clock = manualClock()
    const metrics = createMetrics({ host: createHost({ clock }) })
    const stats = { hits: 0, staleHits: 0, misses: 0 }
    collect(metrics, 'cache', 'profile', () => ({ ...stats }))
    const [a, b] = [RequestWindow.of('a', metrics, clock), RequestWindow.of('b', metrics, clock)]
    expect(RequestWindow.of('a', metrics, clock)).toBe(a)
    a.add(0, 10, false)
    stats.misses += 10
    b.add(0, 20, true)
    stats.hits += 30
    expect(recentRequests(metrics)).toEqual({ requests: 2, errors: 1, latencyMs: 30, cacheHits: 30, cacheLookups: 40 })
  })
})
