import { rmSync } from 'node:fs'
import { Redis } from 'ioredis'
import pg from 'pg'
import { ownFolder } from '../servers/launch.ts'
import { durablePostgres } from '../servers/postgres.ts'
import { launchRedis } from '../servers/redis.ts'
import type { PrivateServer } from '../servers/server.ts'
import { migration } from '../support/sql-schema.ts'
import { tcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'
import type { StoreKind } from './stores.ts'

/** A way to the server, whose address stays the same. */
export interface Line extends TcpProxy {
  readonly url: string
}

/** A server whose data survives its crash, and the lines to it. */
export interface Site {
  /** One for each worker. */
  readonly lines: readonly Line[]
  freeze(): Promise<void>
  thaw(): Promise<void>
  /** Crashes the server, and starts it again with the data that it had confirmed. */
  restart(): Promise<void>
  /** Makes the server forget all it knows, or only what has not ended, as a fail-over may. */
  forget(what: Forgotten): Promise<void>
  close(): Promise<void>
}

export type Forgotten = 'all' | 'unended'

export async function openSite(kind: StoreKind, workers: number): Promise<Site> {
  const { start, remove } = await durable(kind)
  let server = await start()
  if (kind === 'postgres') await query(server.url, await migration('0003_dedup'))
  const lines = await Promise.all(Array.from({ length: workers }, () => openLine(server)))
  return {
    lines,
    freeze: () => server.pause(),
    thaw: () => server.resume(),
    async restart() {
      await server.kill()
      server = await start()
      for (const line of lines) line.to(server.port)
    },
    forget: (what) => FORGETTING[kind](server.url, what),
    async close() {
      await Promise.all(lines.map((line) => line.close()))
      await server.stop()
      remove()
    },
  }
}

async function openLine({ url: direct, port }: PrivateServer): Promise<Line> {
  const line = await tcpProxy(port)
  const url = new URL(direct)
  url.port = String(line.port)
  return { ...line, url: url.href }
}

/** What has not ended is leased, or was given back. */
const FORGET_UNENDED = `
for _, key in ipairs(redis.call('KEYS', 'easymo:dedup:*')) do
  if string.match(redis.call('GET', key) or '', '^2 [LF] ') then redis.call('DEL', key) end
end`

const FORGETTING: Readonly<Record<StoreKind, (url: string, what: Forgotten) => Promise<void>>> = {
  async redis(url, what) {
    const client = new Redis(url)
    await (what === 'all' ? client.flushall() : client.eval(FORGET_UNENDED, 0)).finally(() => client.disconnect())
  },
  async postgres(url, what) {
    const where = what === 'all' ? '' : `where state in ('leased', 'failed')`
    // Locked first: it would meet the rows in another order than those who change many of them.
    await query(url, `begin; lock table easymo_dedup; delete from easymo_dedup ${where}; commit`)
  },
}

async function query(connectionString: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  await client.query(sql).finally(() => client.end())
}

interface Durable {
  start(): Promise<PrivateServer>
  remove(): void
}

async function durable(kind: StoreKind): Promise<Durable> {
  if (kind === 'postgres') return durablePostgres()
  const data = ownFolder('redis-data')
  // On disk before it is answered: what a crash makes Redis forget is done twice.
  const settings = ['--dir', data, '--appendonly', 'yes', '--appendfsync', 'always']
  return { start: () => launchRedis(() => settings), remove: () => rmSync(data, { recursive: true, force: true }) }
}
