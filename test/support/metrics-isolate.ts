import { writeSync } from 'node:fs'
import pg from 'pg'
import type { MetricsStore } from '../../src/core/metrics-store.ts'
import { createMetrics, flush } from '../../src/metrics/index.ts'
import { pgMetricsStore } from '../../src/pg/index.ts'
import { redisMetricsStore } from '../../src/redis/index.ts'
import { redisClient, type RedisDriver } from './redis-clients.ts'

/**
 * An isolate that records in rounds, and flushes after each. It writes, past all buffers, `r` before a round is recorded
 * and `a` when its flush is known to have arrived: what it wrote is there also when it is killed.
 */
const [driver, url = '', prefix = '', name = '', rounds = '0', perRound = '0'] = process.argv.slice(2)

const store = await storeOf()
const metrics = createMetrics()
const shared = metrics.counter('shared_total', { help: 'Of all isolates' })
const own = metrics.counter('own_total', { help: 'Of one isolate', labels: ['isolate'] })
const sizes = metrics.histogram('size_bytes', {
  help: 'Sizes',
  labels: ['isolate'],
  buckets: [10, 100],
  quantiles: true,
})

for (let round = 0; round < Number(rounds); round += 1) {
  writeSync(1, 'r')
  for (let at = 0; at < Number(perRound); at += 1) {
    shared.inc()
    own.inc(name)
    sizes.observe((round * 7 + at) % 500, name)
  }
  if (await flush(metrics, store, { timeoutMs: 10_000 })) writeSync(1, 'a')
}
process.exit(0)

async function storeOf(): Promise<MetricsStore> {
  if (driver === 'pg') return pgMetricsStore(new pg.Pool({ connectionString: url, max: 1 }))
  return redisMetricsStore((await redisClient(driver as RedisDriver, url)).client, { prefix })
}
