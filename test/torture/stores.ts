import { Redis } from 'ioredis'
import pg from 'pg'
import type { DedupStore } from '../../src/core/dedup-store.ts'
import { pgDedupStore } from '../../src/pg/index.ts'
import { redisDedupStore } from '../../src/redis/index.ts'

/** The stores that can be tortured. */
export type StoreKind = 'redis' | 'postgres'
export const storeKinds: readonly StoreKind[] = ['redis', 'postgres']

const RECONNECT_MS = 20

/** Opens a store as its users would. What it is connected by ends with the process. */
export async function openStore(kind: StoreKind, url: string): Promise<DedupStore> {
  if (kind === 'redis') {
    const client = new Redis(url, { lazyConnect: true, retryStrategy: () => RECONNECT_MS })
    client.on('error', () => undefined)
    await client.connect().catch(() => undefined)
    return redisDedupStore(client)
  }
  const pool = new pg.Pool({ connectionString: url, max: 4, connectionTimeoutMillis: 2_000 })
  pool.on('error', () => undefined)
  return pgDedupStore(pool)
}
