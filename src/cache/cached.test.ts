import { expect, it, vi } from 'vitest'
import { manualClock } from '../testing/clock.ts'
import { createHost } from '../core/host.ts'
import { createCache } from './cache.ts'
import { cached } from './cached.ts'

interface Profile {
  readonly phone: string
  readonly version: number
}

function profiles() {
  const clock = manualClock()
  const cache = createCache<Profile>({ ttlMs: 1_000, host: createHost({ clock }) })
  let version = 0
  const load = vi.fn(async (phone: string): Promise<Profile> => ({ phone, version: (version += 1) }))
  return { clock, cache, load, byPhone: cached({ cache, key: (phone: string) => `phone:${phone}`, load }) }
}

it('reads through the cache, one load for each argument', async () => {
  const { byPhone, load, cache } = profiles()
  expect(await Promise.all(['1', '2', '1', '1'].map((phone) => byPhone(phone)))).toEqual([
    { phone: '1', version: 1 },
    { phone: '2', version: 2 },
    { phone: '1', version: 1 },
    { phone: '1', version: 1 },
  ])
  expect(load).toHaveBeenCalledTimes(2)
  expect(cache.has('phone:1')).toBe(true)
})

it('peeks without loading, and sees what is fresh only', async () => {
  const { byPhone, load, clock } = profiles()
  expect(byPhone.peek('1')).toBeUndefined()
  await byPhone('1')
  expect(byPhone.peek('1')).toEqual({ phone: '1', version: 1 })
  await clock.tick(1_000)
  expect(byPhone.peek('1')).toBeUndefined()
  expect(load).toHaveBeenCalledTimes(1)
})

it('loads anew after a delete', async () => {
  const { byPhone } = profiles()
  await byPhone('1')
  byPhone.delete('1')
  expect(await byPhone('1')).toEqual({ phone: '1', version: 2 })
})

it('gives the load its call, and the cache the options of this look-up', async () => {
  const { cache, clock } = profiles()
  const load = vi.fn(async (phone: string, { signal }: { readonly signal: AbortSignal }) => {
    expect(signal.aborted).toBe(false)
    return { phone, version: 0 }
  })
  const byPhone = cached({ cache, key: (phone: string) => phone, load })
  await byPhone('1', { ttlMs: 10 })
  await clock.tick(10)
  await byPhone('1')
  expect(load).toHaveBeenCalledTimes(2)
  const reason = new Error('gone')
  await expect(byPhone('2', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
})

it('takes whatever has the methods of a cache', async () => {
  const cache = { getOrSet: vi.fn(async () => 7), peek: () => 8, delete: vi.fn() }
  const seven = cached<string, number>({ cache, key: (name) => name, load: () => 0 })
  expect([await seven('k'), seven.peek('k')]).toEqual([7, 8])
  expect(seven.delete('k')).toBeUndefined()
  expect(cache.delete).toHaveBeenCalledWith('k')
})

it('gives the very promise that the cache gives: a hit costs no other', async () => {
  const { cache, load } = profiles()
  const given: unknown[] = []
  const getOrSet: typeof cache.getOrSet = (...args) => {
    const promise = cache.getOrSet(...args)
    given.push(promise)
    return promise
  }
  const watched = { getOrSet, peek: (key: string) => cache.peek(key), delete: (key: string) => cache.delete(key) }
  const byPhone = cached({ cache: watched, key: (phone: string) => phone, load })
  const returned = [byPhone('1'), byPhone('1', { ttlMs: 5 })]
  expect(returned[0]).toBe(given[0])
  expect(returned[1]).toBe(given[1])
  await Promise.all(returned)
  expect(byPhone('1')).toBe(given[2])
})

it('rejects, and does not throw, when an argument has no name', async () => {
  const { cache, load } = profiles()
  const unnamed = (): never => {
    throw new Error('no name')
  }
  const byPhone = cached({ cache, key: unnamed, load })
  const given = byPhone('1')
  await expect(given).rejects.toThrow('no name')
  await expect(byPhone.many(['1'])).rejects.toThrow('no name')
})

it('passes its tags and the options of the look-up, whose tags win', async () => {
  const getOrSet = vi.fn(async () => 7)
  const tags = (): string[] => ['mine']
  const cache = { getOrSet, peek: () => 8, delete: vi.fn() }
  const seven = cached<string, number>({ cache, key: (name) => name, load: () => 0, tags })
  const waitUntil = (): void => undefined
  await seven('k')
  await seven('k', { ttlMs: 5, waitUntil })
  await seven('k', { tags: ['other'] })
  const options = getOrSet.mock.calls.map((call: readonly unknown[]) => call[2])
  expect(options).toEqual([{ tags }, { ttlMs: 5, waitUntil, tags }, { tags: ['other'] }])
})

it('does not ask for the tags of what was not found', async () => {
  const cache = createCache<Profile | null>({ negativeTtlMs: 1_000 })
  const tags = vi.fn((profile: Profile | null) => [`phone:${profile?.phone}`])
  const byPhone = cached<string, Profile | null>({ cache, key: (phone) => phone, load: () => null, tags })
  expect([await byPhone('1'), await byPhone('1')]).toEqual([null, null])
  expect(tags).not.toHaveBeenCalled()
})

it('drops by the tags of its values', async () => {
  const { cache, load } = profiles()
  const byPhone = cached({ cache, key: (phone: string) => phone, load, tags: ({ phone }) => [`user:${phone}`] })
  await Promise.all([byPhone('1'), byPhone('2')])
  cache.invalidateTag('user:1')
  expect([byPhone.peek('1'), byPhone.peek('2')?.phone]).toEqual([undefined, '2'])
})

it('gives what the delete of its cache gives', async () => {
  const { byPhone } = profiles()
  expect(byPhone.delete('1')).toBe(false)
  await byPhone('1')
  expect(byPhone.delete('1')).toBe(true)
})
