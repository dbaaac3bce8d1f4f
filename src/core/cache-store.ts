import type { StoreCallOptions } from './deadline.ts'

/** One entry as a store keeps it. */
export interface CacheRecord {
  /** What the codec made of the value. */
  readonly text: string
  /** The version of the codec and the value's shape; an entry of another version is a miss. */
  readonly version: string
  readonly tags: readonly string[]
  /** When the load of the value began, in whole microseconds of the store's clock. */
  readonly beganAt: number
  /** Since it was written, in milliseconds. */
  readonly ageMs: number
  /** Until it expires, in milliseconds: `Infinity` for never, 0 or less when it has expired and is kept for stale windows. */
  readonly leftMs: number
}

/** One entry to be written. The times are relative, so that only the store's clock matters. */
export interface CacheWrite {
  readonly key: string
  readonly text: string
  readonly version: string
  readonly tags: readonly string[]
  /** When the load of the value began, as `readMany` said; without it the entry begins at the moment of the write. */
  readonly beganAt?: number | undefined
  /** Until it expires, in milliseconds; `Infinity` for never. */
  readonly ttlMs: number
  /** How long after its expiry it is still kept, in milliseconds. */
  readonly staleMs: number
}

/** The times of a tag's last invalidations, in whole microseconds of the store's clock; 0 for never. */
export interface TagStamps {
  /** Entries whose load began then or before are gone. */
  readonly goneAt: number
  /** Entries whose load began then or before have expired at that time. */
  readonly staleAt: number
}

/** What one round trip found. */
export interface CacheRead {
  /** The store's clock, in whole microseconds. */
  readonly now: number
  /** In the order of the keys; undefined for what is missing, deleted, past its keeping, or in a format of another version. */
  readonly records: readonly (CacheRecord | undefined)[]
  /** In the order of the tags; undefined for a tag that has no stamps. */
  readonly stamps: readonly (TagStamps | undefined)[]
}

/** How long it is remembered that an entry was dropped. */
export interface DeleteManyOptions extends StoreCallOptions {
  /** In milliseconds; `Infinity` for ever. No load that takes longer than that may be kept. */
  readonly keepMs: number
}

/** Which stamp is set, and for how long it is kept at least. */
export interface StampTagsOptions extends StoreCallOptions {
  readonly as: 'gone' | 'stale'
  /** In milliseconds; `Infinity` for ever. */
  readonly keepMs: number
}

/**
 * The tier behind a cache. All times are the store's own, so that processes whose clocks differ agree. Keys and tags
 * come without repetition, as well-formed text without NUL, a few hundred of bytes long.
 *
 * Every method throws `StoreUnavailable` when the store cannot be reached and `StoreSetupError` when it is not set up;
 * none sets a deadline. Each hears by `onGiveUp`, in its last argument, that nobody waits any more: it then frees what the
 * call holds, so that a server that has gone silent leaves no connection that waits for it.
 */
export interface CacheStore {
  /** Finds entries and the stamps of tags in one round trip; either list may be empty. */
  readMany(keys: readonly string[], tags: readonly string[], options?: StoreCallOptions): Promise<CacheRead>
  /**
   * Writes entries, and stamps for those of their tags that have none: `goneAt` one microsecond before the entry began,
   * kept at least as long as the entry. Stamps that are there are only kept longer, never changed.
   *
   * An entry whose load began before what is there under its key (a younger entry, or a deletion) is not written.
   */
  writeMany(writes: readonly CacheWrite[], options?: StoreCallOptions): Promise<void>
  /** Drops entries, and for `keepMs` remembers when, so that a load that began before cannot bring them back. */
  deleteMany(keys: readonly string[], options: DeleteManyOptions): Promise<void>
  /** Sets one stamp of each tag to now, keeping its other one; kept for `keepMs` at least. */
  stampTags(tags: readonly string[], options: StampTagsOptions): Promise<void>
}

/** Tells other processes what changed. What is lost on the way costs freshness, never correctness of the store. */
export interface CacheBus {
  /** Tells everybody who listens. Rejects when that was not possible. */
  publish(message: string): Promise<void>
  /**
   * Hears every message, one's own included.
   *
   * @param heard - gets each message
   * @param gap - is called when messages may have been missed: after each reconnect
   * @returns what ends the subscription
   */
  subscribe(heard: (message: string) => void, gap: () => void): Promise<() => Promise<void>>
}
