import { describe, expect, it, vi } from 'vitest'
import { cacheOf, never } from '../../test/support/cache-of.ts'
import { deferred } from '../../test/support/flying.ts'
import type { Call } from '../core/deadline.ts'
import { OptionError } from '../core/errors.ts'
import { cached, type CachedOptions } from './cached.ts'

interface User {
  readonly id: number
  readonly name: string
}

type Value = User | null
type LoadUsers = NonNullable<CachedOptions<number, Value>['loadMany']>

const user = (id: number): User => ({ id, name: `user ${id}` })

function users(
  options: { readonly loadMany?: LoadUsers; readonly load?: (id: number, call: Call) => Promise<Value> } = {},
) {
  const made = cacheOf<Value>({ negativeTtlMs: 100, staleWhileRevalidateMs: 500 })
  const load = vi.fn(options.load ?? (async (id: number): Promise<Value> => user(id)))
  const key = (id: number): string => `user:${id}`
  const tags = vi.fn((value: Value) => [`name:${value?.name}`])
  const { loadMany } = options
  const byId = cached({ cache: made.cache, key, load, tags, ...(loadMany && { loadMany }) })
  return { ...made, load, tags, byId }
}

/** Loads users, and writes down for which ids it was asked. */
function loader(give: (ids: readonly number[]) => ReturnType<LoadUsers> = (ids) => ids.map(user)) {
  const asked: number[][] = []
  const loadMany: LoadUsers = (ids) => {
    asked.push([...ids])
    return give(ids)
  }
  return { asked, loadMany }
}

describe('many, with loadMany', () => {
  it('gives the values in the order asked, by one load of the arguments whose values are missing', async () => {
    const { asked, loadMany } = loader()
    const { byId, load } = users({ loadMany })
    expect(await byId(2)).toEqual(user(2))
    expect(await byId.many([3, 2, 1, 3])).toEqual([user(3), user(2), user(1), user(3)])
    expect(asked).toEqual([[3, 1]])
    expect(load).toHaveBeenCalledTimes(1)
    expect(byId.peek(1)).toEqual(user(1))
    expect(await byId.many([])).toEqual([])
    expect(asked).toHaveLength(1)
  })

  it('takes a map by argument, and what it does not hold as not found', async () => {
    const { asked, loadMany } = loader(() => new Map([[1, user(1)]]))
    const { byId } = users({ loadMany })
    expect(await byId.many([9, 1])).toEqual([undefined, user(1)])
    expect(await byId.many([9, 1])).toEqual([undefined, user(1)])
    expect(asked).toEqual([[9, 1]])
  })

  it.each([
    ['a list', (error: Error) => [user(1), error]],
    ['a map', (error: Error) => new Map<number, Value | Error>([[1, user(1)], [2, error]])], // prettier-ignore
  ])('fails for the argument that has an Error in %s, and stores the others', async (_what, give) => {
    const error = new Error('broken row')
    const { byId } = users({ loadMany: () => give(error) })
    await expect(byId.many([1, 2])).rejects.toBe(error)
    expect([byId.peek(1), byId.peek(2)]).toEqual([user(1), undefined])
  })

  it('joins a load of one, and is joined by one', async () => {
    const [one, two] = [deferred<Value>(), deferred<Value[]>()]
    const { asked, loadMany } = loader(() => two.promise)
    const { byId, load } = users({ loadMany, load: () => one.promise })
    const single = byId(1)
    const many = byId.many([1, 2])
    const joined = byId(2)
    one.resolve(user(1))
    two.resolve([user(2)])
    expect([await single, await many, await joined]).toEqual([user(1), [user(1), user(2)], user(2)])
    expect([asked, load.mock.calls.length]).toEqual([[[2]], 1])
  })

  it('stores with the tags of each value, not asked about what was not found, and with the options of the call', async () => {
    const { loadMany } = loader((ids) => ids.map((id) => (id === 9 ? null : user(id))))
    const { byId, cache, clock, tags } = users({ loadMany })
    await byId.many([1, 9, 2], { ttlMs: 10 })
    expect(tags.mock.calls).toEqual([[user(1)], [user(2)]])
    cache.invalidateTag('name:user 1')
    expect([byId.peek(1), byId.peek(2)]).toEqual([undefined, user(2)])
    await clock.tick(10)
    expect(byId.peek(2)).toBeUndefined()
  })

  it('lets the options of the call say other tags', async () => {
    const { byId, cache, tags } = users({ loadMany: loader().loadMany })
    await byId.many([1], { tags: ['other'] })
    expect(tags).not.toHaveBeenCalled()
    cache.invalidateTag('other')
    expect(byId.peek(1)).toBeUndefined()
  })

  it('refreshes what is stale by one load in the background, kept alive by waitUntil', async () => {
    const { asked, loadMany } = loader()
    const { byId, cache, clock } = users({ loadMany })
    for (const id of [1, 2]) cache.set(`user:${id}`, { id, name: 'old' })
    await clock.tick(1_000)
    const kept: Promise<unknown>[] = []
    const waitUntil = (promise: Promise<unknown>): void => void kept.push(promise)
    expect((await byId.many([1, 2], { waitUntil })).map((value) => value?.name)).toEqual(['old', 'old'])
    await Promise.all(kept)
    expect(asked).toEqual([[1, 2]])
    expect([byId.peek(1), byId.peek(2)]).toEqual([user(1), user(2)])
  })

  it('gives the call: its signal fires at the deadline', async () => {
    let signal: AbortSignal | undefined
    const loadMany: LoadUsers = (_ids, call) => {
      signal = call.signal
      return never()
    }
    const { byId, clock } = users({ loadMany })
    const hung = expect(byId.many([1])).rejects.toMatchObject({ code: 'ERR_PERF_TIMEOUT' })
    await clock.tick(9_999)
    expect(signal?.aborted).toBe(false)
    await clock.tick(1)
    await hung
    expect(signal?.aborted).toBe(true)
  })
})

