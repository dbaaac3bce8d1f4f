import { describe, expect, it, vi } from 'vitest'
import type { Call } from '../core/deadline.ts'
import { TimeoutError } from '../core/errors.ts'
import type { Fact } from '../core/fact.ts'
import { createHost } from '../core/host.ts'
import { manualClock } from '../testing/clock.ts'
import { createCache } from './cache.ts'
import type { CacheOptions } from './options.ts'

function cacheOf(options: CacheOptions<number | null> = {}) {
  const clock = manualClock()
  const facts: Fact[] = []
  const host = createHost({ clock, observe: (fact) => facts.push(fact) })
  return { clock, facts, cache: createCache<number | null>({ ttlMs: 1_000, ...options, host }) }
}

function deferred<T>() {
  let resolve: (value: T) => void = () => undefined
  let reject: (reason: unknown) => void = () => undefined
  const promise = new Promise<T>((...settle) => ([resolve, reject] = settle))
  return { promise, resolve, reject }
}

/** A rejection with whatever it is given, as code that is not ours may do. */
const failWith = (reason: unknown): Promise<never> => Promise.reject(reason)

describe('getOrSet', () => {
  it('loads what is missing, once, and gives what is there without loading', async () => {
    const { cache } = cacheOf()
    const load = vi.fn(async () => 7)
    for (let n = 0; n < 3; n += 1) expect(await cache.getOrSet('k', load)).toBe(7)
    expect(load).toHaveBeenCalledTimes(1)
    expect(cache.get('k')).toBe(7)
  })

  it('takes a load that answers at once', async () => {
    const { cache } = cacheOf()
    const answer = cache.getOrSet('k', () => 7)
    expect(answer).toBeInstanceOf(Promise)
    expect(await answer).toBe(7)
  })

  it('loads anew once the value has expired', async () => {
    const { cache, clock } = cacheOf()
    await cache.getOrSet('k', () => 1)
    await clock.tick(999)
    expect(await cache.getOrSet('k', () => 2)).toBe(1)
    await clock.tick(1)
    expect(await cache.getOrSet('k', () => 2)).toBe(2)
  })

  it('loads once for a hundred callers', async () => {
    const { cache } = cacheOf()
    const work = deferred<number>()
    const load = vi.fn(() => work.promise)
    const callers = Array.from({ length: 100 }, () => cache.getOrSet('k', load))
    work.resolve(7)
    expect(await Promise.all(callers)).toEqual(Array(100).fill(7))
    expect(load).toHaveBeenCalledTimes(1)
    expect(cache.stats()).toMatchObject({ loads: 1, misses: 100, hits: 0 })
  })

  it.each(['lru', 'sieve'] as const)('has room for more loads than entries: none is evicted (%s)', async (eviction) => {
    const { cache } = cacheOf({ maxEntries: 5, eviction })
    const work = deferred<void>()
    const load = (n: number) => async (): Promise<number> => {
      await work.promise
      return n
    }
    const callers = Array.from({ length: 20 }, (_, n) => cache.getOrSet(`k${n}`, load(n)))
    work.resolve()
    expect(await Promise.all(callers)).toEqual(Array.from({ length: 20 }, (_, n) => n))
    expect(cache.stats()).toMatchObject({ size: 5, loads: 20, evictions: 15 })
  })
})

describe('a load that fails', () => {
  it.each([[0], [1_000]])('fails five callers with one call (staleIfErrorMs %i)', async (staleIfErrorMs) => {
    const { cache } = cacheOf({ staleIfErrorMs })
    const error = new Error('db down')
    const load = vi.fn(() => Promise.reject(error))
    const callers = await Promise.allSettled(Array.from({ length: 5 }, () => cache.getOrSet('k', load)))
    expect(callers).toEqual(Array(5).fill({ status: 'rejected', reason: error }))
    expect(load).toHaveBeenCalledTimes(1)
    expect(cache.stats()).toMatchObject({ loads: 1, loadErrors: 1, misses: 5 })
  })

  it('is not cached, and not held off: the next caller loads anew', async () => {
    const { cache } = cacheOf({ staleIfErrorMs: 1_000 })
    await expect(cache.getOrSet('k', () => Promise.reject(new Error('db down')))).rejects.toThrow('db down')
    expect(cache.stats().size).toBe(0)
    expect(await cache.getOrSet('k', () => 7)).toBe(7)
  })

  it('may fail with anything', async () => {
    const { cache } = cacheOf()
    const reasons = [new Error('failed'), 'text', undefined, null, 0]
    for (const thrown of reasons) {
      const failed = cache.getOrSet('k', () => failWith(thrown))
      await expect(failed.catch((error: unknown) => ({ error }))).resolves.toEqual({ error: thrown })
    }
    expect(cache.stats().loadErrors).toBe(5)
  })

  it('is what a time to live that throws amounts to', async () => {
    const error = new Error('no expiry in it')
    const ttlMs = (): number => {
      throw error
    }
    const { cache } = cacheOf({ ttlMs })
    await expect(cache.getOrSet('k', () => 1)).rejects.toBe(error)
    expect(() => cache.set('k', 1)).toThrow(error)
    expect(cache.stats()).toMatchObject({ size: 0, loadErrors: 1 })
  })
})

