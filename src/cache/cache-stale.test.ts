import { afterEach, describe, expect, it, vi } from 'vitest'
import { TimeoutError } from '../core/errors.ts'
import type { Fact } from '../core/fact.ts'
import { createHost } from '../core/host.ts'
import { manualClock } from '../testing/clock.ts'
import { createCache } from './cache.ts'
import type { CacheOptions } from './options.ts'

afterEach(() => vi.unstubAllGlobals())

/** A cache that holds 1 under `k`, expired this very moment. */
async function staleCache(options: CacheOptions<number>) {
  const clock = manualClock()
  const facts: Fact[] = []
  const host = createHost({ clock, observe: (fact) => facts.push(fact) })
  const cache = createCache<number>({ ttlMs: 1_000, ...options, host })
  cache.set('k', 1)
  await clock.tick(1_000)
  return { clock, facts, host, cache }
}

const failing = () => vi.fn(() => Promise.reject(Object.assign(new Error('db down'), { code: 'ECONNREFUSED' })))
const hanging = () => vi.fn(() => new Promise<number>(() => undefined))

describe('stale while revalidate', () => {
  it('serves stale at once, refreshes once behind it, and is fresh then', async () => {
    const { cache, clock } = await staleCache({ staleWhileRevalidateMs: 500 })
    const load = vi.fn(async () => 2)
    const callers = await Promise.all(Array.from({ length: 10 }, () => cache.getOrSet('k', load)))
    expect(callers).toEqual(Array(10).fill(1))
    await clock.tick(0)
    expect(load).toHaveBeenCalledTimes(1)
    expect(await cache.getOrSet('k', load)).toBe(2)
    expect(cache.stats()).toMatchObject({ staleHits: 10, hits: 1, misses: 0, loads: 1 })
  })

  it('lasts as long as it says, counted from the expiry', async () => {
    const { cache, clock } = await staleCache({ staleWhileRevalidateMs: 500 })
    await clock.tick(499)
    const load = failing()
    expect(await cache.getOrSet('k', load)).toBe(1)
    await clock.tick(1)
    await expect(cache.getOrSet('k', load)).rejects.toThrow('db down')
  })

  it('gives stale twice when the refresh fails twice in a row, with a growing pause between refreshes', async () => {
    const { cache, clock, facts } = await staleCache({ staleWhileRevalidateMs: 60_000 })
    const load = failing()
    const startedAt: number[] = []
    const begin = clock.elapsed()
    while (clock.elapsed() - begin < 20_000) {
      const before = load.mock.calls.length
      expect(await cache.getOrSet('k', load)).toBe(1)
      if (load.mock.calls.length > before) startedAt.push(clock.elapsed() - begin)
      await clock.tick(100)
    }
    expect(startedAt).toEqual([0, 1_000, 3_000, 7_000, 15_000])
    expect(facts).toEqual(Array(5).fill({ name: 'cache.refresh_failed', of: 'cache', code: 'ECONNREFUSED' }))
    expect(await cache.getOrSet('k', () => 2)).toBe(1)
  })

  it('pauses after a refresh that hung, too', async () => {
    const { cache, clock, facts } = await staleCache({ staleWhileRevalidateMs: 60_000, loadTimeoutMs: 100 })
    const load = hanging()
    await cache.getOrSet('k', load)
    await clock.tick(100)
    expect(facts).toEqual([{ name: 'cache.refresh_failed', of: 'cache', code: 'ERR_PERF_TIMEOUT' }])
    expect(cache.stats().loadErrors).toBe(1)
    await clock.tick(999)
    expect(await cache.getOrSet('k', load)).toBe(1)
    expect(load).toHaveBeenCalledTimes(1)
    await clock.tick(1)
    expect(await cache.getOrSet('k', load)).toBe(1)
    expect(load).toHaveBeenCalledTimes(2)
  })

  it('ends the pause when the key is set or deleted', async () => {
    for (const change of ['set', 'delete'] as const) {
      const { cache, clock } = await staleCache({ staleWhileRevalidateMs: 60_000 })
      await cache.getOrSet('k', failing())
      await clock.tick(0)
      if (change === 'delete') cache.delete('k')
      cache.set('k', 3, { ttlMs: 1 })
      await clock.tick(1)
      const load = vi.fn(() => 4)
      expect(await cache.getOrSet('k', load)).toBe(3)
      expect(load).toHaveBeenCalledTimes(1)
    }
  })

  it('does not pause because of a load that failed after its key was set', async () => {
    const { cache, clock } = await staleCache({ staleWhileRevalidateMs: 60_000 })
    let fail: (reason: Error) => void = () => undefined
    await cache.getOrSet('k', () => new Promise<number>((_resolve, reject) => (fail = reject)))
    cache.set('k', 3, { ttlMs: 1 })
    fail(new Error('late'))
    await clock.tick(1)
    const load = vi.fn(() => 4)
    await cache.getOrSet('k', load)
    expect(load).toHaveBeenCalledTimes(1)
  })

  it('drops the value when the refresh finds it gone', async () => {
    const { cache, clock } = await staleCache({ staleWhileRevalidateMs: 500, isNegative: (value) => value < 0 })
    await cache.getOrSet('k', () => -1)
    await clock.tick(0)
    expect(cache.stats().size).toBe(0)
  })

  it('does not store a refresh whose key was deleted meanwhile', async () => {
    const { cache, clock } = await staleCache({ staleWhileRevalidateMs: 500 })
    let land: (value: number) => void = () => undefined
    await cache.getOrSet('k', () => new Promise<number>((resolve) => (land = resolve)))
    cache.delete('k')
    land(2)
    await clock.tick(0)
    expect(cache.has('k')).toBe(false)
  })
})

