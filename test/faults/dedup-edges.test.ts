import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DedupStore } from '../../src/core/dedup-store.ts'
import { createDedup, type Dedup } from '../../src/dedup/index.ts'
import { pgDedupStore } from '../../src/pg/index.ts'
import { redisDedupStore } from '../../src/redis/index.ts'
import { startPostgres, startRedis, type PrivateServer } from '../servers/index.ts'
import { dedupMigration, FORGET_CLAIMS } from '../support/dedup-schema.ts'
import { resent } from '../support/dedup-service.ts'
import { gate } from '../support/dedup-probe.ts'
import { redisClient } from '../support/redis-clients.ts'
import { tcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'

const LEASE_MS = 600
const unreachable = (): never => {
  throw new Error('it ran')
}

/** A server of one's own, behind a network that can be made bad. */
interface Place {
  readonly server: PrivateServer
  readonly proxy: TcpProxy
  /** By way of the network. */
  readonly store: DedupStore
  /** Loses all claims, at once. */
  forget(): Promise<unknown>
  /** How many keys there are. */
  size(): Promise<number>
  close(): Promise<unknown>
}

async function redisPlace(): Promise<Place> {
  const server = await startRedis({ private: true })
  const proxy = await tcpProxy(server.port)
  const [near, far] = [
    await redisClient('ioredis', server.url),
    await redisClient('ioredis', `redis://127.0.0.1:${proxy.port}`),
  ]
  return {
    server,
    proxy,
    store: redisDedupStore(far.client),
    forget: () => near.send('FLUSHALL'),
    size: async () => Number(await near.send('DBSIZE')),
    async close() {
      near.close()
      far.close()
      await Promise.resolve()
    },
  }
}

async function postgresPlace(): Promise<Place> {
  const server = await startPostgres({ private: true })
  const proxy = await tcpProxy(server.port)
  const url = new URL(server.url)
  url.port = String(proxy.port)
  const [near, far] = [new pg.Pool({ connectionString: server.url }), new pg.Pool({ connectionString: url.href })]
  for (const pool of [near, far]) pool.on('error', () => undefined)
  await near.query(await dedupMigration())
  return {
    server,
    proxy,
    store: pgDedupStore(far),
    forget: () => near.query(FORGET_CLAIMS),
    size: async () => Number((await near.query<{ n: string }>('select count(*) n from easymo_dedup')).rows[0]?.n),
    close: () => Promise.all([near.end(), far.end()]),
  }
}

describe.each([
  ['Redis', redisPlace],
  ['Postgres', postgresPlace],
])('a dedup on %s', (_, start) => {
  let place: Place
  beforeAll(async () => {
    place = await start()
  })
  afterAll(async () => {
    await place.close()
    await place.proxy.close()
    await place.server.stop()
  })

  const service = (storeTimeoutMs = 10_000): Dedup =>
    createDedup({ name: 'wa', store: place.store, leaseMs: LEASE_MS, storeTimeoutMs })

  it('runs what no handler has begun, after ten claims whose answers came late, or were lost with their connection', async () => {
    const parked: string[] = []
    const options = { park: (key: string) => void parked.push(key), maxAttempts: 3, waitMs: 0 }
    // Also those of the scripts, and of the connections.
    await service().once('warm', () => 1)
    for (let delivery = 0; delivery < 10; delivery += 1) {
      place.proxy.weather({ answersAfterMs: 500 })
      const call = service(200).once('m', unreachable, options)
      const [ended] = await Promise.allSettled([call])
      expect(ended).not.toMatchObject({ reason: new Error('it ran') })
      if (delivery % 2 === 0) place.proxy.resetAll()
      // The lease that it may have got runs out.
      await new Promise((resolve) => setTimeout(resolve, LEASE_MS + 50))
    }
    place.proxy.weather({})
    place.proxy.resetAll()
    const last = await resent(async () => {
      const answer = await service().once('m', ({ attempt }) => attempt, options)
      if (answer.status !== 'done') throw new Error(answer.status)
      return answer
    })
    expect(last).toEqual({ status: 'done', value: 1 })
    expect(parked).toEqual([])
  })

  it('keeps a run that goes on to itself, when the server forgets its claims, and writes its end', async () => {
    const { opened, open } = gate()
    const started = gate()
    const first = service()
    const call = first.once('f', async () => {
      started.open()
      await opened
    })
    await started.opened
    await place.forget()
    // The next renewal takes it again.
    await expect.poll(() => place.size(), { timeout: 15_000 }).toBe(1)
    expect(await service().once('f', unreachable, { waitMs: 0 })).toMatchObject({ status: 'in-progress' })
    open()
    expect(await call).toEqual({ status: 'done', value: undefined })
    expect(first.stats().leasesLost).toBe(0)
    expect(await service().once('f', unreachable)).toEqual({ status: 'duplicate' })
  })

  it('writes an end also where the server forgot the claim just before', async () => {
    expect(await service().once('e', () => place.forget().then(() => 1))).toEqual({ status: 'done', value: 1 })
    expect(await service().once('e', unreachable)).toEqual({ status: 'duplicate' })
  })

  it('gives a claim back that was given up, when the server answers again', async () => {
    const first = createDedup({ name: 'wa', store: place.store, storeTimeoutMs: 300 })
    await first.once('warm too', () => 1)
    await place.server.pause()
    try {
      await expect(first.once('g', unreachable)).rejects.toMatchObject({ code: 'ERR_PERF_STORE_UNAVAILABLE' })
    } finally {
      await place.server.resume()
    }
    // Its lease is of thirty seconds: nobody waits for that.
    let tries = 0
    const began = performance.now()
    const last = await resent(async () => {
      await first.once(`other ${(tries += 1)}`, () => 1)
      const answer = await service().once('g', ({ attempt }) => attempt, { waitMs: 0 })
      if (answer.status !== 'done') throw new Error(answer.status)
      return answer
    })
    expect(last).toEqual({ status: 'done', value: 1 })
    expect(performance.now() - began).toBeLessThan(25_000)
  })
})
