import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { createTieredCache, type TieredCache, type TieredCacheOptions } from '../../src/cache/index.ts'
import { createHost, type Host } from '../../src/core/host.ts'

type Version = { readonly key: string; readonly version: number }

/** What reads and changes through several caches of one store, and a database that knows what is true. */
export interface Traffic {
  /** Goes on until it is ended; then all calls have come back. */
  start(): () => Promise<void>
  /** The longest call so far, in milliseconds. */
  readonly longestMs: number
  readonly calls: number
  readonly loads: number
  /** What calls threw. */
  readonly errors: readonly unknown[]
  /** What a cache was served although it had changed it itself before. */
  readonly outdated: readonly string[]
  /** Waits until every cache serves what is true, at most half a minute, and gives what some still serve wrongly. */
  settled(): Promise<readonly string[]>
  /** Waits until the store has all values again, at most half a minute, and gives what a process that starts then must load. */
  missing(): Promise<number>
  /** Waits for what runs in the background; gives how much of it does not end. */
  end(): Promise<number>
}

const TTL_MS = 600
/** All is as it should be again by then. */
const BACK_MS = 30_000
/** No load here hangs: this process may stand still during one, and the calls have come back in time all the same. */
const LOAD_TIMEOUT_MS = 10_000
const KEYS = Array.from({ length: 20 }, (_, at) => `k${at}`)
const tagsOf = ({ key }: Version): string[] => [`tag:${Number(key.slice(1)) % 5}`]

type Own = Pick<TieredCacheOptions<Version>, 'store' | 'bus'>