describe('the refresh', () => {
  it('gives waitUntil, once, a promise that settles when it is stored', async () => {
    const { cache } = await staleCache({ staleWhileRevalidateMs: 500 })
    const kept: Promise<unknown>[] = []
    let land: (value: number) => void = () => undefined
    const load = (): Promise<number> => new Promise((resolve) => (land = resolve))
    const waitUntil = (promise: Promise<unknown>): void => void kept.push(promise)
    expect(await cache.getOrSet('k', load, { waitUntil })).toBe(1)
    expect(kept).toHaveLength(1)
    const stored = vi.fn(() => cache.peek('k'))
    const settled = kept[0]?.then(stored)
    await Promise.resolve()
    expect(stored).not.toHaveBeenCalled()
    land(2)
    await settled
    expect(stored).toHaveReturnedWith(2)
  })

  it('gives waitUntil a promise that does not reject', async () => {
    const { cache } = await staleCache({ staleWhileRevalidateMs: 500 })
    const waitUntil = vi.fn<(promise: Promise<unknown>) => void>()
    await cache.getOrSet('k', failing(), { waitUntil })
    await expect(waitUntil.mock.calls[0]?.[0]).resolves.toBeUndefined()
  })

  it('that fails is told once, whoever met the stale value meanwhile', async () => {
    const { cache, clock, facts } = await staleCache({ staleWhileRevalidateMs: 500 })
    const waitUntil = vi.fn<(promise: Promise<unknown>) => void>()
    await Promise.all(Array.from({ length: 10 }, () => cache.getOrSet('k', failing(), { waitUntil })))
    await clock.tick(0)
    expect(facts).toHaveLength(1)
    expect(waitUntil).toHaveBeenCalledTimes(1)
  })

  it('is awaited by drain without a waitUntil', async () => {
    const { cache, host } = await staleCache({ staleWhileRevalidateMs: 500 })
    await cache.getOrSet('k', async () => 2)
    expect(await host.drain()).toBe(0)
    expect(cache.peek('k')).toBe(2)
  })

  it('goes on when the caller that met the stale value gives up: others profit from it', async () => {
    const { cache, facts } = await staleCache({ staleWhileRevalidateMs: 500 })
    const caller = new AbortController()
    const waitUntil = vi.fn<(promise: Promise<unknown>) => void>()
    let land: (value: number) => void = () => undefined
    const load = (): Promise<number> => new Promise((resolve) => (land = resolve))
    expect(await cache.getOrSet('k', load, { signal: caller.signal, waitUntil })).toBe(1)
    caller.abort(new Error('gone'))
    const settled = vi.fn()
    const kept = waitUntil.mock.calls[0]?.[0].then(settled)
    await Promise.resolve()
    expect(settled).not.toHaveBeenCalled()
    land(2)
    await kept
    expect(cache.peek('k')).toBe(2)
    expect(facts).toEqual([])
  })

  it('uses the time to live of the look-up that started it', async () => {
    const { cache, clock } = await staleCache({ staleWhileRevalidateMs: 500 })
    await cache.getOrSet('k', () => 2, { ttlMs: 5 })
    await clock.tick(4)
    expect(cache.peek('k')).toBe(2)
    await clock.tick(1)
    expect(cache.peek('k')).toBeUndefined()
  })

  it('is not lost for good when its request has ended on Workers', async () => {
    vi.stubGlobal('navigator', { userAgent: 'Cloudflare-Workers' })
    const clock = manualClock()
    let alive = true
    const after: typeof clock.after = (ms, fire) => {
      const ofDeadRequest = alive
      return clock.after(ms, () => {
        if (!ofDeadRequest) fire()
      })
    }
    const host = createHost({ clock: { ...clock, after } })
    const cache = createCache<number>({ ttlMs: 1_000, staleWhileRevalidateMs: 3_600_000, host })
    cache.set('k', 1)
    await clock.tick(1_000)
    expect(await cache.getOrSet('k', hanging())).toBe(1)
    alive = false
    await clock.tick(600)
    const load = vi.fn(() => 2)
    expect(await cache.getOrSet('k', load)).toBe(1)
    await clock.tick(100)
    expect(load).toHaveBeenCalledTimes(1)
    expect(cache.peek('k')).toBe(2)
  })
})