describe('a load that hangs', () => {
  it('holds no caller longer than loadTimeoutMs, 10 s by default, and none after it', async () => {
    const { cache, clock } = cacheOf()
    let call: Call | undefined
    const hung = (given: Call): Promise<number> => {
      call = given
      return new Promise(() => undefined)
    }
    const first = cache.getOrSet('k', hung)
    await clock.tick(4_000)
    const both = Promise.allSettled([first, cache.getOrSet('k', hung)])
    await clock.tick(5_999)
    expect(call?.signal.aborted).toBe(false)
    await clock.tick(1)
    const reason = new TimeoutError('the load of cache cache', 10_000)
    expect(await both).toEqual(Array(2).fill({ status: 'rejected', reason }))
    expect(call?.signal.aborted).toBe(true)
    expect(cache.stats()).toMatchObject({ loads: 1, loadErrors: 1 })
    expect(await cache.getOrSet('k', () => 7)).toBe(7)
  })

  it('does not name the key in its error', async () => {
    const { cache, clock } = cacheOf({ name: 'profile', loadTimeoutMs: 5 })
    const hung = cache.getOrSet('phone:250788000001', () => new Promise(() => undefined))
    const refused = expect(hung).rejects.toThrow(/^the load of cache profile did not answer within 5 ms$/)
    await clock.tick(5)
    await refused
  })

  it('is not stored when it ends after all', async () => {
    const { cache, clock } = cacheOf({ loadTimeoutMs: 5 })
    const work = deferred<number>()
    const hung = expect(cache.getOrSet('k', () => work.promise)).rejects.toBeInstanceOf(TimeoutError)
    await clock.tick(5)
    await hung
    work.resolve(1)
    await clock.tick(0)
    expect(cache.has('k')).toBe(false)
    expect(cache.stats()).toMatchObject({ size: 0, loadErrors: 1 })
  })

  it('is not stored when it answers the abort with what it has so far', async () => {
    const { cache, clock } = cacheOf({ loadTimeoutMs: 5 })
    const partial = async ({ signal }: Call): Promise<number> => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      return -1
    }
    const cut = expect(cache.getOrSet('k', partial)).rejects.toBeInstanceOf(TimeoutError)
    await clock.tick(5)
    await cut
    expect(cache.has('k')).toBe(false)
  })

  it('ends at its deadline when it asks for its own key', async () => {
    const { cache, clock } = cacheOf({ loadTimeoutMs: 5 })
    const circle = cache.getOrSet('k', () => cache.getOrSet('k', () => 1))
    const refused = expect(circle).rejects.toBeInstanceOf(TimeoutError)
    await clock.tick(5)
    await refused
  })

  it('counts one error when it fails late', async () => {
    const { cache, clock } = cacheOf({ loadTimeoutMs: 5 })
    const work = deferred<number>()
    const hung = expect(cache.getOrSet('k', () => work.promise)).rejects.toBeInstanceOf(TimeoutError)
    await clock.tick(5)
    await hung
    work.reject(new Error('late'))
    await clock.tick(0)
    expect(cache.stats().loadErrors).toBe(1)
  })
})

