import { knownOptions, wholeAtLeast, atLeast, isFunction } from '../core/check.ts'
import { createCache, type Cache } from '../cache/index.ts'
import { createDedup, type Dedup } from '../dedup/index.ts'
import { deduplicationMiddleware as room } from '../http/index.ts'
import { splitWhatsApp } from '../webhook/index.ts'
import type { MemoryCacheStats } from './memory-cache.ts'
import { forget, hostOf, part, type Ask } from './options.ts'
import { takesBoth, takesConfig, type RequestMiddleware } from './request-middleware.ts'
import { show } from './shown.ts'

/** For how long ids are remembered, how many of them, and what names a delivery. */
export interface DeduplicationConfig<Body = unknown> {
  /** In milliseconds. @defaultValue 30 000 */
  readonly windowMs?: number
  /** Above it the ids that were seen first are forgotten. @defaultValue 5000 */
  readonly maxEntries?: number
  /**
   * Names a delivery by one text; an empty one lets it pass. Only `deduplicationMiddleware` asks it.
   *
   * @param body - what the JSON says; nobody has checked that it is a `Body`
   * @defaultValue the ids of all messages and statuses of WhatsApp, not of the first one alone
   */
  readonly keyExtractor?: (request: Request, body: Body) => string
}

/** What {@link checkDuplicate} says of an id. */
export interface DeduplicationResult {
  readonly isDuplicate: boolean
  /** The id, as it was given. */
  readonly key: string
  /** Of a duplicate: when it was seen first, in epoch milliseconds. */
  readonly firstSeenAt?: number
}

interface Checked {
  readonly windowMs: number
  readonly maxEntries: number
}

function checked<Body>(config: DeduplicationConfig<Body>): Checked {
  knownOptions(config, 'windowMs', 'maxEntries', 'keyExtractor')
  const { windowMs = 30_000, maxEntries = 5_000, keyExtractor } = config
  atLeast(1, 'windowMs', windowMs)
  wholeAtLeast(1, 'maxEntries', maxEntries)
  isFunction('keyExtractor', keyExtractor, 'optional')
  return { windowMs, maxEntries }
}

/** By how much they hold, and for how long: each has a memory of its own. */
interface Memories {
  readonly seen: (maxEntries: number) => Cache<number>
  readonly dedup: (config: Checked) => Dedup
  readonly now: () => number
  stats(): MemoryCacheStats
}

function memories(option: Ask): Memories {
  const host = hostOf(option)
  const caches = new Map<number, Cache<number>>()
  const dedups = new Map<string, Dedup>()
  const stats = (): MemoryCacheStats => {
    const own = [...caches.values()].map((cache) => cache.stats())
    const rooms = [...dedups.values()].map((dedup) => dedup.stats())
    const hits = sum(own, ({ hits }) => hits) + sum(rooms, ({ duplicates }) => duplicates)
    const misses = sum(own, ({ misses }) => misses) + sum(rooms, ({ checked, duplicates }) => checked - duplicates)
    const size = sum(own, ({ size }) => size) + sum(rooms, ({ size }) => size)
    const evictions = sum(own, ({ evictions }) => evictions) + sum(rooms, ({ overflows = 0 }) => overflows)
    return { hits, misses, size, hitRate: hits + misses === 0 ? 0 : hits / (hits + misses), evictions }
  }
  show('dedup', 'easymo', () => {
    const { hits, misses, size, evictions } = stats()
    return { checked: hits + misses, duplicates: hits, size, overflows: evictions }
  })
  return {
    stats,
    now: () => host.clock.now(),
    seen: (maxEntries) => made(caches, maxEntries, () => createCache({ name: 'seen', maxEntries, host })),
    dedup: ({ windowMs, maxEntries: maxIds }) =>
      made(dedups, `${windowMs} ${maxIds}`, () =>
        createDedup({ name: 'easymo', windowMs, maxIds, onOverflow: 'forget', host }),
      ),
  }
}

/**
 * Marks an id as seen in this process, for 30 seconds. An empty id is never a duplicate.
 *
 * **The id counts as seen before its work is done**, so that a delivery whose work fails is lost when it comes again. Where
 * nothing may be lost, use {@link deduplicationMiddleware}, or the door, which count what was done.
 *
 * @throws OptionError `ERR_PERF_OPTION`
 */
