import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type { MetricsStore } from '../../src/core/metrics-store.ts'
import { aggregate } from '../../src/metrics/index.ts'
import { pgMetricsStore } from '../../src/pg/index.ts'
import { redisMetricsStore } from '../../src/redis/index.ts'
import { ownName } from '../servers/index.ts'
import { FORGET_METRICS, metricsSchema } from '../support/metrics-schema.ts'
import { countsOf, startIsolate, type Isolate } from '../support/metrics-isolates.ts'
import type { SqlSchema } from '../support/sql-schema.ts'

const PER_ROUND = 13
const PATIENT = { timeoutMs: 10_000 }

interface Shared {
  readonly store: MetricsStore
  readonly address: readonly [driver: string, url: string, prefix: string]
}

let own: SqlSchema
let redis: Redis

beforeAll(async () => {
  own = await metricsSchema(inject('postgresUrl'))
  redis = new Redis(inject('redisUrl'))
})
afterAll(async () => {
  redis.disconnect()
  await own.end()
})

const places: Readonly<Record<string, () => Promise<Shared>>> = {
  async Redis() {
    const prefix = ownName()
    return { store: redisMetricsStore(redis, { prefix }), address: ['ioredis', inject('redisUrl'), prefix] }
  },
  async Postgres() {
    await own.admin.query(FORGET_METRICS)
    return { store: pgMetricsStore(own.admin), address: ['pg', own.url, ''] }
  },
}

/** Reads again and again, and sees to it that no counter ever goes down. */
function watch(store: MetricsStore): { stop(): Promise<number> } {
  let stopped = false
  let reads = 0
  const watching = (async () => {
    let before: Record<string, number> = {}
    while (!stopped) {
      const now = countsOf(await aggregate(store, PATIENT))
      for (const [name, count] of Object.entries(before)) expect(now[name]).toBeGreaterThanOrEqual(count)
      // All of a flush or nothing of it.
      for (const [name, count] of Object.entries(now))
        if (name.startsWith('own_total ')) expect(now[name.replace('own_total', 'size_bytes')]).toBe(count)
      before = now
      reads += 1
      await sleep(5)
    }
  })()
  return {
    async stop() {
      stopped = true
      await watching
      return reads
    },
  }
}

describe.each(Object.entries(places))('the isolates of a service, by %s,', (_, place) => {
  it('are counted exactly when four of them flush at once', async () => {
    const { store, address } = await place()
    const watcher = watch(store)
    const isolates = ['a', 'b', 'c', 'd'].map((name) => startIsolate({ store: address, name, rounds: 40, perRound: PER_ROUND })) // prettier-ignore
    const ended = await Promise.all(isolates.map((isolate) => isolate.ended()))
    expect(await watcher.stop()).toBeGreaterThan(3)
    const each = 40 * PER_ROUND
    expect(ended).toEqual(Array(4).fill({ recorded: each, acknowledged: each }))
    const parts = ['a', 'b', 'c', 'd'].flatMap((name) => [[`own_total ${name}`, each] as const, [`size_bytes ${name}`, each] as const]) // prettier-ignore
    expect(countsOf(await aggregate(store, PATIENT))).toMatchObject({ 'shared_total ': 4 * each, ...Object.fromEntries(parts) }) // prettier-ignore
  }, 180_000)

  it('take with them what they had not flushed, when they are killed, and nothing else', async () => {
    const { store, address } = await place()
    const watcher = watch(store)
    const names = Array.from({ length: 8 }, (_, at) => `killed ${at}`)
    const isolates = new Map<string, Isolate>()
    for (const some of [names.slice(0, 4), names.slice(4)])
      await Promise.all(
        some.map(async (name, at) => {
          const isolate = startIsolate({ store: address, name, rounds: 1e9, perRound: PER_ROUND })
          isolates.set(name, isolate)
          await isolate.acknowledged(3)
          // Each in another moment of its flush.
          await sleep(Math.random() * 20 + at)
          isolate.kill()
          await isolate.ended()
        }),
      )
    // What a killed process had sent is still carried out.
    await sleep(200)
    await watcher.stop()
    const counts = countsOf(await aggregate(store, PATIENT))
    for (const [name, isolate] of isolates) {
      const { recorded, acknowledged } = await isolate.ended()
      expect(acknowledged).toBeGreaterThanOrEqual(3 * PER_ROUND)
      expect(recorded - acknowledged).toBeLessThanOrEqual(PER_ROUND)
      const stored = counts[`own_total ${name}`] ?? 0
      expect(stored).toBeGreaterThanOrEqual(acknowledged)
      expect(stored).toBeLessThanOrEqual(recorded)
      expect(counts[`size_bytes ${name}`]).toBe(stored)
    }
    const together = names.reduce((sum, name) => sum + (counts[`own_total ${name}`] ?? 0), 0)
    expect(counts['shared_total ']).toBe(together)
  }, 180_000)
})
