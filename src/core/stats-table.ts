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

const counter = (metric: string, help: string): StatField => ({ metric, type: 'counter', help })
const gauge = (metric: string, help: string, scale = 1): StatField => ({ metric, type: 'gauge', help, scale })

const cache: StatsShape = {
  label: 'cache',
  fields: {
    size: gauge('cache_entries', 'Entries held in the process'),
    hits: counter('cache_hits_total', 'Look-ups answered by a fresh entry'),
    misses: counter('cache_misses_total', 'Look-ups that found nothing to answer with'),
    staleHits: counter('cache_stale_hits_total', 'Look-ups answered by an entry past its time'),
    loads: counter('cache_loads_total', 'Loads started'),
    loadErrors: counter('cache_load_errors_total', 'Loads that failed'),
    evictions: counter('cache_evictions_total', 'Entries dropped to make room'),
    hitRate: gauge('cache_hit_ratio', 'Share of look-ups answered by an entry, since the start'),
    storeHits: counter('cache_store_hits_total', 'Look-ups answered by the store behind'),
    storeErrors: counter('cache_store_errors_total', 'Reads that the store behind did not answer'),
    writeErrors: counter('cache_write_errors_total', 'Changes that did not reach the store behind in their time'),
  },
}

const pool: StatsShape = {
  label: 'pool',
  fields: {
    size: gauge('pool_clients', 'Clients that exist'),
    healthy: gauge('pool_healthy_clients', 'Clients that may be lent'),
    idle: gauge('pool_idle_clients', 'Clients that nobody uses'),
    borrowed: gauge('pool_borrowed_clients', 'Clients in use'),
    waiting: gauge('pool_waiting_borrowers', 'Borrowers that wait for a client'),
    totalUses: counter('pool_uses_total', 'Times a client was lent'),
    oldestClientAgeMs: gauge('pool_oldest_client_age_seconds', 'Age of the oldest client', MS_TO_SECONDS),
    leaked: gauge('pool_leaked_clients', 'Clients that were lent and not given back in time'),
  },
}

const dedup: StatsShape = {
  label: 'dedup',
  fields: {
    checked: counter('dedup_checked_total', 'Updates looked at'),
    duplicates: counter('dedup_duplicates_total', 'Updates that were done before'),
    inProgress: counter('dedup_in_progress_total', 'Updates that somebody else was working on'),
    claimed: counter('dedup_claimed_total', 'Claims won'),
    completed: counter('dedup_completed_total', 'Claims ended as done'),
    released: counter('dedup_released_total', 'Claims given back'),
    leasesLost: counter('dedup_leases_lost_total', 'Claims lost to another process while working'),
    dead: counter('dedup_dead_total', 'Updates parked for good'),
    storeErrors: counter('dedup_store_errors_total', 'Calls to the store that failed'),
    degraded: counter('dedup_degraded_total', 'Updates done without the store knowing it yet'),
    size: gauge('dedup_entries', 'Ids held in the process'),
    overflows: counter('dedup_overflows_total', 'Ids forgotten early or refused, because of maxIds'),
  },
}

const lazy: StatsShape = {
  label: 'lazy',
  each: 'handler',
  fields: {
    loaded: gauge('lazy_handler_loaded', 'Whether the handler is loaded'),
    loadTimeMs: gauge('lazy_handler_load_seconds', 'How long its load took', MS_TO_SECONDS),
    loads: counter('lazy_handler_loads_total', 'Loads started'),
    errors: counter('lazy_handler_load_errors_total', 'Loads that failed'),
  },
}

const warmup: StatsShape = {
  label: 'warmup',
  each: 'task',
  fields: {
    status: { ...gauge('warmup_task_done', 'Whether the task has succeeded'), word: 'ok' },
    durationMs: gauge('warmup_task_duration_seconds', 'How long the task took', MS_TO_SECONDS),
  },
}

/** One table from the fields of every room's `stats()` to metrics. Metric names are stable, like error codes. */
export const statsTable: {
  readonly [kind in 'cache' | 'pool' | 'dedup' | 'lazy' | 'warmup']: StatsShape
} = { cache, pool, dedup, lazy, warmup }
