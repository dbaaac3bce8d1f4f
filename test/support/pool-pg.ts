import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import type { Call } from '../../src/core/deadline.ts'
import type { Fact } from '../../src/core/fact.ts'
import { createHost } from '../../src/core/host.ts'
import { pgClients } from '../../src/pg/index.ts'
import { createPool, type Pool, type PoolOptions } from '../../src/pool/index.ts'
import type { ManualClock } from '../../src/testing/index.ts'

/** Where a server is at this moment: it may come back on another port. */
export interface Address {
  url: string
  /** What happens to a connection before its pool gets it; the signal tells that the pool does not want it any more. */
  readonly underway?: (signal: AbortSignal) => Promise<void>
}

export interface PgPoolMade {
  readonly pool: Pool<pg.Client>
  readonly facts: Fact[]
  /** Connections that were opened and that have not ended. */
  readonly open: () => number
}

export async function connected(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url })
  // From the first moment: a server that dies during the handshake must end the attempt alone.
  client.on('error', () => undefined)
  await client.connect()
  return client
}

/** A pool of real connections that counts them; by a manual clock its deadlines pass when a test says so. */
export function pgPoolOf(
  address: Address,
  options: Partial<PoolOptions<pg.Client>> = {},
  clock?: ManualClock,
): PgPoolMade {
  const facts: Fact[] = []
  let open = 0
  const connect = async ({ signal }: Call): Promise<pg.Client> => {
    const client = await connected(address.url)
    open += 1
    client.once('end', () => (open -= 1))
    try {
      await address.underway?.(signal)
    } catch (error) {
      await client.end()
      throw error
    }
    return client
  }
  const host = createHost({ ...(clock && { clock }), observe: (fact) => facts.push(fact) })
  const pool = createPool({ ...pgClients({ connect }), maxClients: 3, host, ...options })
  return { pool, facts, open: () => open }
}

export const one = (pool: Pool<pg.Client>): Promise<number> =>
  pool.use(async (client) => (await client.query<{ n: number }>('select 1 as n')).rows[0]?.n ?? 0)

/** Tries until it succeeds, as the callers of a service would; for a quarter of a minute at least. */
export async function healed<T>(work: () => Promise<T>): Promise<T> {
  const until = performance.now() + 15_000
  for (;;)
    try {
      return await work()
    } catch (error) {
      if (performance.now() > until) throw error
      await sleep(50)
    }
}

/** What reached the process itself; nothing may. */
export function uncaughtExceptions(): { readonly seen: unknown[]; stop(): void } {
  const seen: unknown[] = []
  const listen = (error: unknown): void => void seen.push(error)
  process.on('uncaughtExceptionMonitor', listen)
  process.on('unhandledRejection', listen)
  return {
    seen,
    stop() {
      process.off('uncaughtExceptionMonitor', listen)
      process.off('unhandledRejection', listen)
    },
  }
}