describe('many, without loadMany', () => {
  it('loads each missing one by itself, side by side, those named twice once', async () => {
    const work = deferred<undefined>()
    const load = async (id: number): Promise<Value> => {
      await work.promise
      return user(id)
    }
    const { byId, load: loading, cache } = users({ load })
    const many = byId.many([2, 1, 2])
    expect(loading).toHaveBeenCalledTimes(2)
    work.resolve(undefined)
    expect(await many).toEqual([user(2), user(1), user(2)])
    cache.invalidateTag('name:user 1')
    expect([byId.peek(1), byId.peek(2)]).toEqual([undefined, user(2)])
  })

  it('fails as soon as one of them does, the others are stored, and no rejection escapes', async () => {
    const load = async (id: number): Promise<Value> => {
      if (id > 1) throw new Error(`no user ${id}`)
      return user(id)
    }
    const { byId } = users({ load })
    await expect(byId.many([3, 1, 2])).rejects.toThrow('no user 3')
    expect(byId.peek(1)).toEqual(user(1))
    await new Promise((resolve) => setImmediate(resolve))
  })

  it('listens to a signal once, and is detached alone', async () => {
    const work = deferred<Value>()
    const { byId, load } = users({ load: () => work.promise })
    const caller = new AbortController()
    const added = vi.spyOn(caller.signal, 'addEventListener')
    const ids = Array.from({ length: 20 }, (_, id) => id)
    const left = byId.many(ids, { signal: caller.signal })
    const stays = byId(0)
    expect(added).toHaveBeenCalledTimes(1)
    caller.abort(new Error('gone'))
    await expect(left).rejects.toThrow('gone')
    work.resolve(user(0))
    expect(await stays).toEqual(user(0))
    expect(load).toHaveBeenCalledTimes(20)
  })

  it('works with a cache that has no getOrSetMany', async () => {
    const getOrSet = vi.fn(async (key: string) => key.length)
    const lengths = cached<string, number>({
      cache: { getOrSet, peek: () => 0, delete: () => 0 },
      key: String,
      load: () => 0,
    })
    expect(await lengths.many(['a', 'bb'])).toEqual([1, 2])
  })
})

describe.each([
  ['with loadMany', loader().loadMany],
  ['without loadMany', undefined],
])('an argument that cannot be named, %s', (_how, loadMany) => {
  it('rejects, before any load has begun', async () => {
    const { cache } = cacheOf<Value>()
    const load = vi.fn(() => Promise.reject(new Error('db down')))
    const key = (id: number): string => {
      if (id === 2) throw new Error('no key')
      return `user:${id}`
    }
    const byId = cached({ cache, key, load, ...(loadMany && { loadMany }) })
    await expect(byId.many([1, 2])).rejects.toThrow('no key')
    expect(load).not.toHaveBeenCalled()
    expect(cache.stats().loads).toBe(0)
  })

  it.each([undefined, 5, null])('rejects %s in place of a list', async (list) => {
    const { byId } = users(loadMany && { loadMany })
    await expect(byId.many(list as never)).rejects.toBeInstanceOf(OptionError)
  })
})