describe('stale if error', () => {
  it('waits for the load, and serves stale when that fails, at once while the pause lasts', async () => {
    const { cache, clock } = await staleCache({ staleIfErrorMs: 60_000 })
    const load = failing()
    expect(await cache.lookup('k', load)).toMatchObject({ value: 1, status: 'stale' })
    expect(await cache.getOrSet('k', load)).toBe(1)
    expect(load).toHaveBeenCalledTimes(1)
    await clock.tick(1_000)
    expect(await cache.getOrSet('k', load)).toBe(1)
    expect(load).toHaveBeenCalledTimes(2)
    expect(cache.stats()).toMatchObject({ staleHits: 3, misses: 0, loads: 2, loadErrors: 2 })
    await clock.tick(2_000)
    expect(await cache.getOrSet('k', () => 2)).toBe(2)
  })

  it('serves all who waited for the load that failed', async () => {
    const { cache } = await staleCache({ staleIfErrorMs: 60_000 })
    const load = failing()
    expect(await Promise.all(Array.from({ length: 5 }, () => cache.getOrSet('k', load)))).toEqual(Array(5).fill(1))
    expect(load).toHaveBeenCalledTimes(1)
    expect(cache.stats()).toMatchObject({ staleHits: 5, misses: 0 })
  })

  it('holds callers up for one deadline only when the load hangs, and then not at all for a while', async () => {
    const { cache, clock } = await staleCache({ staleIfErrorMs: 60_000, loadTimeoutMs: 100 })
    const load = hanging()
    const first = cache.getOrSet('k', load)
    await clock.tick(100)
    expect(await first).toBe(1)
    expect(await cache.getOrSet('k', load)).toBe(1)
    expect(load).toHaveBeenCalledTimes(1)
  })

  it('lasts as long as it says, counted from the expiry', async () => {
    const { cache, clock } = await staleCache({ staleIfErrorMs: 500 })
    await clock.tick(499)
    expect(await cache.getOrSet('k', failing())).toBe(1)
    await clock.tick(1)
    await expect(cache.getOrSet('k', failing())).rejects.toThrow('db down')
  })

  it('is measured when the load has failed, not when it began', async () => {
    const { cache, clock } = await staleCache({ staleIfErrorMs: 500, loadTimeoutMs: 600 })
    const hung = expect(cache.getOrSet('k', hanging())).rejects.toBeInstanceOf(TimeoutError)
    await clock.tick(600)
    await hung
  })

  it('does not answer a caller that gave up', async () => {
    const { cache } = await staleCache({ staleIfErrorMs: 60_000 })
    const caller = new AbortController()
    const reason = new Error('gone')
    const left = cache.getOrSet('k', hanging(), { signal: caller.signal })
    caller.abort(reason)
    await expect(left).rejects.toBe(reason)
    expect(cache.stats()).toMatchObject({ staleHits: 0, misses: 1 })
  })

  it('has nothing to serve once the key was deleted', async () => {
    const { cache } = await staleCache({ staleIfErrorMs: 60_000 })
    let fail: (reason: Error) => void = () => undefined
    const waiting = cache.getOrSet('k', () => new Promise<number>((_resolve, reject) => (fail = reject)))
    cache.delete('k')
    fail(new Error('db down'))
    await expect(waiting).rejects.toThrow('db down')
  })

  it('never takes a count back: what only rises is a counter', async () => {
    const { cache } = await staleCache({ staleIfErrorMs: 60_000 })
    const answer = cache.getOrSet('k', failing())
    const during = cache.stats()
    await answer
    expect(cache.stats().misses).toBeGreaterThanOrEqual(during.misses)
  })
})
