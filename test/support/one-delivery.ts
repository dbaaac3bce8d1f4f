/** A process that handles one delivery, says how its updates ended, and is gone; or is killed in the middle of it. */
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { createDedup } from '../../src/dedup/index.ts'
import { pgDedupStore } from '../../src/pg/index.ts'
import { redisDedupStore } from '../../src/redis/index.ts'
import { historian } from '../torture/history.ts'
import { redisClient } from './redis-clients.ts'
import type { SharedPlace } from './shared-place.ts'

export interface OneDelivery {
  readonly address: SharedPlace['address']
  /** Where the process writes down which effects it had. */
  readonly folder: string
  readonly ids: readonly string[]
  /** Its handler throws, every time. */
  readonly failing?: readonly string[]
  readonly maxAttempts?: number
  readonly takesMs?: number
  readonly leaseMs?: number
  /** Ends itself by SIGKILL after so many effects. */
  readonly killedAfter?: number
}

/** What it says: the status of each update, and which ones it parked, at which attempt. */
export interface OneAnswer {
  readonly statuses: readonly string[]
  readonly parked: readonly (readonly [id: string, attempt: number])[]
}

const given = JSON.parse(process.argv[2] ?? '') as OneDelivery
const [driver, url, prefix] = given.address
const store =
  driver === 'pg'
    ? pgDedupStore(new pg.Pool({ connectionString: url }))
    : redisDedupStore((await redisClient(driver, url)).client, { prefix })
const { leaseMs = 30_000, takesMs = 0, maxAttempts = 10, failing = [], killedAfter = Infinity } = given
const dedup = createDedup({ name: 'wa', store, leaseMs, storeTimeoutMs: 10_000 })
const tell = historian(given.folder)
const parked: [string, number][] = []
let effects = 0

const results = await dedup.each(given.ids, {
  key: (id) => id,
  waitMs: 0,
  maxAttempts,
  async handle(id, { token }) {
    await sleep(takesMs)
    if (failing.includes(id)) throw new Error('poison')
    tell({ what: 'effect', id, token })
    if ((effects += 1) === killedAfter) process.kill(process.pid, 'SIGKILL')
  },
  park: (id, _, { attempt }) => void parked.push([id, attempt]),
})
const answer: OneAnswer = { statuses: results.map(({ status }) => status), parked }
process.send?.(answer, () => process.exit(0))