describe('a caller that gives up', () => {
  it('is detached alone, and the load is stored', async () => {
    const { cache } = cacheOf()
    const work = deferred<number>()
    const caller = new AbortController()
    const load = vi.fn(() => work.promise)
    const left = cache.getOrSet('k', load, { signal: caller.signal })
    const stays = cache.getOrSet('k', load)
    const reason = new Error('gone')
    caller.abort(reason)
    await expect(left).rejects.toBe(reason)
    work.resolve(7)
    expect(await stays).toBe(7)
    expect(cache.get('k')).toBe(7)
    expect(load).toHaveBeenCalledTimes(1)
  })

  it('gets a hit all the same, and starts no load otherwise', async () => {
    const { cache } = cacheOf()
    const load = vi.fn(() => 7)
    const signal = AbortSignal.abort(new Error('gone'))
    await expect(cache.getOrSet('k', load, { signal })).rejects.toThrow('gone')
    expect(load).not.toHaveBeenCalled()
    cache.set('k', 1)
    expect(await cache.getOrSet('k', load, { signal })).toBe(1)
  })
})

describe('a load that began before', () => {
  it.each([
    ['a set', (cache: ReturnType<typeof cacheOf>['cache']) => cache.set('k', 2), 2],
    ['a delete', (cache: ReturnType<typeof cacheOf>['cache']) => void cache.delete('k'), undefined],
    ['a clear', (cache: ReturnType<typeof cacheOf>['cache']) => cache.clear(), undefined],
  ])('%s reaches its waiters, and is not stored', async (_what, change, left) => {
    const { cache } = cacheOf()
    const work = deferred<number>()
    const waiting = cache.getOrSet('k', () => work.promise)
    change(cache)
    work.resolve(1)
    expect(await waiting).toBe(1)
    expect(cache.peek('k')).toBe(left)
  })

  it('a delete is not joined by those who come after it, whichever ends first', async () => {
    for (const order of ['old first', 'new first']) {
      const { cache } = cacheOf()
      const [before, after] = [deferred<number>(), deferred<number>()]
      const waiting = cache.getOrSet('k', () => before.promise)
      cache.delete('k')
      const anew = cache.getOrSet('k', () => after.promise)
      if (order === 'old first') before.resolve(1)
      after.resolve(2)
      expect(await anew).toBe(2)
      before.resolve(1)
      expect(await waiting).toBe(1)
      expect(cache.get('k')).toBe(2)
    }
  })
})

describe('stats', () => {
  it('tell how often look-ups were answered', async () => {
    const { cache, clock } = cacheOf({ staleWhileRevalidateMs: 1_000, name: 'profile' })
    const never = (): Promise<number> => new Promise(() => undefined)
    expect(cache.stats().hitRate).toBe(0)
    cache.get('k')
    await cache.getOrSet('k', () => 1)
    cache.get('k')
    await cache.getOrSet('k', never)
    await cache.lookup('k', never)
    await clock.tick(1_000)
    await cache.getOrSet('k', never)
    await cache.lookup('k', never)
    cache.get('k')
    expect(cache.stats()).toEqual({
      name: 'profile',
      size: 1,
      hits: 3,
      misses: 3,
      staleHits: 2,
      loads: 2,
      loadErrors: 0,
      evictions: 0,
      hitRate: 5 / 8,
    })
  })
})

describe('lookup', () => {
  it('says how it was answered', async () => {
    const { cache, clock } = cacheOf({ staleWhileRevalidateMs: 1_000, negativeTtlMs: 10 })
    const work = deferred<number>()
    const [first, second] = [cache.lookup('k', () => work.promise), cache.lookup('k', () => work.promise)]
    work.resolve(1)
    expect(await first).toEqual({ value: 1, status: 'miss', ageMs: 0 })
    expect(await second).toEqual({ value: 1, status: 'joined', ageMs: 0 })
    expect(await cache.lookup('k', () => 2)).toMatchObject({ value: 1, status: 'hit' })
    await clock.tick(1_000)
    expect(await cache.lookup('k', () => 2)).toMatchObject({ value: 1, status: 'stale' })
    await clock.tick(0)
    expect(await cache.lookup('k', () => 3)).toMatchObject({ value: 2, status: 'hit' })
    await cache.lookup('none', () => null)
    expect(await cache.lookup('none', () => null)).toMatchObject({ value: null, status: 'negative' })
  })

  it('throws what the load throws', async () => {
    const error = new Error('db down')
    await expect(cacheOf().cache.lookup('k', () => Promise.reject(error))).rejects.toBe(error)
  })
})