export function checkDuplicate(key: string, config: DeduplicationConfig = {}): DeduplicationResult {
  const { windowMs: ttlMs, maxEntries } = checked(config)
  if (typeof key !== 'string' || key === '') return { isDuplicate: false, key: '' }
  const { seen, now } = part(memories)
  const cache = seen(maxEntries)
  const firstSeenAt = cache.get(key)
  if (firstSeenAt !== undefined) return { isDuplicate: true, key, firstSeenAt }
  cache.set(key, now(), { ttlMs })
  return { isDuplicate: false, key }
}

/** What the preset's own memory of ids has counted: `hits` are duplicates. A dedup given to `configureEasymo` counts for itself. */
export function getDeduplicationStats(): MemoryCacheStats {
  return part(memories).stats()
}

/** Forgets all ids that were seen in this process, and their counts; a store keeps what it knows. */
export function clearDeduplicationCache(): void {
  forget(memories)
}

type Runner = Pick<Dedup, 'claimAll'>
const given = (option: Ask): Runner | undefined => option('dedup')

/**
 * Lets a handler see each delivery once: `await deduplicationMiddleware(config)(request, handler)`. POST and JSON only; all
 * else passes through. A delivery that was done before is answered with 200 `{ success: true, duplicate: true, message }` and
 * `X-Duplicate: true`.
 *
 * **What failed is forgotten**: after a throw, and after an answer outside 200 to 299, the delivery is handled when it comes
 * again. While the first one is still at work, a second one is answered with 503 and `Retry-After`: it is not done yet.
 * Of several messages in one delivery each counts; one that brings new ones beside done ones is handled whole. Ids that
 * `checkDuplicate` has seen are others.
 *
 * With the dedup given to `configureEasymo`, which then says for how long, all processes know what was done. Without one it is
 * this process, for the window: a service with several isolates, or a provider that resends for days, needs one with a store.
 *
 * Nothing is verified here: use `createWebhook`, which checks signatures, where strangers can post.
 *
 * @throws OptionError `ERR_PERF_OPTION`
 */
export function deduplicationMiddleware<Body = unknown>(config: DeduplicationConfig<Body> = {}): RequestMiddleware {
  takesConfig('deduplicationMiddleware', config)
  const limits = checked(config)
  const { keyExtractor } = config
  const keys = async (body: Body, request: Request): Promise<readonly string[]> =>
    keyExtractor === undefined ? keysOf(body) : [keyExtractor(request, body)]
  // Asked at each delivery: it may be configured, or cleared, after the middleware was made.
  const runner = (): Runner => part(given) ?? part(memories).dedup(limits)
  const dedup: Runner = { claimAll: (all, work, call) => runner().claimAll(all, work, call) }
  const name = keyExtractor === undefined ? 'whatsapp' : 'own'
  const once = room<Body>({ dedup, name, keys })((request, run: Run) => run(request))
  const handle: RequestMiddleware = async (request, handler) => {
    let ran = false
    const answer = await once(request, (one) => {
      ran = true
      return handler(one)
    })
    return !ran && answer.headers.get('x-duplicate') === 'true' ? duplicate(answer.headers) : answer
  }
  return (request, handler) => {
    takesBoth('deduplicationMiddleware', request, handler)
    return handle(request, handler)
  }
}

type Run = (request: Request) => Response | Promise<Response>

const duplicate = (headers: Headers): Response =>
  new Response(JSON.stringify({ success: true, duplicate: true, message: 'Request already processed' }), { headers })

/** An update without a key would be silenced by the others: then none counts as known. */
async function keysOf(body: unknown): Promise<readonly string[]> {
  const delivery = await splitWhatsApp(body)
  return delivery === undefined || delivery.unkeyed.length > 0 ? [] : delivery.updates.map(({ key }) => key)
}

function made<Key, Value>(all: Map<Key, Value>, key: Key, make: () => Value): Value {
  const known = all.get(key)
  if (known !== undefined) return known
  const value = make()
  all.set(key, value)
  return value
}

const sum = <T>(all: readonly T[], of: (one: T) => number): number => all.reduce((total, one) => total + of(one), 0)