/** One cache for each connection. */
export function cacheTraffic(connections: readonly (() => Own)[], storeTimeoutMs = 500): Traffic {
  const truth = new Map(KEYS.map((key) => [key, 1]))
  const errors: unknown[] = []
  const outdated: string[] = []
  const hosts: Host[] = []
  let [calls, loads, longestMs, running] = [0, 0, 0, false]

  const cacheOf = (own: Own, deadlineMs = storeTimeoutMs): TieredCache<Version> => {
    const host = createHost()
    hosts.push(host)
    return createTieredCache<Version>({
      ...{
        name: 'traffic',
        ttlMs: TTL_MS,
        storeTimeoutMs: deadlineMs,
        tagCheckMs: 200,
        loadTimeoutMs: LOAD_TIMEOUT_MS,
        host,
        ...own,
      },
    })
  }
  const caches = connections.map((connection) => cacheOf(connection()))
  const load = async (key: string): Promise<Version> => {
    loads += 1
    const version = truth.get(key) ?? 0
    await sleep(2)
    return { key, version }
  }
  const loadMany = (keys: readonly string[]): Promise<Version[]> => Promise.all(keys.map(load))

  const timed = async (call: () => Promise<unknown>): Promise<void> => {
    const began = performance.now()
    calls += 1
    await call().catch((error: unknown) => errors.push(error))
    longestMs = Math.max(longestMs, performance.now() - began)
  }
  /** Each key is changed by one of the caches only, one change after the other, so that it is known which is the last. */
  const change = async (at: number): Promise<void> => {
    const key = KEYS[at % KEYS.length] as string
    const cache = caches[(at % KEYS.length) % caches.length] as TieredCache<Version>
    const version = (truth.get(key) ?? 0) + 1
    truth.set(key, version)
    if (at % 3 === 0) await timed(() => cache.set(key, { key, version }, { tags: tagsOf({ key, version }) }))
    else if (at % 3 === 1) await timed(() => cache.delete(key))
    else await timed(() => cache.invalidateTag(tagsOf({ key, version })[0] as string))
  }
  /** What the cache changed before the look-up began it must not be served any more, whatever happens to the store. */
  const look = (nth: number, at: number): Promise<void> => {
    const [cache, key] = [caches[nth] as TieredCache<Version>, KEYS[at % KEYS.length] as string]
    const known = new Map(KEYS.filter((_, one) => one % caches.length === nth).map((one) => [one, truth.get(one) ?? 0]))
    const options = { tags: tagsOf }
    return timed(async () => {
      const served =
        at % 10 === 0
          ? await cache.getOrSetMany(KEYS, loadMany, options)
          : [await cache.getOrSet(key, () => load(key), options)]
      for (const { key: one, version } of served)
        if (version < (known.get(one) ?? 0)) outdated.push(`${nth}: ${one} of ${version}, changed to ${known.get(one)}`)
    })
  }
  const looking = async (nth: number): Promise<void> => {
    for (let at = 0; running; at += 7) {
      await look(nth, at)
      if (at % 5 === 0) await sleep(1)
    }
  }
  const changing = async (): Promise<void> => {
    for (let at = 0; running; at += 1) {
      await change(at)
      await sleep(5)
    }
  }
  const wrongNow = async (): Promise<string[]> => {
    const served = await Promise.all(caches.map((cache) => cache.getOrSetMany(KEYS, loadMany, { tags: tagsOf })))
    const isWrong = ({ key, version }: Version): boolean => version !== truth.get(key)
    return served.flatMap((all, nth) => all.filter(isWrong).map(({ key, version }) => `${nth}: ${key} of ${version}, now ${truth.get(key)}`)) // prettier-ignore
  }

  const loadsOfNewcomer = async (): Promise<number> => {
    // Long enough for what was cached during the fault to have expired, and then all of it once more.
    await sleep(TTL_MS)
    await wrongNow()
    await Promise.all(hosts.map((host) => host.drain()))
    const before = loads
    const newcomer = cacheOf((connections[0] as () => Own)(), 5_000)
    await newcomer.getOrSetMany(KEYS, loadMany, { tags: tagsOf })
    await newcomer.close()
    return loads - before
  }

  return {
    start() {
      running = true
      const ended = Promise.all([...caches.flatMap((_, nth) => [looking(nth), looking(nth)]), changing()])
      return async () => {
        running = false
        await ended
      }
    },
    get longestMs() {
      return longestMs
    },
    get calls() {
      return calls
    },
    get loads() {
      return loads
    },
    errors,
    outdated,
    async settled() {
      const until = performance.now() + BACK_MS
      for (;;) {
        const wrong = await wrongNow()
        if (wrong.length === 0 || performance.now() > until) return wrong
        await sleep(50)
      }
    },
    async missing() {
      const until = performance.now() + BACK_MS
      for (;;) {
        const needed = await loadsOfNewcomer()
        if (needed === 0 || performance.now() > until) return needed
      }
    },
    async end() {
      await Promise.all(caches.map((cache) => cache.close()))
      const left = await Promise.all(hosts.map((host) => host.drain({ timeoutMs: 5_000 })))
      return left.reduce((sum, one) => sum + one, 0)
    },
  }
}

/** Counts what nobody caught while `work` ran. */
async function uncaught(work: () => Promise<void>): Promise<unknown[]> {
  const heard: unknown[] = []
  const note = (error: unknown): void => void heard.push(error)
  process.on('unhandledRejection', note)
  process.on('uncaughtException', note)
  try {
    await work()
    // They are told in a later turn.
    await sleep(20)
  } finally {
    process.off('unhandledRejection', note)
    process.off('uncaughtException', note)
  }
  return heard
}

/** Where a hang would be for ever. */
const BOUNDED_MS = 8_000

/** Traffic before, while and after something happens: all calls end in time, and afterwards all of it is right. */
export async function survives(traffic: Traffic, happens: () => Promise<void>): Promise<void> {
  let loads = 0
  const lost = await uncaught(async () => {
    const stop = traffic.start()
    await sleep(300)
    await happens()
    await sleep(300)
    await stop()
    loads = traffic.loads
    expect(await traffic.settled()).toEqual([])
    expect(await traffic.missing()).toBe(0)
    expect(await traffic.end()).toBe(0)
  })
  expect(lost).toEqual([])
  expect(traffic.errors).toEqual([])
  expect(traffic.outdated).toEqual([])
  expect(traffic.longestMs).toBeLessThan(BOUNDED_MS)
  expect(traffic.calls).toBeGreaterThan(100)
  // A look-up for many keys may load all of them.
  expect(loads).toBeLessThan(traffic.calls * 2)
}
