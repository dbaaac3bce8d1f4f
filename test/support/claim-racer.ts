import pg from 'pg'
import { createDedup } from '../../src/dedup/index.ts'
import { createHost } from '../../src/core/host.ts'
import { systemClock, type Clock } from '../../src/core/clock.ts'
import type { DedupStore } from '../../src/core/dedup-store.ts'
import { pgDedupStore } from '../../src/pg/index.ts'
import { redisDedupStore } from '../../src/redis/index.ts'
import { redisClient, type RedisDriver } from './redis-clients.ts'

/** What the process that started this one sends: a key to race for. */
export interface Race {
  readonly key: string
  readonly callers: number
}

/** What it is told: how many of the callers worked, and how many were told that it was done or under way. */
export interface RaceResult {
  readonly won: number
  readonly others: number
}

const [driver, url = '', prefix = '', skewMs = '0'] = process.argv.slice(2)

const skewed: Clock = {
  now: () => systemClock.now() + Number(skewMs),
  elapsed: () => systemClock.elapsed() + Math.max(0, Number(skewMs)),
  after: systemClock.after,
  whileAlive: systemClock.whileAlive,
}
const dedup = createDedup({
  name: 'race',
  store: await storeOf(),
  host: createHost({ clock: skewed }),
  // The race is about who wins, not about a deadline on a machine under load.
  storeTimeoutMs: 10_000,
})

process.on('message', (race: Race) => void run(race))
process.on('disconnect', () => process.exit(0))
process.send?.('ready')

async function storeOf(): Promise<DedupStore> {
  if (driver === 'pg') return pgDedupStore(new pg.Pool({ connectionString: url, max: 8 }))
  return redisDedupStore((await redisClient(driver as RedisDriver, url)).client, { prefix })
}

async function run({ key, callers }: Race): Promise<void> {
  const results = await Promise.all(Array.from({ length: callers }, () => dedup.once(key, () => 1, { waitMs: 0 })))
  const won = results.filter(({ status }) => status === 'done').length
  process.send?.({ won, others: results.length - won } satisfies RaceResult)
}
