import { Cluster } from 'ioredis'
import { createCluster } from 'redis'
import type { RedisClient } from '../../src/redis/index.ts'
import type { RedisCluster } from '../servers/index.ts'
import type { RedisDriver } from './redis-clients.ts'

export interface RedisClusterClient {
  readonly client: RedisClient
  close(): void
}

/** A connected client of a cluster, as the users of the driver would make it. */
export async function redisClusterClient(
  driver: RedisDriver,
  { nodes }: RedisCluster,
  options: { readonly keyPrefix?: string } = {},
): Promise<RedisClusterClient> {
  if (driver === 'ioredis') {
    const client = new Cluster(
      nodes.map(({ port }) => ({ host: '127.0.0.1', port })),
      { lazyConnect: true, ...options },
    )
    client.on('error', () => undefined)
    await client.connect()
    return { client, close: () => client.disconnect() }
  }
  const client = createCluster({ rootNodes: nodes.map(({ url }) => ({ url })), ...options })
  client.on('error', () => undefined)
  await client.connect()
  return { client, close: () => client.destroy() }
}
