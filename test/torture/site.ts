import { rmSync } from 'node:fs'
import pg from 'pg'
import { ownFolder } from '../servers/launch.ts'
import { durablePostgres } from '../servers/postgres.ts'
import { launchRedis } from '../servers/redis.ts'
import type { PrivateServer } from '../servers/server.ts'
import { migration } from '../support/sql-schema.ts'
import { tcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'
import type { StoreKind } from './stores.ts'

/** A server whose data survives its crash, and a network before it. */
export interface Site {
  /** The address by way of the network; it stays the same. */
  readonly url: string
  readonly network: TcpProxy
  freeze(): Promise<void>
  thaw(): Promise<void>
  /** Crashes the server, and starts it again with the data that it had confirmed. */
  restart(): Promise<void>
  close(): Promise<void>
}

export async function openSite(kind: StoreKind): Promise<Site> {
  const { start, remove } = await durable(kind)
  let server = await start()
  if (kind === 'postgres') await prepare(server.url)
  const network = await tcpProxy(server.port)
  const url = new URL(server.url)
  url.port = String(network.port)
  return {
    url: url.href,
    network,
    freeze: () => server.pause(),
    thaw: () => server.resume(),
    async restart() {
      await server.kill()
      server = await start()
      network.to(server.port)
    },
    async close() {
      await network.close()
      await server.stop()
      remove()
    },
  }
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

async function prepare(connectionString: string): Promise<void> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  await client.query(await migration('0003_dedup')).finally(() => client.end())
}
