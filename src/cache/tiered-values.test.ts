import { describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { tiers } from '../../test/support/tiers.ts'
import type { Codec } from './index.ts'

describe('the values of a tiered cache', () => {
  it.each([[undefined], [null], [0], [''], [false], ['漢\ud800\0'], [{ a: [1, null] }]])(
    'go through the store as they are: %j',
    async (value) => {
      const all = tiers({ isNegative: () => false })
      await all.process().set('k', value)
      const load = vi.fn(() => 'loaded')
      expect(await all.process().lookup('k', load)).toMatchObject({ value, status: 'store' })
      expect(load).not.toHaveBeenCalled()
    },
  )

  it.each([null, undefined])(
    'that mean not found are remembered in the store for their own time: %s',
    async (value) => {
      const all = tiers({ negativeTtlMs: 1_000 })
      await all.process().getOrSet('k', () => value)
      await all.host.drain()
      const other = all.process()
      const load = vi.fn(() => value)
      expect(await other.getOrSet('k', load)).toBe(value)
      expect(await other.lookup('k', load)).toMatchObject({ status: 'negative' })
      expect(await other.has('k')).toBe(false)
      expect(load).not.toHaveBeenCalled()
      await all.clock.tick(1_001)
      await other.getOrSet('k', load)
      expect(load).toHaveBeenCalledTimes(1)
    },
  )

  it('that mean not found replace what the store had, when they are not to be remembered', async () => {
    const all = tiers()
    await all.process().set('k', 1, { ttlMs: 1_000 })
    await all.clock.tick(1_001)
    await all.process().getOrSet('k', () => null)
    await all.host.drain()
    expect(await all.shared.readMany(['profile:k'], [])).toMatchObject({ records: [undefined] })
  })

  it('are not kept here for longer than in the store', async () => {
    const all = tiers()
    await all.process().set('k', 1, { ttlMs: 1_000 })
    await all.clock.tick(900)
    const other = all.process()
    const { status, ageMs } = await other.lookup('k', () => 2)
    expect([status, Math.round(ageMs)]).toEqual(['store', 900])
    await all.clock.tick(99)
    expect(other.peek('k')).toBe(1)
    // The store counts its calls in microseconds.
    await all.clock.tick(2)
    expect(other.peek('k')).toBeUndefined()
  })

  it('are not kept for longer because the store answered late', async () => {
    const all = tiers()
    await all.process().set('k', 1, { ttlMs: 1_000 })
    await all.clock.tick(800)
    const { store } = all.moody
    const late = { ...store, readMany: async (...asked: Parameters<typeof store.readMany>) => {
      const read = await store.readMany(...asked)
      await new Promise<void>((resolve) => void all.clock.after(150, resolve))
      return read
    } } // prettier-ignore
    const other = all.process({ store: late })
    const got = other.get('k')
    await all.clock.tick(150)
    expect(await got).toBe(1)
    await all.clock.tick(49)
    expect(other.peek('k')).toBe(1)
    await all.clock.tick(2)
    expect(other.peek('k')).toBeUndefined()
  })

  it('expire in both tiers at the same time, jitter included', async () => {
    const all = tiers({ ttlMs: 10_000, ttlJitter: 0.5 })
    const cache = all.process()
    await cache.set('k', 1)
    const { records } = await all.shared.readMany(['profile:k'], [])
    await all.clock.tick((records[0]?.leftMs ?? 0) - 2)
    expect(cache.peek('k')).toBe(1)
    await all.clock.tick(4)
    expect(cache.peek('k')).toBeUndefined()
    expect(await cache.get('k')).toBeUndefined()
  })

  it('are served stale out of the store, while one load replaces them', async () => {
    const all = tiers({ ttlMs: 1_000, staleWhileRevalidateMs: 1_000 })
    await all.process().set('k', 1)
    await all.clock.tick(1_500)
    const other = all.process()
    const load = vi.fn(() => 2)
    const looked = await Promise.all([1, 2, 3].map(() => other.lookup('k', load)))
    expect(looked.map(({ value, status }) => `${String(value)} ${status}`)).toEqual(['1 stale', '1 stale', '1 stale'])
    await all.host.drain()
    expect(load).toHaveBeenCalledTimes(1)
    expect(await all.process().get('k')).toBe(2)
  })

  it('are replaced by one load of many when many of them are stale in the store', async () => {
    const all = tiers({ ttlMs: 1_000, staleWhileRevalidateMs: 1_000 })
    const keys = Array.from({ length: 100 }, (_, at) => `k${at}`)
    for (const key of keys) await all.process().set(key, 1)
    await all.clock.tick(1_500)
    const other = all.process()
    const loadMany = vi.fn((asked: readonly string[]) => asked.map(() => 2))
    expect(new Set(await other.getOrSetMany(keys, loadMany))).toEqual(new Set([1]))
    await all.host.drain()
    expect(loadMany.mock.calls.map(([asked]) => asked.length)).toEqual([100])
    expect(new Set(keys.map((key) => other.peek(key)))).toEqual(new Set([2]))
  })

  it('are served stale out of the store when the load fails', async () => {
    const all = tiers({ ttlMs: 1_000, staleIfErrorMs: 1_000 })
    await all.process().set('k', 1)
    await all.clock.tick(1_500)
    const other = all.process()
    const failing = () => Promise.reject(new Error('db down'))
    expect(await other.lookup('k', failing)).toMatchObject({ value: 1, status: 'stale' })
    await all.clock.tick(501)
    await expect(other.lookup('k', failing)).rejects.toThrow('db down')
  })

  it('of another version are a miss, and are replaced', async () => {
    const all = tiers()
    await all.process().set('k', 1)
    const next = all.process({ version: '2' })
    expect(await next.get('k')).toBeUndefined()
    await next.getOrSet('k', () => 2)
    await all.host.drain()
    expect(await all.process({ version: '2' }).get('k')).toBe(2)
    expect(await all.process().get('k')).toBeUndefined()
  })

  it.each([
    ['at once', z.object({ age: z.coerce.number() })],
    ['in time', z.object({ age: z.coerce.number().refine(async () => Promise.resolve(true)) })],
  ])('are what the schema made of them, and a miss when it refuses them, %s', async (_, schema) => {
    const all = tiers()
    const first = all.process()
    await first.set('good', { age: '7' })
    await first.set('bad', { age: 'old' })
    const cache = all.process({ schema })
    expect(await cache.get('good')).toEqual({ age: 7 })
    expect(await cache.getOrSet('bad', () => ({ age: 8 }))).toEqual({ age: 8 })
    expect(all.facts.filter(({ name, reason }) => name === 'cache.value_refused' && reason === 'schema').length).toBe(1)
  })

  it('are a miss when the schema throws', async () => {
    const all = tiers()
    await all.process().set('k', 1)
    const validate = () => Promise.reject(new Error('no'))
    expect(await all.process({ schema: { '~standard': { version: 1, validate } } }).get('k')).toBeUndefined()
  })

  it('that the codec cannot make text of stay here, and nothing older stays in the store', async () => {
    const all = tiers()
    const cache = all.process()
    await cache.set('k', 1)
    const ring: { self?: unknown } = {}
    ring.self = ring
    for (const value of [1n, ring, () => 1, Symbol('s')]) {
      await cache.set('k', 1)
      await cache.set('k', value)
      expect(cache.peek('k')).toBe(value)
      expect(await all.process().get('k')).toBeUndefined()
    }
  })

  it.each([[undefined], [5], [new Uint8Array([1, 2])]])(
    'that the codec makes something else of than text stay here: %o',
    async (encoded) => {
      const wrong = { encode: () => encoded as unknown as string, decode: (text: string): unknown => JSON.parse(text) }
      const all = tiers()
      await all.process().set('k', 'old')
      const cache = all.process({ codec: wrong })
      await cache.set('k', 'new')
      expect(await cache.get('k')).toBe('new')
      expect(await all.process().get('k')).toBeUndefined()
      expect(all.facts).toContainEqual({ name: 'cache.value_refused', of: 'profile', reason: 'encode' })
    },
  )

  it('that the codec cannot read are a miss', async () => {
    const all = tiers()
    await all.process().set('k', 1)
    const codec: Codec<unknown> = { encode: String, decode: () => { throw new Error('no') } } // prettier-ignore
    expect(await all.process({ codec }).getOrSet('k', () => 2)).toBe(2)
    expect(all.told('cache.value_refused')).toBe(1)
  })

  it('go through a codec of the user', async () => {
    const all = tiers({ codec: { encode: (value) => String((value as Date).getTime()), decode: (text) => new Date(Number(text)) } }) // prettier-ignore
    await all.process().set('k', new Date(5))
    expect(await all.process().get('k')).toEqual(new Date(5))
  })
})
