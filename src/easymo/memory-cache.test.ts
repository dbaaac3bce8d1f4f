import { expect, it } from 'vitest'
import { createCache, MemoryCache } from './index.ts'

it('keeps a value until its time is over, or another one needs its place', () => {
  const cache = new MemoryCache<number>({ ttlMs: 60_000, maxSize: 2 })
  for (const [key, value] of Object.entries({ a: 1, b: 2 })) cache.set(key, value)
  expect([cache.get('a'), cache.has('b'), cache.get('c')]).toEqual([1, true, undefined])
  cache.set('c', 3)
  // The one that was not used lately.
  expect(cache.keys()).toEqual(['a', 'c'])
  expect(cache.getStats()).toEqual({ hits: 1, misses: 1, size: 2, hitRate: 0.5, evictions: 1 })
  expect([cache.delete('a'), cache.delete('a')]).toEqual([true, false])
  cache.set('d', 4, 0)
  expect(cache.has('d')).toBe(false)
  cache.clear()
  expect([cache.keys(), cache.getStats().size]).toEqual([[], 0])
})

it('asks the factory once for all who ask at the same time, and keeps no error', async () => {
  const cache = createCache<string | null>()
  let calls = 0
  const factory = async () => `value ${(calls += 1)}`
  expect(await Promise.all([cache.getOrSet('k', factory), cache.getOrSet('k', factory)])).toEqual(['value 1', 'value 1']) // prettier-ignore
  expect(await cache.getOrSet('none', () => null)).toBeNull()
  expect(await cache.getOrSet('none', () => 'late')).toBeNull()
  await expect(cache.getOrSet('e', () => { throw new Error('down') })).rejects.toThrow('down') // prettier-ignore
  expect(await cache.getOrSet('e', () => 'up')).toBe('up')
})

it('gives copies where that was asked for, of what JSON does not know, too', async () => {
  const cache = createCache<{ at: Date; list: number[] }>({ cloneValues: true })
  const own = { at: new Date(0), list: [1] }
  cache.set('k', own)
  own.list.push(2)
  cache.get('k')?.list.push(3)
  ;(await cache.getOrSet('k', () => own)).list.push(4)
  expect(cache.get('k')).toEqual({ at: new Date(0), list: [1] })
})

it('gives back the memory of what is over', async () => {
  const cache = createCache({ enableLru: false })
  cache.set('short', 1, 1)
  cache.set('long', 1)
  const until = performance.now() + 20
  while (performance.now() < until) await new Promise((done) => setTimeout(done, 1))
  expect([cache.cleanup(), cache.cleanup(), cache.keys()]).toEqual([1, 0, ['long']])
})

it.each([{ maxEntries: 5 }, { maxSize: 0 }, { ttlMs: -1 }])('refuses %j', (wrong) => {
  expect(() => new MemoryCache(wrong)).toThrow(expect.objectContaining({ code: 'ERR_PERF_OPTION' }))
})
