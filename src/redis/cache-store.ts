import type { CacheStore, CacheWrite } from '../core/cache-store.ts'
import { isText, knownOptions } from '../core/check.ts'
import { bodyOf, recordOf, stampsOf } from './cache-record.ts'
import { CLOCK, READ, REMOVE, STAMP, WRITE } from './cache-scripts.ts'
import type { RedisClient } from './drivers.ts'
import { redisPort, type RedisScript } from './port.ts'
import { inPieces } from './slots.ts'

/** Where the entries stand among the other keys of the server. */
export interface RedisCacheStoreOptions {
  /**
   * Stands before every key in Redis. In a cluster one with a hash tag, such as `{easymo}:cache:`, puts all keys on one
   * node: one command for many keys, and one round trip for a write. @defaultValue `easymo:cache:`
   */
  readonly prefix?: string
}

/** So long and longer is for ever, and stays far from the end of whole numbers. */
const CENTURY_MS = 3_155_760_000_000

/** One key to write: an entry, or a tag (whose body is empty). */
interface Item {
  readonly key: string
  readonly beganAt: number | undefined
  readonly ttlMs: number
  readonly keepMs: number
  readonly body: string
}

/**
 * Creates the tier of a cache in Redis (6.2 or later, Valkey, Upstash), for the clients of ioredis, redis and
 * `@upstash/redis`, and for the clusters of the first two.
 *
 * All times are the server's; in a cluster, those of the node that holds one certain key, so that nodes whose clocks
 * differ agree. A write, a deletion and an invalidation ask it first there: two round trips. After a failover to a node
 * whose clock is behind, loads that began before a deletion may be taken for later ones, by as much.
 *
 * Redis may evict the keys at any time: an entry or a tag that is lost is a miss. With a deletion goes the memory of it,
 * and a load that began before may write its entry. ioredis' `scaleReads` on replicas makes invalidations as late as they
 * are.
 *
 * @throws OptionError `ERR_PERF_OPTION`
 */
export function redisCacheStore(client: RedisClient, options: RedisCacheStoreOptions = {}): CacheStore {
  const { prefix = 'easymo:cache:' } = options
  knownOptions(options, 'prefix')
  isText('prefix', prefix)
  const { slotOf, mget, script } = redisPort(client)
  const entryKey = (key: string): string => `${prefix}key:${key}`
  const tagKey = (tag: string): string => `${prefix}tag:${tag}`
  const clock = `${prefix}clock`
  // Without a hash tag, two prefixes that differ in their last letter never share a slot.
  const apart = slotOf !== undefined && slotOf(`${prefix}a`) !== slotOf(`${prefix}b`)

  /** The clock of all, or '' where every script reads it by itself. */
  const timeOfAll = async (): Promise<string> => (apart ? String(await script(CLOCK, [clock], [])) : '')

  async function read(keys: readonly string[]): Promise<{ readonly now: number; readonly values: readonly unknown[] }> {
    if (mget !== undefined) {
      const values = inPieces(keys, { slotOf }, (some) => mget(some) as Promise<unknown[]>)
      const [now, found] = await Promise.all([script(CLOCK, [clock], []), values])
      return { now: Number(now), values: found }
    }
    let now = Infinity
    const values = await inPieces([...keys, clock], { slotOf }, async (some) => {
      const [time, found] = (await script(READ, some, [])) as [unknown, unknown[]]
      now = Math.min(now, Number(time))
      return found
    })
    return { now, values }
  }

  async function change(what: RedisScript, keys: readonly string[], args: readonly string[]): Promise<void> {
    if (keys.length === 0) return
    const time = await timeOfAll()
    await inPieces(keys, { slotOf }, async (some) => {
      await script(what, some, [time, ...args])
      return []
    })
  }

  return {
    async readMany(keys, tags) {
      const { now, values } = await read([...keys.map(entryKey), ...tags.map(tagKey)])
      return {
        now,
        records: keys.map((_, at) => recordOf(values[at], now)),
        stamps: tags.map((_, at) => stampsOf(values[keys.length + at])),
      }
    },
    async writeMany(writes) {
      if (writes.length === 0) return
      const time = await timeOfAll()
      // Tags first: an entry whose tag has no stamps is a miss.
      const items = [...tagItems(writes, tagKey), ...writes.map((write) => entryItem(write, entryKey))]
      const keys = items.map(({ key }) => key)
      const weigh = (at: number): number => items[at]?.body.length ?? 0
      await inPieces(keys, { slotOf, weigh }, async (some, places) => {
        await script(WRITE, some, [time, ...places.flatMap((at) => argsOf(items[at] as Item))])
        return []
      })
    },
    deleteMany: (keys, { keepMs }) => change(REMOVE, keys.map(entryKey), [whole(keepMs)]),
    stampTags: (tags, { as, keepMs }) => change(STAMP, tags.map(tagKey), [as, whole(keepMs)]),
  }
}

function entryItem(write: CacheWrite, entryKey: (key: string) => string): Item {
  const { key, beganAt, ttlMs, staleMs } = write
  return { key: entryKey(key), beganAt, ttlMs, keepMs: ttlMs + staleMs, body: bodyOf(write) }
}

/** Each tag once: from before the first of its loads, for as long as the last of its entries is kept. */
function tagItems(writes: readonly CacheWrite[], tagKey: (tag: string) => string): Item[] {
  const items = new Map<string, Item>()
  for (const { tags, beganAt = Infinity, ttlMs, staleMs } of writes)
    for (const tag of tags) {
      const before = items.get(tag)
      const began = Math.min(beganAt, before?.beganAt ?? Infinity)
      const keepMs = Math.max(ttlMs + staleMs, before?.keepMs ?? 0)
      const key = tagKey(tag)
      items.set(tag, { key, beganAt: began === Infinity ? undefined : began, ttlMs: Infinity, keepMs, body: '' })
    }
  return [...items.values()]
}

const argsOf = ({ beganAt, ttlMs, keepMs, body }: Item): string[] => [
  String(beganAt ?? ''),
  ttlMs < CENTURY_MS ? String(ttlMs) : '',
  whole(keepMs),
  body,
]

/** What Redis takes for a duration, or 0 for ever. */
const whole = (ms: number): string => (ms < CENTURY_MS ? String(Math.max(1, Math.ceil(ms))) : '0')
