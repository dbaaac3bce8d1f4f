import { takesOptions } from '../core/handler.ts'
import { createCache, type Cache } from '../cache/index.ts'
import { createDedup, type Dedup, type DedupStats } from '../dedup/index.ts'
import { deduplicationMiddleware as room, type DeduplicationMiddleware, type DeduplicationOptions } from '../http/index.ts' // prettier-ignore
import { splitWhatsApp } from '../webhook/index.ts'
import { forget, hostOf, part, type Ask } from './options.ts'
import { show } from './shown.ts'

/** What {@link checkDuplicate} says of an id. */
export interface DuplicateCheck {
  readonly isDuplicate: boolean
  /** The id, as it was given. */
  readonly key: string
  /** Of a duplicate: when it was seen first, in epoch milliseconds; left out when that is no longer known. */
  readonly firstSeenAt?: number
}

/** At most for so long is an id remembered: for one window at least, and for two at most. */
const WINDOW_MS = 30_000

interface Seen {
  readonly dedup: Dedup
  /** Only told, never decided by: who is a duplicate is the dedup's to say. */
  readonly firstSeen: Cache<number>
  readonly now: () => number
}

function seen(option: Ask): Seen {
  const host = hostOf(option)
  const dedup = createDedup({ name: 'easymo', windowMs: WINDOW_MS, host })
  show('dedup', 'easymo', () => dedup.stats())
  const firstSeen = createCache<number>({ name: 'first-seen', maxEntries: 10_000, ttlMs: 2 * WINDOW_MS, host })
  return { dedup, firstSeen, now: () => host.clock.now() }
}

/**
 * Marks an id as seen in this process, for half a minute to one. An empty id is never a duplicate. For work that must not be
 * lost, use {@link deduplicationMiddleware}, or a dedup with a store: here an id counts as seen before its work is done.
 */
export function checkDuplicate(id: string): DuplicateCheck {
  const key = typeof id === 'string' ? id : ''
  if (key === '') return { isDuplicate: false, key }
  const { dedup, firstSeen, now } = part(seen)
  if (dedup.mark(key)) {
    firstSeen.set(key, now())
    return { isDuplicate: false, key }
  }
  const firstSeenAt = firstSeen.get(key)
  return { isDuplicate: true, key, ...(firstSeenAt === undefined ? {} : { firstSeenAt }) }
}

/** What the preset's own memory of ids has counted; a dedup given to `configureEasymo` counts for itself. */
export function getDeduplicationStats(): DedupStats {
  return part(seen).dedup.stats()
}

/** Forgets all ids that were seen in this process, and their counts; a store keeps what it knows. */
export function clearDeduplicationCache(): void {
  forget(seen)
}

type Runner = Pick<Dedup, 'claimAll'>
const runner = (option: Ask): Runner =>
  option('dedup') ?? { claimAll: (...args) => part(seen).dedup.claimAll(...args) }

/**
 * Lets a handler see each delivery once: `deduplicationMiddleware()(handler)`. As the one of `@easymo/perf/http`, with the
 * keys of WhatsApp's updates and the dedup given to `configureEasymo`. Without one, what is done is known in this process
 * only, for half a minute: a service with several isolates, or a provider that resends for days, needs one with a store.
 *
 * Nothing is verified here: use `createWebhook`, which checks signatures, where strangers can post.
 *
 * @throws OptionError `ERR_PERF_OPTION`
 */
export function deduplicationMiddleware<Body = unknown>(
  options: Partial<DeduplicationOptions<Body>> = {},
): DeduplicationMiddleware {
  takesOptions('deduplicationMiddleware', options)
  // Asked at each delivery: it may be configured, or cleared, after the handler was wrapped.
  const dedup: Runner = { claimAll: (keys, work, call) => part(runner).claimAll(keys, work, call) }
  return room<Body>({ dedup, name: 'whatsapp', keys: keysOf, ...options })
}

/** An update without a key would be silenced by the others': then none counts as known. */
async function keysOf(body: unknown): Promise<readonly string[]> {
  const delivery = await splitWhatsApp(body)
  return delivery === undefined || delivery.unkeyed.length > 0 ? [] : delivery.updates.map(({ key }) => key)
}
