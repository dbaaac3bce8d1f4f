/** How one field of a `stats()` object is shown as a metric. */
export interface StatField {
  readonly metric: string
  readonly type: 'counter' | 'gauge'
  readonly help: string
  /** What the field is multiplied with to get the metric's base unit. @defaultValue 1 */
  readonly scale?: number
  /** The field is a word, and shown as 1 when it is this one, else as 0. */
  readonly word?: string
}

/** The fields of one kind of `stats()`. */
export interface StatsShape {
  /** The label that carries the instance's name. */
  readonly label: string
  /** The stats hold one object by name for each part of the instance; the label that carries the part's name. */
  readonly each?: string
  readonly fields: Readonly<Record<string, StatField>>
}

const MS_TO_SECONDS = 0.001

// Here and below plain data, without calls, so that bundlers leave it out where nothing is collected.
const cache: StatsShape = {
  label: 'cache',
  fields: {
    size: { type: 'gauge', metric: 'cache_entries', help: 'Entries held in the process' },
    hits: { type: 'counter', metric: 'cache_hits_total', help: 'Look-ups answered by a fresh entry' },
    misses: { type: 'counter', metric: 'cache_misses_total', help: 'Look-ups that found nothing to answer with' },
    staleHits: {
      type: 'counter',
      metric: 'cache_stale_hits_total',
      help: 'Look-ups answered by an entry past its time',
    },
    loads: { type: 'counter', metric: 'cache_loads_total', help: 'Loads started' },
    loadErrors: { type: 'counter', metric: 'cache_load_errors_total', help: 'Loads that failed' },
    evictions: { type: 'counter', metric: 'cache_evictions_total', help: 'Entries dropped to make room' },
    hitRate: {
      type: 'gauge',
      metric: 'cache_hit_ratio',
      help: 'Share of look-ups answered by an entry, since the start',
    },
    storeHits: { type: 'counter', metric: 'cache_store_hits_total', help: 'Look-ups answered by the store behind' },
    storeErrors: {
      type: 'counter',
      metric: 'cache_store_errors_total',
      help: 'Reads that the store behind did not answer',
    },
    writeErrors: {
      type: 'counter',
      metric: 'cache_write_errors_total',
      help: 'Changes that did not reach the store behind in their time',
    },
  },
}

const pool: StatsShape = {
  label: 'pool',
  fields: {
    size: { type: 'gauge', metric: 'pool_clients', help: 'Clients that exist' },
    healthy: { type: 'gauge', metric: 'pool_healthy_clients', help: 'Clients that may be lent' },
    idle: { type: 'gauge', metric: 'pool_idle_clients', help: 'Clients that nobody uses' },
    borrowed: { type: 'gauge', metric: 'pool_borrowed_clients', help: 'Clients in use' },
    waiting: { type: 'gauge', metric: 'pool_waiting_borrowers', help: 'Borrowers that wait for a client' },
    totalUses: { type: 'counter', metric: 'pool_uses_total', help: 'Times a client was lent' },
    oldestClientAgeMs: {
      type: 'gauge',
      metric: 'pool_oldest_client_age_seconds',
      help: 'Age of the oldest client',
      scale: MS_TO_SECONDS,
    },
    leaked: { type: 'gauge', metric: 'pool_leaked_clients', help: 'Clients that were lent and not given back in time' },
  },
}

const dedup: StatsShape = {
  label: 'dedup',
  fields: {
    checked: { type: 'counter', metric: 'dedup_checked_total', help: 'Updates looked at' },
    duplicates: { type: 'counter', metric: 'dedup_duplicates_total', help: 'Updates that were done before' },
    inProgress: {
      type: 'counter',
      metric: 'dedup_in_progress_total',
      help: 'Updates that somebody else was working on',
    },
    claimed: { type: 'counter', metric: 'dedup_claimed_total', help: 'Claims won' },
    completed: { type: 'counter', metric: 'dedup_completed_total', help: 'Claims ended as done' },
    released: { type: 'counter', metric: 'dedup_released_total', help: 'Claims given back' },
    leasesLost: {
      type: 'counter',
      metric: 'dedup_leases_lost_total',
      help: 'Claims lost to another process while working',
    },
    dead: { type: 'counter', metric: 'dedup_dead_total', help: 'Updates parked for good' },
    storeErrors: { type: 'counter', metric: 'dedup_store_errors_total', help: 'Calls to the store that failed' },
    degraded: {
      type: 'counter',
      metric: 'dedup_degraded_total',
      help: 'Updates done without the store knowing it yet',
    },
    timeouts: { type: 'counter', metric: 'dedup_timeouts_total', help: 'Runs given up after handleTimeoutMs' },
    zombies: { type: 'gauge', metric: 'dedup_zombies', help: 'Runs that were given up and still go on' },
    endsDropped: {
      type: 'counter',
      metric: 'dedup_ends_dropped_total',
      help: 'Ends forgotten before the store could be told of them',
    },
    size: { type: 'gauge', metric: 'dedup_entries', help: 'Ids held in the process' },
    overflows: {
      type: 'counter',
      metric: 'dedup_overflows_total',
      help: 'Ids forgotten early or refused, because of maxIds',
    },
  },
}

const webhook: StatsShape = {
  label: 'webhook',
  fields: {
    deliveries: { type: 'counter', metric: 'webhook_deliveries_total', help: 'Deliveries let in' },
    updates: { type: 'counter', metric: 'webhook_updates_total', help: 'Updates found in deliveries' },
    unkeyed: { type: 'counter', metric: 'webhook_unkeyed_total', help: 'Changes that no key could be made for' },
    failed: { type: 'counter', metric: 'webhook_failed_total', help: 'Updates whose handler failed' },
    rejected: { type: 'counter', metric: 'webhook_rejected_total', help: 'Requests turned away' },
    shed: { type: 'counter', metric: 'webhook_shed_total', help: 'Deliveries shed because too much was in flight' },
    late: { type: 'counter', metric: 'webhook_late_total', help: 'Deliveries answered before their work was over' },
  },
}

const lazy: StatsShape = {
  label: 'lazy',
  each: 'handler',
  fields: {
    loaded: { type: 'gauge', metric: 'lazy_handler_loaded', help: 'Whether the handler is loaded' },
    loadTimeMs: {
      type: 'gauge',
      metric: 'lazy_handler_load_seconds',
      help: 'How long its load took',
      scale: MS_TO_SECONDS,
    },
    loads: { type: 'counter', metric: 'lazy_handler_loads_total', help: 'Loads started' },
    errors: { type: 'counter', metric: 'lazy_handler_load_errors_total', help: 'Loads that failed' },
  },
}

const warmup: StatsShape = {
  label: 'warmup',
  each: 'task',
  fields: {
    status: { type: 'gauge', metric: 'warmup_task_done', help: 'Whether the task has succeeded', word: 'ok' },
    durationMs: {
      type: 'gauge',
      metric: 'warmup_task_duration_seconds',
      help: 'How long the task took',
      scale: MS_TO_SECONDS,
    },
  },
}

/** One table from the fields of every room's `stats()` to metrics. Metric names are stable, like error codes. */
export const statsTable: {
  readonly [kind in 'cache' | 'pool' | 'dedup' | 'webhook' | 'lazy' | 'warmup']: StatsShape
} = { cache, pool, dedup, webhook, lazy, warmup }
