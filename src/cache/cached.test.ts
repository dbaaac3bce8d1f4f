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
