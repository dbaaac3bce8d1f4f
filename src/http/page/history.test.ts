import { beforeEach, describe, expect, it, vi } from 'vitest'
import { collect, createMetrics } from '../../metrics/index.ts'
import { performanceDocument } from '../performance-document.ts'
import { History, perSecond, share } from './history.ts'
import { readingOf, type Reading } from './reading.ts'

// The page runs in a browser, whose clock and timers hang on its window.
vi.stubGlobal('window', globalThis)

const empty = readingOf(performanceDocument(createMetrics()))

describe('the history', () => {
  let history: History
  beforeEach(() => {
    history = new History()
  })

  /** A reading so many seconds after a process has started. */
  function add(seconds: number, given: Partial<Reading['all']>, startedAt = 1_000_000): void {
    const all = { ...empty.all, ...given }
    history.add({ ...empty, at: startedAt + seconds * 1_000, uptime: seconds * 1_000, all })
  }
  const rate = (): number | undefined => history.newest && perSecond(history.newest, ({ all }) => all.requests)
  const errors = (): number | undefined =>
    history.newest &&
    share(history.newest, ({ all }) => all.errors, ({ all }) => all.requests) // prettier-ignore

  it('has no rate after the first reading, which has nothing to be compared with', () => {
    add(60, { requests: 100 })
    expect(rate()).toBeUndefined()
  })

  it('averages over the last 15 seconds', () => {
    for (const seconds of [0, 2, 4, 20]) add(seconds, { requests: seconds * 10, errors: seconds })
    expect(rate()).toBe(10)
    add(30, { requests: 200 + 50, errors: 20 })
    expect([rate(), errors()]).toEqual([5, 0])
  })

  it('says that nothing is known of a share of nothing', () => {
    add(0, { requests: 10, errors: 1 })
    add(2, { requests: 10, errors: 1 })
    expect([rate(), errors()]).toEqual([0, undefined])
  })

  it('begins anew when the process has restarted: no rate is negative, and none is across two processes', () => {
    add(100, { requests: 1_000 })
    add(102, { requests: 1_010 })
    add(1, { requests: 3 }, 1_103_000)
    expect([rate(), history.newest?.restarted, history.newest?.apart]).toEqual([undefined, true, true])
    add(3, { requests: 7 }, 1_103_000)
    expect([rate(), history.newest?.restarted]).toEqual([2, false])
  })

  it('does not compare an isolate with another one that is older and has counted more', () => {
    add(10, { requests: 5 })
    add(400, { requests: 9_000 }, 612_000)
    expect([rate(), history.newest?.restarted]).toEqual([undefined, true])
  })

  it('takes an answer that it knows for no news', () => {
    add(10, { requests: 5 })
    add(10, { requests: 5 })
    expect(history.points).toHaveLength(1)
  })

  it('draws no line over a time when nobody looked, and forgets after five minutes', () => {
    for (const seconds of [0, 2, 100, 102, 301]) add(seconds, { requests: seconds })
    expect(history.points.map(({ apart }) => apart)).toEqual([false, true, false, true])
    expect(rate()).toBe(1)
  })
})

describe('readingOf', () => {
  it('adds the routes up, counts 5xx as errors and 4xx apart, and takes all of them for one', () => {
    const metrics = createMetrics()
    const requests = metrics.counter('http_requests_total', { help: 'Requests', labels: ['status', 'route'] })
    const took = metrics.histogram('http_request_duration_seconds', {
      help: 'Time',
      labels: ['route'],
      buckets: [1, 2],
    })
    requests.add(7, '200', '/a')
    requests.add(2, '404', '/b')
    requests.add(3, '503', '/b')
    performanceDocument(metrics)
    for (let n = 0; n < 999; n += 1) took.observe(0.5, '/a')
    took.observe(2, '/b')
    collect(metrics, 'cache', '__proto__', () => ({ hits: 3, misses: 1, hitRate: 0.75, size: 1 }))
    collect(metrics, 'pool', 'a', () => ({ size: 2, healthy: 2, totalUses: 9, borrowed: 1, waiting: 4 }))
    const reading = readingOf(performanceDocument(metrics))
    expect(reading.all).toMatchObject({ requests: 12, errors: 3, clientErrors: 2, timed: 1_000, sum: 501_500 })
    expect([...reading.routes.keys()]).toEqual(['/a', '/b'])
    expect(reading.routes.get('/b')).toMatchObject({ p99: 2_000, recent: { count: 1 } })
    for (const p99 of [reading.all.p99, reading.all.recent.p99]) expect(p99).toBeLessThanOrEqual(1_000)
    expect(reading.all.recent.count).toBe(1_000)
    expect(reading.caches.get('__proto__')?.hits).toBe(3)
    expect(reading.lookups).toEqual({ hits: 3, misses: 1 })
    expect(reading.pool).toMatchObject({ size: 2, borrowed: 1, waiting: 4 })
  })

  it('refuses a document of another shape', () => {
    expect(() => readingOf({ message: 'hello' } as never)).toThrow(TypeError)
  })
})
