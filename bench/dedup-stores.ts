/** Many claims at once against one by one, on real servers over loopback, where a round trip costs the least. */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { DedupStore } from '@easymo/perf/dedup'
import { pgDedupStore } from '@easymo/perf/pg'
import { redisDedupStore } from '@easymo/perf/redis'
import { Redis } from 'ioredis'
import pg from 'pg'
import { startPostgres, startRedis } from '../test/servers/index.ts'
import { freshIds } from './dedup-ids.ts'
import { compare, judge, type Candidate, type Comparison } from './harness.ts'

const LEASE_MS = 30_000
const ONE_BY_ONE = 100

type Ids = readonly string[]

async function won(store: DedupStore, ids: Ids): Promise<number> {
  const met = await store.claimMany(
    ids.map((key) => ({ key, token: 'token' })),
    { leaseMs: LEASE_MS },
  )
  return met.filter(({ status }) => status === 'won').length
}

function candidates(store: DedupStore, atOnce: number): Candidate<Ids>[] {
  return [
    {
      name: `claimMany of ${atOnce}`,
      ops: atOnce,
      prepare: () => freshIds(atOnce),
      async run(ids) {
        if ((await won(store, ids)) !== atOnce) throw new Error('not every claim was won')
      },
    },
    {
      name: 'one by one',
      ops: ONE_BY_ONE,
      prepare: () => freshIds(ONE_BY_ONE),
      async run(ids) {
        for (const id of ids) if ((await won(store, [id])) !== 1) throw new Error('a claim was not won')
      },
    },
  ]
}

async function compared(on: string, store: DedupStore, of: { atOnce: number; atMost: number }): Promise<Comparison> {
  const { atOnce, atMost } = of
  const target = { of: `claimMany of ${atOnce}`, against: 'one by one', atMost }
  return compare(`claims in ${on}`, candidates(store, atOnce), [target])
}

/** How often the client sends something after an answer has come: what is sent before that travels together. */
async function tripsOf({ stream }: Redis, work: () => Promise<unknown>): Promise<number> {
  let trips = 0
  let answered = true
  const onAnswer = (): void => void (answered = true)
  stream.on('data', onAnswer)
  const write = stream.write.bind(stream) as (...args: unknown[]) => boolean
  stream.write = (...args: unknown[]) => {
    if (answered) trips += 1
    answered = false
    return write(...args)
  }
  await work()
  Reflect.deleteProperty(stream, 'write')
  stream.off('data', onAnswer)
  return trips
}

async function inRedis(): Promise<Comparison[]> {
  const server = await startRedis({ private: true })
  const client = new Redis(server.url)
  try {
    const store = redisDedupStore(client)
    const comparison = await compared('Redis', store, { atOnce: 1_000, atMost: 1 / 5 })
    const value = await tripsOf(client, () => won(store, freshIds(1_000)))
    return [comparison, judge('the same', [{ of: 'claimMany of 1000', value, unit: 'round trips', atMost: 1 }])]
  } finally {
    client.disconnect()
    await server.stop()
  }
}

/** Counts what is asked on the pool's connections. */
function countingPool(url: string): { readonly pool: pg.Pool; readonly statements: () => number } {
  let statements = 0
  const pool = new pg.Pool({ connectionString: url })
  pool.on('connect', (client) => {
    const query = client.query.bind(client) as (...args: unknown[]) => never
    client.query = (...args: unknown[]) => {
      statements += 1
      return query(...args)
    }
  })
  return { pool, statements: () => statements }
}

async function migrate(pool: pg.Pool): Promise<void> {
  const home = dirname(createRequire(import.meta.url).resolve('@easymo/perf/package.json'))
  await pool.query(await readFile(join(home, 'migrations/0003_dedup.sql'), 'utf8'))
}

/** With `fsync=off`: a server that waits for its disk makes one by one slower still. */
async function inPostgres(): Promise<Comparison[]> {
  const server = await startPostgres({ private: true })
  const pool = new pg.Pool({ connectionString: server.url })
  const counted = countingPool(server.url)
  try {
    await migrate(pool)
    const comparison = await compared('Postgres', pgDedupStore(pool), { atOnce: 100, atMost: 1 / 6 })
    await won(pgDedupStore(counted.pool), freshIds(100))
    const value = counted.statements()
    return [comparison, judge('the same', [{ of: 'claimMany of 100', value, unit: 'statements', atMost: 1 }])]
  } finally {
    await Promise.all([pool.end(), counted.pool.end()])
    await server.stop()
  }
}

export const stores = async (): Promise<Comparison[]> => [...(await inRedis()), ...(await inPostgres())]
