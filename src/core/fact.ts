/** Every fact that a room can tell. Stable, like error codes. */
export type FactName =
  | 'cache.bus_failed'
  | 'cache.refresh_failed'
  | 'cache.value_refused'
  | 'dedup.complete_failed'
  | 'dedup.ends_dropped'
  | 'dedup.lease_lost'
  | 'dedup.overflow'
  | 'dedup.parked'
  | 'dedup.poison'
  | 'dedup.release_failed'
  | 'dedup.renew_failed'
  | 'host.background_failed'
  | 'http.cache_failed'
  | 'http.closed'
  | 'http.failed'
  | 'http.rejected'
  | 'lazy.load_failed'
  | 'metrics.flush_dropped'
  | 'metrics.flush_failed'
  | 'metrics.rejected'
  | 'pool.create_failed'
  | 'pool.destroy_failed'
  | 'pool.leaked'
  | 'pool.reset_failed'
  | 'pool.validate_failed'
  | 'query.retried'
  | 'store.down'
  | 'store.recovered'
  | 'store.setup'
  | 'warmup.failed'
  | 'webhook.failed'
  | 'webhook.late'
  | 'webhook.rejected'
  | 'webhook.shed'
  | 'webhook.short_retention'
  | 'webhook.unkeyed'
  | 'webhook.update_failed'

/**
 * A rare event, told to `host.observe`. Holds names, counts and durations only: never a key, a body, a secret or a
 * phone number.
 */
export interface Fact {
  readonly name: FactName
  /** The instance it happened in, as named by its `name` option. */
  readonly of?: string
  /** Why, in one word of ours. */
  readonly reason?: string
  /** The code of the error behind it, if that has one. */
  readonly code?: string
  readonly count?: number
  readonly durationMs?: number
}

/** Whether a text is one word and no telephone number, so that it may be told whoever wrote it. */
export function isTellable(text: unknown): text is string {
  return typeof text === 'string' && /^(?!.*\d{7})[\w.:-]{1,64}$/.test(text)
}

/** The stable code of an error, when it has one: safe to tell, where a message is not. */
export function codeOf(error: unknown): { readonly code?: string } {
  const code = (error as { code?: unknown } | null | undefined)?.code
  return isTellable(code) ? { code } : {}
}
