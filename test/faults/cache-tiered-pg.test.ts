import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { pgCacheStore } from '../../src/pg/index.ts'
import { startPostgres, type PrivateServer } from '../servers/index.ts'
import { cacheMigration } from '../support/cache-schema.ts'
import { cacheTraffic, survives, type Traffic } from '../support/cache-traffic.ts'
import { tcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'

const CACHES = 3

describe('tiered caches on a Postgres that fails, by pg.Pool,', () => {
  let server: PrivateServer
  let proxy: TcpProxy
  let pools: pg.Pool[]

  const poolOf = (port: number): pg.Pool => {
    const url = new URL(server.url)
    url.port = String(port)
    const pool = new pg.Pool({ connectionString: url.href, max: 4 })
    pool.on('error', () => undefined)
    return pool
  }
  const traffic = (): Traffic => cacheTraffic(pools.map((pool) => () => ({ store: pgCacheStore(pool) })))
  const migrate = async (): Promise<void> => {
    const pool = poolOf(server.port)
    await pool.query(`set synchronous_commit = on; ${await cacheMigration()}`)
    await pool.end()
  }

  beforeAll(async () => {
    server = await startPostgres({ private: true })
    proxy = await tcpProxy(server.port)
    await migrate()
    pools = Array.from({ length: CACHES }, () => poolOf(proxy.port))
  })
  afterAll(async () => {
    await Promise.all(pools.map((pool) => pool.end()))
    await proxy.close()
    await server.stop()
  })

  it('serves nothing that was changed before, by whatever connection', () => survives(traffic(), () => sleep(1_000)))

  it('goes on while it is frozen, and serves nothing old when it has thawed', () =>
    survives(traffic(), async () => {
      await server.pause()
      await sleep(1_500)
      await server.resume()
    }))

  it('goes on while it is killed and another one takes its place', () =>
    survives(traffic(), async () => {
      await server.kill()
      await sleep(500)
      server = await startPostgres({ private: true })
      // Before anybody finds a server without the tables, which is no outage.
      await migrate()
      proxy.to(server.port)
      await sleep(500)
    }))
})
