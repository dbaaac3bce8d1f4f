import pg from 'pg'
import type { DedupStore } from '../../src/core/dedup-store.ts'
import { createDedup, type Dedup, type StoreDedupOptions } from '../../src/dedup/index.ts'
import { pgDedupStore } from '../../src/pg/index.ts'
import { redisDedupStore } from '../../src/redis/index.ts'
import { dedupSchema } from './dedup-schema.ts'
import { redisClient } from './redis-clients.ts'

/** A place on a real server that several dedups share, as several processes would. */
export interface SharedPlace {
  readonly store: DedupStore
  /** What another process needs to come here, too. */
  readonly address: readonly [driver: 'ioredis' | 'pg', url: string, prefix: string]
  /** Writes, behind the back of the store, what a later version might: for the key as it is stored, with its name. */
  writeForeign(key: string): Promise<void>
  close(): Promise<void>
}

const LATER = 'a format of a later version'

/** Opens a place of one's own; keys that others use on the same server are not there. */
export const placesOf = {
  async Redis(url: string, prefix: string): Promise<SharedPlace> {
    const { client, send, close } = await redisClient('ioredis', url)
    return {
      store: redisDedupStore(client, { prefix }),
      address: ['ioredis', url, prefix],
      writeForeign: async (key) => void (await send('SET', prefix + key, LATER)),
      close: async () => close(),
    }
  },
  async Postgres(postgresUrl: string, prefix: string): Promise<SharedPlace> {
    const { url, admin, end } = await dedupSchema(postgresUrl)
    const pool = new pg.Pool({ connectionString: url, max: 8 })
    const insert = "insert into easymo_dedup values ($1, $2, 'token', null, 1, 1, false, now() + interval '1 day')"
    return {
      store: pgDedupStore(pool),
      address: ['pg', url, prefix],
      writeForeign: async (key) => void (await admin.query(insert, [key, LATER])),
      async close() {
        await pool.end()
        await end()
      },
    }
  },
}

/** A dedup as one process would have it, with a front of its own. */
export function dedupAt({ store }: SharedPlace, options: Partial<StoreDedupOptions> = {}): Dedup {
  // The tests are about who does what, not about a deadline on a machine under load.
  return createDedup({ name: 'wa', store, storeTimeoutMs: 10_000, ...options })
}
