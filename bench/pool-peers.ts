/** Four pools of a client that costs nothing, each with all that it can look at: age, idle time, uses, health, deadlines. */
import { EventEmitter } from 'node:events'
import { createPool } from '@easymo/perf/pool'
import genericPool from 'generic-pool'
import pg from 'pg'
import { Pool as TarnPool } from 'tarn'

export const MAX = 10

/** One turn of borrowing: lends a client and says how it goes back. */
export interface Borrowed {
  release(): unknown
}

export type Lend = () => Promise<Borrowed>

/** What lets the process end: some peers keep a timer for their idle clients. */
export const ends: (() => unknown)[] = []

const [ACQUIRE_MS, IDLE_MS, LIFETIME_MS] = [5_000, 300_000, 1_800_000]

/** What `pg.Pool` asks of its client: connected at once, and never broken. */
class FreeClient extends EventEmitter {
  readonly _queryable = true
  connect(connected?: () => void): Promise<void> | undefined {
    if (connected === undefined) return Promise.resolve()
    process.nextTick(connected)
    return undefined
  }
  isConnected(): boolean {
    return true
  }
  end(): Promise<void> {
    return Promise.resolve()
  }
  ref(): void {
    // Nothing keeps the process alive.
  }
  unref(): void {
    // As above.
  }
}

export function ourPool(): Lend {
  const pool = createPool({
    create: () => ({}),
    destroy: () => undefined,
    isLost: () => false,
    validate: () => true,
    reset: () => true,
    healthCheckIntervalMs: 30_000,
    maxClients: MAX,
    maxWaiting: 10_000,
    maxUses: 1e12,
    acquireTimeoutMs: ACQUIRE_MS,
    idleTimeoutMs: IDLE_MS,
    maxLifetimeMs: LIFETIME_MS,
  })
  return () => pool.acquire()
}

export function pgPool(): Lend {
  const pool = new pg.Pool({
    Client: FreeClient as unknown as new () => pg.Client,
    max: MAX,
    maxUses: 1e12,
    connectionTimeoutMillis: ACQUIRE_MS,
    idleTimeoutMillis: IDLE_MS,
    maxLifetimeSeconds: LIFETIME_MS / 1_000,
    allowExitOnIdle: true,
  })
  ends.push(() => pool.end())
  return () => pool.connect()
}

export function tarnPool(): Lend {
  const pool = new TarnPool({
    create: () => Promise.resolve({}),
    destroy: () => undefined,
    validate: () => true,
    ...{
      min: 0,
      max: MAX,
      acquireTimeoutMillis: ACQUIRE_MS,
      createTimeoutMillis: ACQUIRE_MS,
      idleTimeoutMillis: IDLE_MS,
    },
  })
  ends.push(() => pool.destroy())
  return async () => {
    const client = await pool.acquire().promise
    return { release: () => pool.release(client) }
  }
}

export function anyPool(): Lend {
  const pool = genericPool.createPool(
    { create: () => Promise.resolve({}), destroy: () => Promise.resolve(), validate: () => Promise.resolve(true) },
    { min: 0, max: MAX, fifo: false, testOnBorrow: true, acquireTimeoutMillis: ACQUIRE_MS, idleTimeoutMillis: IDLE_MS },
  )
  ends.push(() => pool.drain().then(() => pool.clear()))
  return async () => {
    const client = await pool.acquire()
    return { release: () => pool.release(client) }
  }
}
