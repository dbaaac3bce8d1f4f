import type { CacheRecord, CacheWrite, TagStamps } from '../core/cache-store.ts'
import type { Clock } from '../core/clock.ts'

interface Kept {
  readonly keptUntil: number
}

/** Without a text it is a deletion, which began when it was made. */
type Entry = Kept & { readonly beganAt: number } & (
    | { readonly text: string; readonly version: string; readonly tags: readonly string[]; readonly writtenAt: number; readonly expiresAt: number } // prettier-ignore
    | { readonly text?: undefined }
  )

/** What a store in memory holds, without a promise in sight. */
export class MemoryTier {
  readonly #clock: Clock
  readonly #entries = new Map<string, Entry>()
  readonly #stamps = new Map<string, TagStamps & Kept>()
  #last = 1
  #sweepAt = 1_000

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** How many entries, deletions and tags are held, those that are past their keeping included. */
  get size(): number {
    return this.#entries.size + this.#stamps.size
  }

  /** No two calls happen at the same time, so that of each two it is known which came first. */
  tick(): number {
    this.#last = Math.max(this.#last + 1, Math.floor(this.#clock.elapsed() * 1_000))
    return this.#last
  }

  record(key: string, now: number): CacheRecord | undefined {
    const entry = kept(this.#entries, key, now)
    if (entry?.text === undefined) return undefined
    const { text, version, tags, beganAt, writtenAt, expiresAt } = entry
    return { text, version, tags, beganAt, ageMs: (now - writtenAt) / 1_000, leftMs: (expiresAt - now) / 1_000 }
  }

  stamps(tag: string, now: number): TagStamps | undefined {
    const found = kept(this.#stamps, tag, now)
    return found === undefined ? undefined : { goneAt: found.goneAt, staleAt: found.staleAt }
  }

  keepTags(write: CacheWrite, now: number): void {
    const keptUntil = now + microseconds(write.ttlMs) + microseconds(write.staleMs)
    for (const tag of write.tags) {
      const there = kept(this.#stamps, tag, now) ?? { goneAt: (write.beganAt ?? now) - 1, staleAt: 0, keptUntil }
      this.#stamps.set(tag, { ...there, keptUntil: Math.max(there.keptUntil, keptUntil) })
    }
  }

  write({ key, ttlMs, staleMs, beganAt, ...rest }: CacheWrite, now: number): void {
    const there = kept(this.#entries, key, now)
    if (beganAt !== undefined && there !== undefined && beganAt < there.beganAt) return
    const { text, version, tags } = rest
    const expiresAt = now + microseconds(ttlMs)
    const keptUntil = expiresAt + microseconds(staleMs)
    this.#entries.set(key, {
      text,
      version,
      tags: [...tags],
      beganAt: beganAt ?? now,
      writtenAt: now,
      expiresAt,
      keptUntil,
    })
    this.#sweep(now)
  }

  delete(key: string, now: number, keepMs: number): void {
    const there = kept(this.#entries, key, now)
    const keptUntil = now + microseconds(keepMs)
    const before = there?.text === undefined ? (there?.keptUntil ?? 0) : 0
    this.#entries.set(key, { beganAt: now, keptUntil: Math.max(before, keptUntil) })
    this.#sweep(now)
  }

  stamp(tag: string, now: number, { as, keepMs }: { readonly as: 'gone' | 'stale'; readonly keepMs: number }): void {
    const there = kept(this.#stamps, tag, now) ?? { goneAt: 0, staleAt: 0, keptUntil: 0 }
    const keptUntil = Math.max(there.keptUntil, now + microseconds(keepMs))
    this.#stamps.set(tag, { ...there, [`${as}At`]: now, keptUntil })
    this.#sweep(now)
  }

  /** Looks at all of them each time their number has doubled, so that it costs each write little. */
  #sweep(now: number): void {
    if (this.size < this.#sweepAt) return
    for (const map of [this.#entries, this.#stamps])
      for (const [name, { keptUntil }] of map) if (keptUntil <= now) map.delete(name)
    this.#sweepAt = Math.max(1_000, 2 * this.size)
  }
}

function kept<T extends Kept>(map: ReadonlyMap<string, T>, name: string, now: number): T | undefined {
  const found = map.get(name)
  return found !== undefined && found.keptUntil > now ? found : undefined
}

const microseconds = (ms: number): number => Math.ceil(ms * 1_000)
