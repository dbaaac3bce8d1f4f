/**
 * A process that handles one delivery in one group, and stops itself, as SIGSTOP does, in the middle of an update; when it
 * goes on, it says how all of them ended.
 */
import pg from 'pg'
import { createDedup } from '../../src/dedup/index.ts'
import { pgDedupStore } from '../../src/pg/index.ts'
import { redisDedupStore } from '../../src/redis/index.ts'
import { redisClient } from './redis-clients.ts'
import type { SharedPlace } from './shared-place.ts'

export interface StoppedDelivery {
  readonly address: SharedPlace['address']
  readonly ids: readonly string[]
  /** It stops while it handles this one. */
  readonly stopsIn: string
  readonly leaseMs: number
}

export type Said =
  | { readonly what: 'stops' }
  | { readonly what: 'ended'; readonly effects: readonly string[]; readonly statuses: readonly string[] }

const given = JSON.parse(process.argv[2] ?? '') as StoppedDelivery
const [driver, url, prefix] = given.address
const store =
  driver === 'pg'
    ? pgDedupStore(new pg.Pool({ connectionString: url }))
    : redisDedupStore((await redisClient(driver, url)).client, { prefix })
const dedup = createDedup({ name: 'wa', store, leaseMs: given.leaseMs, storeTimeoutMs: 10_000 })
const effects: string[] = []

const say = (said: Said): Promise<void> => new Promise((resolve) => process.send?.(said, () => resolve()))

const results = await dedup.each(given.ids, {
  key: (id) => id,
  groupBy: () => 'one',
  waitMs: 0,
  async handle(id) {
    effects.push(id)
    if (id !== given.stopsIn) return
    await say({ what: 'stops' })
    process.kill(process.pid, 'SIGSTOP')
  },
})
await say({ what: 'ended', effects, statuses: results.map(({ status }) => status) })
process.exit(0)
